// guard.c: the label that a request's content gives it. Every part is looked at; what cannot be
// looked at raises the label instead of being passed over.
#include "guard/memo.h"
#include "guard/scan.h"

static const struct type_row {
    const char *type;
    enum label label;
} types[] = {
#define DETECTOR(name, type, label, sentence) {#type, LABEL_##label},
#include "guard/detectors.def"
#undef DETECTOR
};

size_t guard_type_count(void)
{
    return countof(types);
}

const char *guard_type(size_t i)
{
    must(i < countof(types));
    return types[i].type;
}

void guard_policy_default(struct guard_policy *p)
{
    *p = (struct guard_policy){.scan = true, .media = LABEL_INTERNAL, .least_score = 0.5};
    must(countof(types) <= countof(p->of_type));
    for (size_t i = 0; i < countof(types); i++)
        p->of_type[i] = types[i].label;
}

bool guard_policy_set(struct guard_policy *p, str type, enum label label)
{
    bool found = false;
    for (size_t i = 0; i < countof(types); i++)
        if (str_eq(type, str_c(types[i].type))) {
            p->of_type[i] = label;
            found = true;
        }
    return found;
}

static void read_part(struct scan *s, const struct ask *ask, const struct part *part)
{
    scan_text(s, text_reveal(ask_text(s->arena, ask, part)));
}

// As read_part, but a part whose bytes were read before gets what was found then.
static void look_up_part(struct scan *s, const struct ask *ask, const struct part *part,
                         struct guard_memo *memo)
{
    struct screening *out = s->out;
    str raw = {ask->body.p + part->span.start, part->span.end - part->span.start};
    struct remembered now = {.of = memo_hash(memo, raw, part->escaped)};
    const struct remembered *before = memo_get(memo, now.of);
    must(raw.n >= MEMO_LEAST_BYTES && !out->truncated);
    if (before) {
        scan_known(s, before->findings, before->finding_count);
        out->label = label_join(out->label, before->label);
        return;
    }
    enum label others = out->label;
    uint32_t first = out->finding_count;
    out->label = LABEL_PUBLIC;
    read_part(s, ask, part);
    now.label = out->label;
    now.finding_count = out->finding_count - first;
    out->label = label_join(out->label, others);
    if (out->truncated || s->arena->over || now.finding_count > MEMO_FINDINGS_MAX)
        return;
    for (uint32_t i = 0; i < now.finding_count; i++)
        now.findings[i] = out->findings[first + i];
    memo_put(memo, &now);
}

static void scan_part(struct scan *s, const struct ask *ask, const struct part *part,
                      struct guard_memo *memo)
{
    struct screening *out = s->out;
    switch (part->kind) {
    case PART_TEXT:
    case PART_TOOL_CALL:
    case PART_TOOL_RESULT:
    case PART_TOOL_SPEC:
    case PART_SCHEMA:
    case PART_REASONING:
    case PART_METADATA:
        if (memo && part->span.end - part->span.start >= MEMO_LEAST_BYTES)
            look_up_part(s, ask, part, memo);
        else
            read_part(s, ask, part);
        return;
    case PART_IMAGE:
    case PART_AUDIO:
    case PART_FILE:
        out->label = label_join(out->label, s->policy->media);
        return;
    case PART_OPAQUE: // a provider's own state: nothing in it can be read by anyone else
        return;
    case PART_UNKNOWN:
        break;
    }
    out->label = LABEL_RESTRICTED;
}

void guard_scan(struct arena *a, const struct ask *ask, const struct guard_policy *p,
                struct guard_memo *memo, struct screening *ret_screening)
{
    struct screening out;
    struct scan s;
    must(ask && ret_screening);
    scan_init(&s, a, p, &out);
    for (uint32_t i = 0; p->scan && i < ask->part_count && !out.truncated; i++) {
        s.part = i;
        scan_part(&s, ask, &ask->parts[i], memo);
    }
    if (out.truncated)
        out.label = LABEL_RESTRICTED;
    *ret_screening = out;
}

void guard_scan_text(struct arena *a, struct text text, const struct guard_policy *p,
                     struct screening *ret_screening)
{
    struct screening out;
    struct scan s;
    must(ret_screening);
    scan_init(&s, a, p, &out);
    scan_text(&s, text_reveal(text));
    if (out.truncated)
        out.label = LABEL_RESTRICTED;
    *ret_screening = out;
}
