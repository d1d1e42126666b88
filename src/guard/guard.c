// guard.c: the label that a request's content gives it. Every part is looked at; what cannot be
// looked at raises the label instead of being passed over.
#include "guard/guard.h"
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

static void scan_part(struct scan *s, const struct ask *ask, const struct part *part)
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
        scan_text(s, text_reveal(ask_text(s->arena, ask, part)));
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
                struct screening *ret_screening)
{
    struct screening out;
    struct scan s;
    must(ask && ret_screening);
    scan_init(&s, a, p, &out);
    for (uint32_t i = 0; p->scan && i < ask->part_count && !out.truncated; i++) {
        s.part = i;
        scan_part(&s, ask, &ask->parts[i]);
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
