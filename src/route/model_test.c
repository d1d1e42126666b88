#include "base/mem.h"
#include "route/model.h"
#include "tests/unit.h"

// A small model file, aligned as the door asks; freed by the caller (at *ret_block).
static str small_file(char **ret_block)
{
    static const struct route_row rows[] = {
        {.text = {"sum 1 and 2", 11}, .task = TASK_MATH, .weight = 1},
        {.text = {"tell a story", 12}, .task = TASK_CREATIVE, .weight = 1}};
    struct route_train_settings s;
    struct buf file;
    route_train_defaults(&s);
    s.bucket_bits = 8;
    buf_init(&file, 1 << 20);
    must(route_train(rows, countof(rows), &s, &file) == OK);
    *ret_block = mem_new(file.n + 128);
    char *at = *ret_block + (64 - ((uintptr_t)*ret_block & 63));
    memcpy(at, file.p, file.n);
    size_t n = file.n;
    buf_done(&file);
    return str_of(at, n);
}

TEST(the_committed_weights_open)
{
    struct route_model m = {0};
    const char *why = "";
    REQUIRE(route_model_open(route_model_builtin(), &m, &why) == OK);
    CHECK(m.bucket_count == 1u << 17 && strlen(m.digest) == 16 && m.version == MODEL_VERSION);
    CHECK(route_model_builtin().n <= 2306867); // 2.2 MiB
}

TEST(any_changed_byte_is_found)
{
    char *block;
    str file = small_file(&block);
    struct route_model m = {.version = 77};
    const char *why = NULL;
    CHECK(route_model_open(file, &m, &why) == OK && m.version == MODEL_VERSION);
    m.version = 77;
    for (size_t i = 0; i < file.n; i += i < 300 ? 1 : 61) {
        bool reserved = i >= offsetof(struct model_header, rows) &&
                        i < offsetof(struct model_header, checksum); // told to people only
        reserved |= i >= offsetof(struct model_header, reserved) && i < sizeof(struct model_header);
        char *byte = block + (file.p - block) + i;
        *byte ^= 0x11;
        CHECK(reserved || (route_model_open(file, &m, &why) == ERR_BAD_FILE && why[0]));
        *byte ^= 0x11;
    }
    CHECK(m.version == 77); // untouched on failure
    mem_free(block);
}

TEST(a_cut_or_unaligned_file_is_refused)
{
    char *block;
    str file = small_file(&block);
    struct route_model m;
    const char *why = NULL;
    for (size_t n = 0; n < file.n; n += n < 200 ? 1 : 97)
        CHECK(route_model_open(str_first(file, n), &m, &why) == ERR_BAD_FILE);
    char *moved = block + 1 + ((size_t)(file.p - block) & ~(size_t)63);
    memmove(moved, file.p, file.n);
    CHECK(((uintptr_t)moved & 63) == 0 ||
          route_model_open(str_of(moved, file.n), &m, &why) == ERR_BAD_FILE);
    mem_free(block);
}

TEST(numbers_without_sense_are_refused_even_with_a_right_checksum)
{
    char *block;
    str file = small_file(&block);
    struct route_model m;
    struct model_header h;
    const char *why = NULL;
    char *bytes = block + (file.p - block);
    float bad = -1;
    memcpy(bytes + sizeof h, &bad, sizeof bad);
    memcpy(&h, bytes, sizeof h);
    h.checksum = model_checksum(file);
    memcpy(bytes, &h, sizeof h);
    CHECK(route_model_open(file, &m, &why) == ERR_BAD_FILE);
    CHECK(str_find(str_c(why), S("sense")) != SIZE_MAX);
    mem_free(block);
}
