// model.c: the weights' file. One header, four rows of floats, a row of int8 a bucket, then the
// bitmap of known words.
#include "route/model.h"
#include "route/features.h"

extern const char asset_task_bin_begin[], asset_task_bin_end[];

str route_model_builtin(void)
{
    return str_of(asset_task_bin_begin, (size_t)(asset_task_bin_end - asset_task_bin_begin));
}

// Eight bytes at a time: a megabyte is looked through at each start. Against damage, not malice.
uint64_t model_checksum(str file)
{
    uint64_t h = 0x9e3779b97f4a7c15u, word;
    must(file.n >= sizeof(struct model_header));
    for (size_t at = sizeof(struct model_header); at < file.n; at += sizeof word) {
        word = 0;
        memcpy(&word, file.p + at, min_size(sizeof word, file.n - at));
        h = (h ^ word) * 0xbf58476d1ce4e5b9u;
        h ^= h >> 29;
    }
    return h;
}

// Sums stay finite and chances stay chances, whoever wrote the file.
static bool sane(const struct model_floats *f)
{
    for (int t = 0; t < TASK_COUNT; t++)
        if (!(f->scale[t] >= 0 && f->scale[t] < 1000) || !(f->local_ok[t] >= 0) ||
            !(f->local_ok[t] <= 1) || !(f->local_drop[t] >= 0 && f->local_drop[t] <= 1) ||
            !(f->bias[t] > -1000 && f->bias[t] < 1000))
            return false;
    return true;
}

enum err route_model_open(str bytes, struct route_model *ret_model, const char **ret_why)
{
    struct model_header h;
    *ret_why = "the file is no classifier of weir, or is cut short";
    if (bytes.n < sizeof h)
        return ERR_BAD_FILE;
    memcpy(&h, bytes.p, sizeof h);
    if (memcmp(h.magic, MODEL_MAGIC, sizeof h.magic) != 0 || h.bucket_bits < BUCKET_BITS_MIN ||
        h.bucket_bits > BUCKET_BITS_MAX)
        return ERR_BAD_FILE;
    if (h.version != MODEL_VERSION || h.task_count != TASK_COUNT) {
        *ret_why = "the classifier was made by another version: train it again";
        return ERR_BAD_FILE;
    }
    size_t buckets = (size_t)1 << h.bucket_bits;
    size_t known = sizeof(uint64_t) * known_words((uint32_t)buckets);
    if (bytes.n != sizeof h + sizeof(struct model_floats) + buckets * TASK_COUNT + known)
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
    if (!sane(f)) {
        *ret_why = "the classifier's numbers make no sense";
        return ERR_BAD_FILE;
    }
    struct route_model m = {.weights = (const int8_t *)(f + 1),
                            .bucket_count = (uint32_t)buckets,
                            .scale = f->scale,
                            .bias = f->bias,
                            .local_ok = f->local_ok,
                            .local_drop = f->local_drop,
                            .known = (const void *)(bytes.p + bytes.n - known),
                            .version = h.version};
    m.known_by_chance = known_by_chance(m.known, m.bucket_count);
    if (m.known_by_chance > 0.9f) {
        *ret_why = "the classifier knows every word, which cannot be";
        return ERR_BAD_FILE;
    }
    snprintf(m.digest, sizeof m.digest, "%016llx", (unsigned long long)h.checksum);
    *ret_model = m;
    return OK;
}
