// cpu.h: what the processor can do beyond the x86-64 that every build takes for granted. A function
// marked AVX2 may be called only where cpu_avx2() holds; each has a twin that needs nothing, gives
// the same result, and is tested beside it.
#ifndef BASE_CPU_H
#define BASE_CPU_H
#include "base/base.h"
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

// Cheap: a bit that was read once at the start.
static inline bool cpu_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

AVX2 static inline __m256i cpu_load_32(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
#endif
