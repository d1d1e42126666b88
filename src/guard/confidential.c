// confidential.c: marks that people put on documents: strictly confidential, internal use only,
// TLP:RED. The words by themselves are no marks: somebody may only speak of them. Text without a
// mark is not found; what must not leave needs a label from outside.
#include "guard/detector.h"

// Phrases around a word that wakes; of two that begin alike the longer first.
static const struct mark {
    str phrase;
    uint8_t word; // where in the phrase the first such word begins
    bool shouted; // a mark only when it is written in capitals
} marks[] = {
    {S("strictly confidential"), 9, false},
    {S("confidential - attorneys' eyes only"), 0, false},
    {S("company confidential - do not distribute"), 8, false},
    {S("confidential and proprietary"), 0, false},
    {S("confidential & proprietary"), 0, false},
    {S("confidential: do not"), 0, false},
    {S("classification: confidential"), 16, false},
    {S("commercial in confidence"), 14, false},
    {S("commercial-in-confidence"), 14, false},
    {S("privileged & confidential"), 0, false},
    {S("privileged and confidential"), 0, false},
    {S("attorney-client privileged"), 16, false},
    {S("attorney client privileged"), 16, false},
    {S("proprietary and confidential"), 16, false},
    {S("proprietary & confidential"), 14, false},
    {S("for internal use only"), 4, false},
    {S("internal use only"), 0, false},
    {S("streng vertraulich"), 7, false},
    {S("nicht zur weitergabe"), 10, false},
    {S("estrictamente confidencial"), 14, false},
    {S("strictement confidentiel"), 12, false},
    {S("confidencial - uso interno"), 0, false},
    {S("para uso interno"), 9, false},
    {S("nur f\303\274r den internen gebrauch"), 13, false},
    {S("\303\240 usage interne"), 3, false},
    {S("internal only:"), 0, false},
    {S("internal only -"), 0, false},
    {S("do not forward"), 7, false},
    {S("do not distribute"), 7, false},
    {S("do not circulate"), 7, false},
    {S("not for distribution"), 8, false},
    {S("not for circulation"), 8, false},
    {S("for your eyes only"), 9, false},
    {S("for the eyes of"), 8, false},
    {S("under nda "), 6, false},
    {S("under nda."), 6, false},
    {S("under an nda"), 9, false},
    {S("nda - do not"), 0, false},
    {S("nda-bound"), 0, false},
    {S("nda-protected"), 0, false},
    {S("mnpi"), 0, false},
    {S("material non-public"), 9, false},
    {S("non-public information"), 0, false},
    {S("under embargo"), 6, false},
    {S("embargoed until"), 0, false},
    {S("is trade secret"), 3, false},
    {S("is a trade secret"), 5, false},
    {S("our trade secret"), 4, false},
    {S("trade secret:"), 0, false},
    {S("performance review of"), 0, false},
    {S("performance review for"), 0, false},
    {S("intend to terminate"), 10, false},
    {S("plan to terminate"), 8, false},
    {S("tlp:red"), 0, false},
    {S("tlp:amber"), 0, false},
    {S("TOP SECRET"), 0, true},
    {S("INTERNAL ONLY"), 0, true},
    {S("CONFIDENTIAL"), 0, true},
};

static bool match(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    must(l->at < t.n && l->cue == CUE_MARK);
    for (size_t i = 0; i < countof(marks); i++) {
        str phrase = marks[i].phrase;
        size_t start = l->at - marks[i].word, end = start + phrase.n;
        if (marks[i].word > l->at || end > t.n ||
            (phrase.p[marks[i].word] | 0x20) != (t.p[l->at] | 0x20) || !apart(t, start))
            continue;
        str here = str_of(t.p + start, phrase.n);
        bool same = marks[i].shouted ? str_eq(here, phrase) : str_eq_nocase(here, phrase);
        if (!same || (is_letter(phrase.p[phrase.n - 1]) && is_letter(at_byte(t, end))))
            continue;
        *ret_hit = (struct hit){start, end, marks[i].shouted ? 0.7f : 0.8f};
        return true;
    }
    return false;
}

const struct detector detector_confidential = {
    .anchors = ANCHOR_CUE, .cues = 1u << CUE_MARK, .match = match};
