// packed_fuzz.c: rows of others. The bytes are read as base64, and as what base64 would have held,
// with the shape put right: whatever holds can be judged, and its chances are chances.
#include "route/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(str packed)
{
    struct route_model m;
    struct judgement j;
    const char *why = "";
    must(route_model_open(route_model_builtin(), &m, &why) == OK);
    route_classify_packed(&m, packed, &j);
    must(j.p_local_ok >= 0 && j.p_local_ok <= 1 && (unsigned)j.task <= TASK_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    str packed = STR_NONE;
    uint32_t shape = packed_shape();
    arena_init(&a, 1 << 26);
    if (route_features_open(&a, str_of((const char *)data, size), &packed))
        judge(packed);
    char *own = arena_bytes(&a, size + 4);
    memcpy(own, &shape, 4);
    if (size)
        memcpy(own + 4, data, size);
    if (packed_holds(str_of(own, size + 4), shape))
        judge(str_of(own, size + 4));
    arena_done(&a);
    return 0;
}
