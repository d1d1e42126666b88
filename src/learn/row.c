// row.c: one comparison as a line of JSON. Invariants: (1) a line is one line, whatever the client
// sent: what is taken over as JSON is written anew; (2) only public calls have rows.
#include "base/mem.h"
#include "base/time.h"
#include "learn/learn.h"
#include <yyjson.h>

static void put_word(struct buf *out, const char *name, str value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_put_json(out, value);
}

// The client's messages without its line feeds; left out where they are no array.
static void put_messages(struct buf *out, str json)
{
    yyjson_doc *doc = yyjson_read(json.p, json.n, YYJSON_READ_ALLOW_INVALID_UNICODE);
    yyjson_val *root = yyjson_doc_get_root(doc);
    size_t n = 0;
    char *text =
        yyjson_is_arr(root) ? yyjson_val_write(root, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &n) : NULL;
    if (text) {
        buf_put(out, S(",\"messages\":"));
        buf_put(out, str_of(text, n));
    }
    mem_free(text);
    yyjson_doc_free(doc);
}

// As a message of the assistant, the form in which models are tuned.
static void put_reply(struct buf *out, const char *name, const struct reply *r)
{
    must(r);
    buf_printf(out, ",\"%s\":{\"role\":\"assistant\",\"content\":", name);
    buf_put_json(out, text_reveal(r->text));
    for (unsigned i = 0; i < r->tool_count; i++) {
        buf_printf(out, "%s{\"id\":\"call_%u\",\"type\":\"function\",\"function\":{\"name\":",
                   i ? "," : ",\"tool_calls\":[", i);
        buf_put_json(out, r->tools[i].name);
        buf_put(out, S(",\"arguments\":"));
        buf_put_json(out, text_reveal(r->tools[i].arguments));
        buf_put(out, S("}}"));
    }
    buf_put(out, r->tool_count ? S("]}") : S("}"));
}

void learn_put_row(struct buf *out, const struct learn_row *r)
{
    char at[32];
    double weak, strong;
    must(r->label == LABEL_PUBLIC);
    buf_printf(out, "{\"kind\":\"shadow\",\"at\":\"%s\"", time_iso(at, sizeof at, r->at_us));
    put_word(out, "call", r->call);
    put_word(out, "task", str_c(task_name(r->task)));
    buf_printf(out, ",\"p_local_ok\":%.4f", (double)r->p_local_ok);
    put_word(out, "label", str_c(label_name(r->label)));
    put_word(out, "weights", r->weights);
    put_word(out, "weak", r->weak);
    put_word(out, "strong", r->strong);
    put_word(out, "how", str_c(learn_how_name(r->how)));
    if (learn_scores(r->how, &weak, &strong))
        buf_printf(out, ",\"weak_score\":%g,\"strong_score\":%g", weak, strong);
    put_word(out, "features", r->features);
    if (r->content) {
        put_messages(out, r->messages);
        put_reply(out, "weak_answer", r->weak_reply);
        put_reply(out, "strong_answer", r->strong_reply);
    }
    buf_put(out, S("}\n"));
}
