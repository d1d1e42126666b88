// model.h: the file's layout. Private to route. Little-endian, as every machine weir runs on.
#ifndef ROUTE_MODEL_H
#define ROUTE_MODEL_H
#include "route/route.h"

#define MODEL_MAGIC "WEIRTASK"
enum { MODEL_VERSION = 2, BUCKET_BITS_MIN = 8, BUCKET_BITS_MAX = 20 };

struct model_header {
    char magic[8];
    uint32_t version, task_count, bucket_bits, rows;
    uint64_t checksum; // of everything behind the header
    uint8_t reserved[32];
};
struct model_floats {
    float scale[TASK_COUNT], bias[TASK_COUNT], local_ok[TASK_COUNT], local_drop[TASK_COUNT];
};
// Then buckets of TASK_COUNT int8, then the bitmap of known words (features.h).
uint64_t model_checksum(str file);
#endif
