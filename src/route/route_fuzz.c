// route_fuzz.c: any bytes as a model file, and as a text to classify.
#include "route/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char aligned[1 << 16] __attribute__((aligned(64)));
    struct route_model m;
    struct judgement j;
    const char *why;
    size_t n = min_size(size, sizeof aligned);
    memcpy(aligned, data, n);
    (void)!route_model_open(str_of(aligned, n), &m, &why);
    must(route_model_open(route_model_builtin(), &m, &why) == OK);
    route_classify_text(&m, text_of(str_of((const char *)data, size)), &j);
    must((unsigned)j.task < TASK_COUNT && j.p_local_ok > 0 && j.p_local_ok < 1);
    return 0;
}
