// schema.c: the part of JSON Schema that says what is in an answer: type, required, properties,
// additionalProperties, items, enum, const, bounds of numbers and lengths of lists, references
// within the schema, anyOf, oneOf (as anyOf) and allOf. Other words are passed over.
// Invariants: (1) work is bounded by STEPS_MAX and DEPTH_MAX, whatever both sides are; (2) what is
// not checked fits: a wrong no costs a call to another model, a wrong yes what there was before.
#include "api/schema.h"
#include <yyjson.h>

enum { STEPS_MAX = 200000, DEPTH_MAX = 40 };

struct walk {
    yyjson_val *root;
    unsigned steps, depth;
};

static bool fits(struct walk *w, yyjson_val *schema, yyjson_val *v);

// False when there is no time for so much more.
static bool spend(struct walk *w, size_t steps)
{
    must(w->steps <= STEPS_MAX);
    if (steps > STEPS_MAX - w->steps) {
        w->steps = STEPS_MAX;
        return false;
    }
    w->steps += (unsigned)steps;
    return true;
}

// Looking up a key is a walk over the object.
static yyjson_val *member(struct walk *w, yyjson_val *object, const char *key, size_t n)
{
    return spend(w, yyjson_obj_size(object) + 1) ? yyjson_obj_getn(object, key, n) : NULL;
}

static bool is_type(yyjson_val *v, const char *type)
{
    static const struct {
        const char *word;
        yyjson_type type;
    } types[] = {{"string", YYJSON_TYPE_STR},   {"object", YYJSON_TYPE_OBJ},
                 {"array", YYJSON_TYPE_ARR},    {"number", YYJSON_TYPE_NUM},
                 {"boolean", YYJSON_TYPE_BOOL}, {"null", YYJSON_TYPE_NULL}};
    if (strcmp(type, "integer") == 0) {
        double d = yyjson_get_num(v);
        return yyjson_is_num(v) && !(d < __builtin_floor(d)) && !(d > __builtin_floor(d));
    }
    for (size_t i = 0; i < countof(types); i++)
        if (strcmp(type, types[i].word) == 0)
            return yyjson_get_type(v) == types[i].type;
    return true; // no type that is known
}

static bool type_fits(yyjson_val *type, yyjson_val *v)
{
    size_t i, count;
    yyjson_val *one;
    bool any = !yyjson_is_arr(type) || yyjson_arr_size(type) == 0;
    if (yyjson_is_str(type))
        return is_type(v, yyjson_get_str(type));
    yyjson_arr_foreach(type, i, count, one)
    {
        any = any || !yyjson_is_str(one) || is_type(v, yyjson_get_str(one));
    }
    return any;
}

static bool equal(yyjson_val *a, yyjson_val *b)
{
    if (!yyjson_is_num(a) || !yyjson_is_num(b))
        return yyjson_equals(a, b);
    double x = yyjson_get_num(a), y = yyjson_get_num(b);
    return !(x < y) && !(x > y);
}

static bool among(struct walk *w, yyjson_val *list, yyjson_val *v)
{
    size_t i, count;
    yyjson_val *one;
    if (!yyjson_is_arr(list))
        return true;
    yyjson_arr_foreach(list, i, count, one)
    {
        if (!spend(w, 1) || equal(one, v))
            return true;
    }
    return false;
}

static bool number_fits(struct walk *w, yyjson_val *schema, double n)
{
    yyjson_val *least = member(w, schema, "minimum", 7), *most = member(w, schema, "maximum", 7);
    return (!yyjson_is_num(least) || n >= yyjson_get_num(least)) &&
           (!yyjson_is_num(most) || n <= yyjson_get_num(most));
}

static bool object_fits(struct walk *w, yyjson_val *schema, yyjson_val *v)
{
    yyjson_val *required = member(w, schema, "required", 8),
               *properties = member(w, schema, "properties", 10),
               *others = member(w, schema, "additionalProperties", 20), *key, *value;
    size_t i, count;
    yyjson_arr_foreach(required, i, count, key)
    {
        if (!spend(w, 1))
            return true;
        if (yyjson_is_str(key) && !member(w, v, yyjson_get_str(key), yyjson_get_len(key)) &&
            w->steps < STEPS_MAX)
            return false;
    }
    if (!properties && !others)
        return true;
    // patternProperties may allow what properties do not name
    bool closed = others && !member(w, schema, "patternProperties", 17);
    yyjson_obj_foreach(v, i, count, key, value)
    {
        yyjson_val *s = member(w, properties, yyjson_get_str(key), yyjson_get_len(key));
        if (!s && closed)
            s = others;
        if (w->steps == STEPS_MAX)
            return true;
        if (s && !fits(w, s, value))
            return false;
    }
    return true;
}

static bool array_fits(struct walk *w, yyjson_val *schema, yyjson_val *v)
{
    yyjson_val *items = member(w, schema, "items", 5), *least = member(w, schema, "minItems", 8),
               *most = member(w, schema, "maxItems", 8), *one;
    size_t i, count, n = yyjson_arr_size(v);
    if ((yyjson_is_num(least) && (double)n < yyjson_get_num(least)) ||
        (yyjson_is_num(most) && (double)n > yyjson_get_num(most)))
        return false;
    if (!items || yyjson_is_arr(items) || member(w, schema, "prefixItems", 11))
        return true;
    yyjson_arr_foreach(v, i, count, one)
    {
        if (w->steps == STEPS_MAX)
            return true;
        if (!fits(w, items, one))
            return false;
    }
    return true;
}

static bool combined_fits(struct walk *w, yyjson_val *schema, yyjson_val *v)
{
    static const char *const words[] = {"anyOf", "oneOf", "allOf"};
    for (size_t k = 0; k < countof(words); k++) {
        yyjson_val *list = member(w, schema, words[k], 5), *one;
        size_t i, count, good = 0;
        if (!yyjson_is_arr(list))
            continue;
        yyjson_arr_foreach(list, i, count, one) good += fits(w, one, v);
        if (k == 2 ? good < yyjson_arr_size(list) : good == 0 && yyjson_arr_size(list) > 0)
            return false;
    }
    return true;
}

// "#" and "#/$defs/address"; others are elsewhere.
static yyjson_val *resolve(const struct walk *w, yyjson_val *ref)
{
    const char *at = yyjson_get_str(ref);
    size_t n = yyjson_get_len(ref);
    if (!at || n == 0 || at[0] != '#')
        return NULL;
    return n == 1 ? w->root : yyjson_ptr_getn(w->root, at + 1, n - 1);
}

static bool object_schema_fits(struct walk *w, yyjson_val *schema, yyjson_val *v)
{
    yyjson_val *type = member(w, schema, "type", 4), *one = member(w, schema, "const", 5),
               *to = resolve(w, member(w, schema, "$ref", 4));
    if ((type && !type_fits(type, v)) || (one && !equal(one, v)) ||
        !among(w, member(w, schema, "enum", 4), v) || (to && !fits(w, to, v)))
        return false;
    if (yyjson_is_num(v) && !number_fits(w, schema, yyjson_get_num(v)))
        return false;
    if (yyjson_is_obj(v) && !object_fits(w, schema, v))
        return false;
    if (yyjson_is_arr(v) && !array_fits(w, schema, v))
        return false;
    return combined_fits(w, schema, v);
}

static bool fits(struct walk *w, yyjson_val *schema, yyjson_val *v)
{
    bool good = true;
    if (!spend(w, 1) || w->depth == DEPTH_MAX)
        return true;
    w->depth++;
    if (yyjson_is_bool(schema))
        good = yyjson_get_bool(schema);
    else if (yyjson_is_obj(schema))
        good = object_schema_fits(w, schema, v);
    w->depth--;
    return good || w->steps == STEPS_MAX;
}

enum schema_result schema_check(str schema, str value)
{
    yyjson_doc *v = value.n ? yyjson_read(value.p, value.n, 0) : NULL;
    if (!v)
        return SCHEMA_NO_JSON;
    yyjson_doc *s = schema.n ? yyjson_read(schema.p, schema.n, 0) : NULL;
    struct walk w = {.root = yyjson_doc_get_root(s)};
    bool good = !s || fits(&w, w.root, yyjson_doc_get_root(v));
    must(w.depth == 0 && w.steps <= STEPS_MAX);
    yyjson_doc_free(s);
    yyjson_doc_free(v);
    return good ? SCHEMA_FITS : SCHEMA_MISFIT;
}
