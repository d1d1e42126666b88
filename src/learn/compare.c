// compare.c: two answers compared without understanding them: as JSON, as tool calls, as a number,
// an option or a label, as text. Invariants: (1) bounded in depth and in steps, whatever stands
// there: past a bound they are not compared; (2) what only differs in wording is not called
// different.
#include "learn/learn.h"
#include <math.h>
#include <stdlib.h>
#include <yyjson.h>

enum { VALUE_BYTES = 32, DEPTH_MAX = 64, STEPS_MAX = 200 * 1000 };

// --- text ----------------------------------------------------------------------------------------

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

// Equal but for case and for how much white space stands where there is some.
static bool same_words(str a, str b)
{
    size_t i = 0, k = 0;
    a = str_trim(a);
    b = str_trim(b);
    while (i < a.n && k < b.n) {
        if (is_blank(a.p[i]) && is_blank(b.p[k])) {
            while (is_blank(a.p[i])) // trimmed: a letter follows
                i++;
            while (is_blank(b.p[k]))
                k++;
        } else if (small(a.p[i++]) != small(b.p[k++])) {
            return false;
        }
    }
    return i == a.n && k == b.n;
}

// --- a number, an option, a label ----------------------------------------------------------------

struct value {
    enum { NO_VALUE, NUMBER, OPTION, LABEL } kind;
    double number;
    str word;
};

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (small(c) >= 'a' && small(c) <= 'z') || c == '_' || c == '-' ||
           (unsigned char)c >= 0x80;
}

// Without what answers are dressed in: **bold**, "quotes", a full stop.
static str undressed(str s)
{
    static const char dress[] = "*\"'`.,;:()[] \t\r\n";
    while (s.n && strchr(dress, s.p[0]) && s.p[0])
        s = str_from(s, 1);
    while (s.n && strchr(dress, s.p[s.n - 1]) && s.p[s.n - 1])
        s = str_first(s, s.n - 1);
    return s;
}

// "1,234.50" and "-3 %"; the unit stays in word.
static bool read_number(str s, struct value *ret)
{
    char text[VALUE_BYTES + 1], *end = NULL;
    size_t n = 0, i = 0;
    for (; i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || strchr("+-.,", s.p[i])) && s.p[i]; i++)
        if (s.p[i] != ',')
            text[n++] = s.p[i];
    text[n] = 0;
    double v = strtod(text, &end);
    str unit = str_trim(str_from(s, i));
    if (n == 0 || *end || !isfinite(v) || (unit.n && !str_eq(unit, S("%"))))
        return false;
    *ret = (struct value){.kind = NUMBER, .number = v, .word = unit};
    return true;
}

static struct value value_of(str text)
{
    str s = str_trim(text);
    struct value v = {.kind = NO_VALUE};
    if (s.n == 0 || s.n > VALUE_BYTES)
        return v;
    str bare = undressed(s);
    bool sign = bare.n > 1 && (bare.p[0] == '-' || bare.p[0] == '+');
    for (size_t i = 0; i < bare.n; i++)
        if (!is_word_byte(bare.p[i]) && !strchr("+.,% ", bare.p[i]))
            return v;
    if (bare.n == 0 || read_number(bare, &v) || sign)
        return v;
    for (size_t i = 0; i < bare.n; i++)
        if (!is_word_byte(bare.p[i]))
            return v; // more than a word
    v.kind = bare.n == 1 && small(bare.p[0]) >= 'a' && small(bare.p[0]) <= 'j' ? OPTION : LABEL;
    v.word = bare;
    return v;
}

static enum learn_how compare_values(const struct value *weak, const struct value *strong,
                                     enum task task)
{
    must(weak->kind != NO_VALUE && strong->kind != NO_VALUE);
    if (weak->kind != strong->kind)
        return HOW_unknown;
    if (str_eq_nocase(weak->word, strong->word) && weak->number == strong->number)
        return HOW_same_value;
    return weak->kind != LABEL || task == TASK_CLASSIFY ? HOW_other_value : HOW_unknown;
}

// --- JSON ----------------------------------------------------------------------------------------

struct walk {
    unsigned steps;
    bool wording; // strings of several words differ, and nothing else so far
    bool beyond;  // too deep or too much
};

static bool same_string(struct walk *w, yyjson_val *a, yyjson_val *b)
{
    str x = str_of(yyjson_get_str(a), yyjson_get_len(a)),
        y = str_of(yyjson_get_str(b), yyjson_get_len(b));
    if (str_eq(x, y))
        return true;
    if (x.n <= VALUE_BYTES || y.n <= VALUE_BYTES)
        return false;
    w->wording |= !same_words(x, y);
    return true;
}

static bool same_scalar(struct walk *w, yyjson_val *a, yyjson_val *b)
{
    if (yyjson_is_num(a) && yyjson_is_num(b))
        return yyjson_get_num(a) == yyjson_get_num(b);
    if (yyjson_get_type(a) != yyjson_get_type(b))
        return false;
    if (yyjson_is_str(a))
        return same_string(w, a, b);
    return yyjson_get_subtype(a) == yyjson_get_subtype(b);
}

static bool same_value(struct walk *w, yyjson_val *a, yyjson_val *b, int depth)
{
    size_t i, n;
    yyjson_val *key, *item;
    if (++w->steps > STEPS_MAX || depth > DEPTH_MAX) {
        w->beyond = true;
        return false;
    }
    if (yyjson_is_arr(a) && yyjson_is_arr(b)) {
        yyjson_arr_iter other = yyjson_arr_iter_with(b);
        if (yyjson_arr_size(a) != yyjson_arr_size(b))
            return false;
        yyjson_arr_foreach(a, i, n, item)
        {
            if (!same_value(w, item, yyjson_arr_iter_next(&other), depth + 1))
                return false;
        }
        return true;
    }
    if (!yyjson_is_obj(a) || !yyjson_is_obj(b))
        return same_scalar(w, a, b);
    if (yyjson_obj_size(a) != yyjson_obj_size(b))
        return false;
    yyjson_obj_iter other = yyjson_obj_iter_with(b);
    yyjson_obj_foreach(a, i, n, key, item)
    {
        // quick where the order is the same; else each look costs a pass
        w->steps += (unsigned)min_size(n / 8, STEPS_MAX);
        yyjson_val *there = yyjson_obj_iter_getn(&other, yyjson_get_str(key), yyjson_get_len(key));
        if (!there || !same_value(w, item, there, depth + 1))
            return false;
    }
    return true;
}

// The JSON inside one fence that holds all of the answer, or the answer.
static str unfenced(str s)
{
    s = str_trim(s);
    if (s.n < 7 || !str_starts(s, S("```")) || !str_ends(s, S("```")))
        return s;
    size_t line = str_find_char(s, '\n');
    return line == SIZE_MAX || line > s.n - 4 ? s
                                              : str_trim(str_of(s.p + line + 1, s.n - line - 4));
}

// NULL where it is no object and no array.
static yyjson_doc *read_json(str text)
{
    str s = unfenced(text);
    if (s.n < 2 || (s.p[0] != '{' && s.p[0] != '['))
        return NULL;
    return yyjson_read(s.p, s.n, 0);
}

static enum learn_how compare_docs(yyjson_doc *weak, yyjson_doc *strong)
{
    struct walk w = {0};
    bool same = same_value(&w, yyjson_doc_get_root(weak), yyjson_doc_get_root(strong), 0);
    if (w.beyond)
        return HOW_unknown;
    if (!same)
        return HOW_other_json;
    return w.wording ? HOW_unknown : HOW_same_json;
}

// HOW_COUNT: the strong answer is no JSON.
static enum learn_how compare_json(str weak, str strong)
{
    yyjson_doc *b = read_json(strong), *a = b ? read_json(weak) : NULL;
    enum learn_how how = !b ? HOW_COUNT : !a ? HOW_other_json : compare_docs(a, b);
    yyjson_doc_free(a);
    yyjson_doc_free(b);
    return how;
}

// --- tool calls ----------------------------------------------------------------------------------

static enum learn_how compare_tools(const struct reply *weak, const struct reply *strong)
{
    bool wording = false;
    if (weak->tool_count != strong->tool_count)
        return HOW_other_tools;
    for (unsigned i = 0; i < weak->tool_count; i++) {
        str x = text_reveal(weak->tools[i].arguments), y = text_reveal(strong->tools[i].arguments);
        if (!str_eq(weak->tools[i].name, strong->tools[i].name))
            return HOW_other_tools;
        if (str_eq(str_trim(x), str_trim(y)))
            continue;
        enum learn_how how = compare_json(x, y);
        if (how == HOW_other_json || how == HOW_COUNT)
            return HOW_other_tools;
        wording |= how == HOW_unknown;
    }
    return wording ? HOW_unknown : HOW_same_tools;
}

// --- the door ------------------------------------------------------------------------------------

enum learn_how learn_compare(const struct reply *weak, const struct reply *strong, enum task task,
                             bool judged)
{
    str x = str_trim(text_reveal(weak->text)), y = str_trim(text_reveal(strong->text));
    if (weak->cut || strong->cut || (y.n == 0 && strong->tool_count == 0))
        return HOW_unknown; // what was not said whole is no measure
    if (weak->tool_count || strong->tool_count)
        return compare_tools(weak, strong);
    if (x.n == 0)
        return HOW_no_answer;
    enum learn_how how = compare_json(x, y);
    if (how != HOW_COUNT)
        return how;
    struct value a = value_of(x), b = value_of(y);
    if (a.kind != NO_VALUE && b.kind != NO_VALUE)
        return compare_values(&a, &b, task);
    return judged && same_words(x, y) ? HOW_same_text : HOW_unknown;
}
