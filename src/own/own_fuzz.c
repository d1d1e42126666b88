// Any text against words, a pattern and a document: places lie inside it, in UTF-8 or not asked.
#include "own/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct own *made(void)
{
    static const char paper[] = "a long enough paper about nothing at all, which says so again and "
                                "again in other words, until there is enough of it to be kept";
    char why[OWN_WHY];
    struct own *o = own_new();
    unsigned kind = own_kind(o, S("ANY"));
    must(own_add_word(o, kind, S("abc"), why) && own_add_word(o, kind, S("abc d"), why));
    must(own_add_pattern(o, kind, S("x[0-9]+y?"), why));
    must(own_add_document(o, own_kind(o, S("PAPER")), str_c(paper), why));
    own_seal(o);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct own *o;
    struct own_place places[16];
    size_t count = 0;
    str text = str_of((const char *)data, n);
    if (!o)
        o = made();
    if (n == 0 || utf8_valid(text) != n)
        return 0;
    bool all = own_find(o, text, places, 16, &count);
    must(count <= 16 && (all || count == 16));
    for (size_t i = 0; i < count; i++)
        must(places[i].start < places[i].end && places[i].end <= n && places[i].kind < 2);
    return 0;
}
