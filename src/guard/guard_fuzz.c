// guard_fuzz.c: any bytes through the scan: findings in order, apart and inside the text; the
// vectors find what the plain loop finds, and either twin marks the same places; a text that is not
// UTF-8 is restricted. And a card behind them that is hidden in two ways out of a few, one in the
// other, as the first byte says, makes the text restricted.
#include "base/buf.h"
#include "guard/plain_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool twins_agree(str text)
{
    struct marks_state sa = {0}, sb = {0};
    if (!cpu_avx2())
        return true;
    for (size_t at = 0; at + BLOCK + BLOCK_MORE <= text.n; at += BLOCK) {
        struct marks a, b;
        uint64_t va, vb;
        veil_marks_avx2(text.p + at, 1, &va);
        veil_marks_sse2(text.p + at, 1, &vb);
        if (va != vb)
            return false;
        if (marks_read_avx2(text.p + at, 1, &sa, &a) != marks_read_sse2(text.p + at, 1, &sb, &b) ||
            memcmp(&a, &b, sizeof a) != 0 || memcmp(&sa, &sb, sizeof sa) != 0)
            return false;
    }
    return true;
}

enum { HIDDEN_MAX = 1 << 16, WAYS = 8 };

static void hide_base64(str from, struct buf *to)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < from.n; i++) {
        bits = bits << 8 | (uint8_t)from.p[i];
        for (held += 8; held >= 6; held -= 6)
            buf_putc(to, letters[bits >> (held - 6) & 63]);
    }
    if (held)
        buf_putc(to, letters[bits << (6 - held) & 63]);
    while (to->n % 4)
        buf_putc(to, '=');
}

static void hide_byte(unsigned way, uint8_t c, struct buf *to)
{
    switch (way) {
    case 1:
        buf_printf(to, "%02x", c);
        return;
    case 2:
        buf_printf(to, "%%%02X", c);
        return;
    case 3:
        buf_printf(to, "&#%u;", c);
        return;
    case 4:
        buf_printf(to, "&#x%x;", c);
        return;
    case 5:
        buf_printf(to, "\\u%04x", c);
        return;
    case 6: // a joiner behind it
        buf_putc(to, (char)c);
        buf_put(to, S("\xe2\x81\xa0"));
        return;
    default: // full-width
        buf_put(to, S("\xef"));
        buf_putc(to, (char)(0xbc + (c > 0x5f)));
        buf_putc(to, (char)(0x80 | ((c - 0x20) & 0x3f)));
    }
}

// Writes the text in one way. Blanks and what is not ASCII stay where they are but for base64 and
// hex.
static void hide(unsigned way, str from, struct buf *to)
{
    buf_clear(to);
    if (way == 0)
        hide_base64(from, to);
    for (size_t i = 0; way > 0 && i < from.n; i++)
        if (way > 1 && ((uint8_t)from.p[i] <= ' ' || (uint8_t)from.p[i] >= 0x7f))
            buf_putc(to, from.p[i]);
        else
            hide_byte(way, (uint8_t)from.p[i], to);
}

// False when a hidden card behind the text is not found.
static bool finds_hidden(struct arena *a, str text, const struct guard_policy *policy)
{
    struct screening s;
    struct buf once, twice, all;
    unsigned ways = (uint8_t)text.p[0];
    buf_init(&once, HIDDEN_MAX);
    buf_init(&twice, HIDDEN_MAX);
    buf_init(&all, text.n + HIDDEN_MAX);
    hide(ways % WAYS, S("card 4539578763621486"), &once);
    hide(ways / WAYS % WAYS, buf_str(&once), &twice);
    buf_put(&all, str_from(text, 1));
    buf_put(&all, S("\n\n"));
    buf_put(&all, buf_str(&twice));
    guard_scan_text(a, text_of(buf_str(&all)), policy, &s);
    buf_done(&once);
    buf_done(&twice);
    buf_done(&all);
    return s.label == LABEL_RESTRICTED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of((const char *)data, size);
    struct screening s, plain;
    struct guard_policy policy;
    struct arena a;
    arena_init(&a, 1 << 20);
    guard_policy_default(&policy);
    guard_scan_text(&a, text_of(text), &policy, &s);
    plain_scan_text(&a, text, &policy, &plain);
    must(plain_sound(&s, text));
    must(twins_agree(text));
    // a truncated scan stops at its block: only what it kept is compared with the plain one
    must(s.truncated == plain.truncated);
    must(s.truncated || plain_same(&s, &plain));
    must(s.label == plain.label);
    must(utf8_valid(text) == text.n || s.label == LABEL_RESTRICTED);
    must(size == 0 || finds_hidden(&a, text, &policy));
    arena_done(&a);
    return 0;
}
