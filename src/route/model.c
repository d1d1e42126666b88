// model.c: the weights' file. One header, three rows of floats, then a row of int8 a bucket.
#include "route/model.h"

extern const char asset_task_bin_begin[], asset_task_bin_end[];

str route_model_builtin(void)
{
    return str_of(asset_task_bin_begin, (size_t)(asset_task_bin_end - asset_task_bin_begin));
}

uint64_t model_checksum(str file)
{
    must(file.n >= sizeof(struct model_header));
    return str_hash(str_from(file, sizeof(struct model_header)));
}

enum err route_model_open(str bytes, struct route_model *ret_model, const char **ret_why)
{
    struct model_header h;
    *ret_why = "the file is no classifier of weir, or is cut short";
    if (bytes.n < sizeof h)
        return ERR_BAD_FILE;
    memcpy(&h, bytes.p, sizeof h);
    if (memcmp(h.magic, MODEL_MAGIC, sizeof h.magic) != 0 || h.bucket_bits < 8 ||
        h.bucket_bits > 24)
        return ERR_BAD_FILE;
    if (h.version != MODEL_VERSION || h.task_count != TASK_COUNT) {
        *ret_why = "the classifier was made by another version: train it again";
        return ERR_BAD_FILE;
    }
    size_t buckets = (size_t)1 << h.bucket_bits;
    if (bytes.n != sizeof h + sizeof(struct model_floats) + buckets * TASK_COUNT)
        return ERR_BAD_FILE;
    if (((uintptr_t)bytes.p & 63) != 0) {
        *ret_why = "the classifier's bytes are not aligned";
        return ERR_BAD_FILE;
    }
    if (model_checksum(bytes) != h.checksum) {
        *ret_why = "the classifier's checksum does not match: the file is damaged";
        return ERR_BAD_FILE;
    }
    const struct model_floats *f = (const struct model_floats *)(const void *)(bytes.p + sizeof h);
    struct route_model m = {.weights = (const int8_t *)(f + 1),
                            .bucket_count = (uint32_t)buckets,
                            .scale = f->scale,
                            .bias = f->bias,
                            .local_ok = f->local_ok,
                            .version = h.version};
    snprintf(m.digest, sizeof m.digest, "%016llx", (unsigned long long)h.checksum);
    *ret_model = m;
    return OK;
}
