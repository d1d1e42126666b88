// detectors_test.c: runs tests/detectors/<name>.md for every row of detectors.def. Fenced blocks of
// a page hold one text a line; \n and \t in it stand for themselves. In a block ```hits the places
// that the detector must find stand in [[ ]], and it must find nothing else in the line; in a block
// ```misses it must find nothing. To add a case: add a line.
#include "guard/scan.h"
#include "tests/unit.h"

enum { PAGE_BYTES_MAX = 1 << 16, PLACES_MAX = 16 };

struct line {
    char text[2048];
    size_t n, places, start[PLACES_MAX], end[PLACES_MAX];
};

// Takes the marks out and puts \n and \t in.
static bool read_line(str raw, struct line *ret_line)
{
    struct line l = {0};
    bool open = false;
    for (size_t i = 0; i < raw.n; i++) {
        str rest = str_from(raw, i);
        bool mark = str_starts(rest, S("[[")) || (open && str_starts(rest, S("]]")));
        if (mark && l.places == PLACES_MAX)
            return false;
        if (mark) {
            *(open ? &l.end[l.places] : &l.start[l.places]) = l.n;
            l.places += open;
            open = !open;
            i++;
            continue;
        }
        if (l.n == sizeof l.text)
            return false;
        bool escape = str_starts(rest, S("\\n")) || str_starts(rest, S("\\t"));
        l.text[l.n++] = (char)(escape ? (raw.p[i + 1] == 'n' ? '\n' : '\t') : raw.p[i]);
        i += escape;
    }
    *ret_line = l;
    return !open;
}

struct page {
    const char *type, *path;
    unsigned line, hits, misses;
};

static void run_line(struct page *page, str raw, bool hits)
{
    struct arena a;
    struct guard_policy policy;
    struct screening s;
    struct line l;
    size_t found = 0;
    if (!CHECK(read_line(raw, &l)) || !CHECK(hits == (l.places > 0))) {
        printf("%s:%u: not a line that can be read\n", page->path, page->line);
        return;
    }
    arena_init(&a, 1 << 20);
    guard_policy_default(&policy);
    guard_scan_text(&a, text_of(str_of(l.text, l.n)), &policy, &s);
    bool same = true;
    for (uint32_t i = 0; i < s.finding_count; i++) {
        const struct finding *f = &s.findings[i];
        if (strcmp(f->type, page->type) != 0)
            continue;
        same &= found < l.places && f->start == l.start[found] && f->end == l.end[found];
        if (!same)
            printf("%s:%u: found [%.*s]\n", page->path, page->line, (int)(f->end - f->start),
                   l.text + f->start);
        found++;
    }
    if (!CHECK(same && found == l.places))
        printf("%s:%u: %zu places found, %zu wanted\n", page->path, page->line, found, l.places);
    *(hits ? &page->hits : &page->misses) += 1;
    arena_done(&a);
}

static void run_page(const char *name, const char *type)
{
    static char bytes[PAGE_BYTES_MAX];
    char path[128];
    str rest, line, block = STR_NONE;
    snprintf(path, sizeof path, "tests/detectors/%s.md", name);
    struct page page = {.type = type, .path = path};
    FILE *f = fopen(path, "rb");
    if (!CHECK(f != NULL)) {
        printf("%s is not here: tests run from the project's root\n", path);
        return;
    }
    rest = str_of(bytes, fread(bytes, 1, sizeof bytes, f));
    fclose(f);
    CHECK(rest.n < sizeof bytes);
    while (str_next(&rest, '\n', &line)) {
        page.line++;
        if (str_starts(line, S("```"))) {
            block = str_empty(block) ? str_from(line, 3) : STR_NONE;
            continue;
        }
        if (str_empty(block) || str_empty(line))
            continue;
        CHECK(str_eq(block, S("hits")) || str_eq(block, S("misses")));
        run_line(&page, line, str_eq(block, S("hits")));
    }
    CHECK(page.hits >= 5 && page.misses >= 5);
}

TEST(every_detector_finds_and_leaves_what_its_page_says)
{
#define DETECTOR(name, type, label, sentence) run_page(#name, #type);
#include "guard/detectors.def"
#undef DETECTOR
}
