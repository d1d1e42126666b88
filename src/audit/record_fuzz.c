// audit_fuzz.c: any bytes as lines of a decision log, and as a checkpoint. What a walk takes is a
// chain: each line's number and leaf follow the one before, however it was made. The first line may
// stand anywhere; so that inputs get further than the second, "prev" of the next ones is put right
// where the input holds a '#' in its place.
#include "audit/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char mark[] = "\"prev\":\"#\"";

// The line with the chain's own hash where it has the mark.
static void put_right(struct buf *out, str line, const struct audit_hash *head)
{
    size_t at = str_find(line, str_c(mark));
    buf_clear(out);
    if (at == SIZE_MAX) {
        buf_put(out, line);
        return;
    }
    buf_put(out, str_first(line, at));
    buf_put(out, S("\"prev\":\""));
    audit_put_hex(out, head->b, sizeof head->b);
    buf_put(out, S("\""));
    buf_put(out, str_from(line, at + sizeof mark - 1));
}

static void walk(str input)
{
    struct audit_walk w = {.segment = 1};
    struct audit_row row;
    struct buf line;
    str rest = input, part;
    const char *why = NULL;
    buf_init(&line, 1 << 22);
    while (rest.n && str_next(&rest, '\n', &part)) {
        struct audit_walk before = w;
        put_right(&line, part, &w.head);
        if (!audit_walk_line(&w, buf_str(&line), &row, &why)) {
            must(why && w.next == before.next && w.tree.count == before.tree.count);
            break;
        }
        must(row.n == before.next && audit_same(&row.prev, &before.head));
        must(w.next == before.next + 1 && w.tree.count == before.tree.count + 1);
        must(!audit_same(&w.head, &before.head) && row.label <= LABEL_RESTRICTED);
        must((row.kind == AUDIT_BEGIN) == (before.tree.count == 0) && row.at_us >= 0);
    }
    buf_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str input = str_of((const char *)data, size);
    struct audit_checkpoint c;
    if (audit_checkpoint_read(input, &c)) {
        struct buf again;
        buf_init(&again, 4096);
        audit_checkpoint_write(&again, &c);
        must(str_eq(buf_str(&again), input));
        buf_done(&again);
        (void)!audit_checkpoint_holds(&c);
    }
    str place = audit_place(input);
    must(place.n <= input.n && str_find_char(place, '/') == SIZE_MAX);
    walk(input);
    return 0;
}
