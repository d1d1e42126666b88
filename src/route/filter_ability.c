// filter_ability.c: what the request needs and the target has: modality, tools, schema, context
// length.
#include "route/plan.h"

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    (void)w;
    unsigned lacks = c->ask->needs & ~t->abilities;
    must(index < c->fleet->target_count);
    if (lacks) {
        snprintf(why, WHY_CAP, "lacks the ability: %s",
                 ability_name((unsigned)__builtin_ctz(lacks)));
        return true;
    }
    int64_t answer = c->ask->max_output_tokens > 0 ? c->ask->max_output_tokens : 0;
    int64_t needs = c->ask->estimated_input_tokens + answer;
    if (t->context_tokens > 0 && c->ask->estimated_input_tokens >= t->context_tokens) {
        snprintf(why, WHY_CAP, "context of %lld tokens is too short for about %lld",
                 (long long)t->context_tokens, (long long)needs);
        return true;
    }
    return false;
}

const struct filter filter_ability = {"ability", rules_out};
