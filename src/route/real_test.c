// How the committed weights do on messages that people really sent. They are not trained on those.
#include "base/mem.h"
#include "route/route.h"
#include "tests/unit.h"
#include <yyjson.h>

enum { IDS = 4000 };
struct truth {
    enum task task, also;
    bool known;
};
struct score {
    struct truth labels[IDS];
    struct route_model model;
    unsigned rows, right;
};

static void take_label(struct score *s, size_t id, yyjson_val *row)
{
    const char *also = yyjson_get_str(yyjson_obj_get(row, "also"));
    struct truth l = {.also = TASK_UNKNOWN};
    l.known = task_parse(str_c(yyjson_get_str(yyjson_obj_get(row, "task"))), &l.task);
    if (also)
        (void)task_parse(str_c(also), &l.also);
    s->labels[id] = l;
}

static void take_prompt(struct score *s, size_t id, yyjson_val *row)
{
    yyjson_val *text = yyjson_obj_get(row, "text");
    const struct truth *l = &s->labels[id];
    struct judgement j;
    if (!text || !l->known)
        return;
    route_classify_text(&s->model, text_of(str_of(yyjson_get_str(text), yyjson_get_len(text))), &j);
    s->rows++;
    s->right += j.task == l->task || j.task == l->also;
}

static void each_row(struct score *s, const char *path,
                     void (*take)(struct score *s, size_t id, yyjson_val *row))
{
    FILE *f = fopen(path, "rb");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    REQUIRE(f);
    while ((n = getline(&line, &cap, f)) > 0) {
        yyjson_doc *doc = yyjson_read(line, (size_t)n, 0);
        yyjson_val *row = yyjson_doc_get_root(doc), *id = yyjson_obj_get(row, "id");
        if (yyjson_is_uint(id) && yyjson_get_uint(id) < IDS)
            take(s, (size_t)yyjson_get_uint(id), row);
        yyjson_doc_free(doc);
    }
    mem_free(line);
    fclose(f);
}

TEST(two_of_three_real_messages_get_their_task)
{
    const char *labels = unit_shared("data/router/real_labels.jsonl"), *why;
    if (!labels) {
        unit_skip("no real messages here");
        return;
    }
    struct score *s = mem_new(sizeof *s);
    must(route_model_open(route_model_builtin(), &s->model, &why) == OK);
    each_row(s, labels, take_label);
    each_row(s, unit_shared("data/router/real_prompts.jsonl"), take_prompt);
    CHECK(s->rows > 1000 && s->right * 3 > s->rows * 2);
    mem_free(s);
}
