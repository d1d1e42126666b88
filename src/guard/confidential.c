// confidential.c: marks that people put on documents: strictly confidential, internal use only,
// TLP:RED. The words by themselves are no marks: somebody may only speak of them. Text without a
// mark is not found; what must not leave needs a label from outside.
#include "guard/detector.h"

// Phrases around a word that wakes, in any case; of two that begin alike the longer first.
static const str phrases[] = {
    S("strictly confidential"),
    S("confidential - attorneys' eyes only"),
    S("company confidential - do not distribute"),
    S("confidential and proprietary"),
    S("confidential & proprietary"),
    S("confidential: do not"),
    S("classification: confidential"),
    S("commercial in confidence"),
    S("commercial-in-confidence"),
    S("privileged & confidential"),
    S("privileged and confidential"),
    S("attorney-client privileged"),
    S("attorney client privileged"),
    S("proprietary and confidential"),
    S("proprietary & confidential"),
    S("for internal use only"),
    S("internal use only"),
    S("streng vertraulich"),
    S("nicht zur weitergabe"),
    S("estrictamente confidencial"),
    S("strictement confidentiel"),
    S("tlp:red"),
    S("tlp:amber"),
};
// Marks only when they are written in capitals.
static const str shouted[] = {S("TOP SECRET"), S("INTERNAL ONLY"), S("CONFIDENTIAL"),
                              S("SECRET//")};

// Where the phrase stands so that it holds the byte at `at`; SIZE_MAX: nowhere.
static size_t phrase_around(str t, size_t at, str phrase, bool as_is)
{
    must(phrase.n > 0);
    for (size_t back = 0; back < phrase.n && back <= at; back++) {
        if ((phrase.p[back] | 0x20) != (t.p[at] | 0x20))
            continue;
        str here = str_first(str_from(t, at - back), phrase.n);
        bool same = as_is ? str_eq(here, phrase) : str_eq_nocase(here, phrase);
        size_t end = at - back + phrase.n;
        if (same && apart(t, at - back) &&
            !(is_letter(phrase.p[phrase.n - 1]) && is_letter(at_byte(t, end))))
            return at - back;
    }
    return SIZE_MAX;
}

static bool match(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    must(l->at < t.n && l->cue == CUE_MARK);
    l->spent += sizeof phrases / sizeof phrases[0];
    for (size_t i = 0; i < countof(phrases) + countof(shouted); i++) {
        bool as_is = i >= countof(phrases);
        str phrase = as_is ? shouted[i - countof(phrases)] : phrases[i];
        size_t start = phrase_around(t, l->at, phrase, as_is);
        if (start == SIZE_MAX)
            continue;
        *ret_hit = (struct hit){start, start + phrase.n, as_is ? 0.7f : 0.8f};
        return true;
    }
    return false;
}

const struct detector detector_confidential = {
    .anchors = ANCHOR_CUE, .cues = 1u << CUE_MARK, .match = match};
