// compare_fuzz.c: two answers cut at the first zero byte: compared, judged and written as a row,
// whatever they are. An answer equals itself; who is better does not depend on the order of calls.
#include "learn/learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct reply *a, const struct reply *b, enum learn_how how)
{
    struct buf out;
    struct learn_row row = {.call = S("01"),
                            .how = how,
                            .task = TASK_CLASSIFY,
                            .content = true,
                            .messages = text_reveal(a->text),
                            .weak_reply = a,
                            .strong_reply = b};
    buf_init(&out, 64 << 20);
    learn_put_row(&out, &row);
    must(!out.over && str_find_char(buf_str(&out), '\n') == out.n - 1);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str all = str_of((const char *)data, size), first = all, second = STR_NONE;
    size_t cut = str_find_char(all, 0);
    if (cut != SIZE_MAX) {
        first = str_first(all, cut);
        second = str_from(all, cut + 1);
    }
    struct reply a = {.text = text_of(first)}, b = {.text = text_of(second)};
    struct tool_use x = {first, text_of(second)}, y = {second, text_of(first)};
    enum learn_how how = learn_compare(&a, &b, TASK_CLASSIFY, true);
    check_row(&a, &b, how);
    how = learn_compare(&a, &a, TASK_CLASSIFY, true);
    must(how != HOW_other_json && how != HOW_other_value && how != HOW_no_answer);
    a.tools = &x;
    b.tools = &y;
    a.tool_count = b.tool_count = 1;
    check_row(&a, &b, learn_compare(&a, &b, TASK_CLASSIFY, true));
    enum learn_verdict v = learn_read_verdict(a.text);
    must(v == VERDICT_NONE || str_find(first, S("VERDICT: ")) != SIZE_MAX);
    must(learn_judged(v, v) == (v == VERDICT_NONE ? HOW_unknown : HOW_judge_tie));
    return 0;
}
