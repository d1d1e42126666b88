// mem.h: the heap, for rooms above. malloc failing means die: every size has a ceiling elsewhere.
// malloc and free are refused outside base by tools/check-tidy.
#ifndef BASE_MEM_H
#define BASE_MEM_H
#include "base/str.h"

void *mem_new(size_t size) __attribute__((malloc, returns_nonnull)); // zeroed
void *mem_resize(void *p, size_t size) __attribute__((returns_nonnull)); // p may be NULL
void mem_free(void *p); // NULL is fine
char *mem_copy_str(str s) __attribute__((malloc, returns_nonnull)); // NUL-terminated copy

#define mem_new_array(type, n) ((type *)mem_new_n((n), sizeof(type)))
void *mem_new_n(size_t n, size_t size) __attribute__((malloc, returns_nonnull)); // overflow dies
#endif
