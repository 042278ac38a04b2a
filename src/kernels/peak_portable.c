#include "kernels/variants.h"

enum { COUNT = 512 };

// A dot product out of the nearest cache: what the compiler makes best of what it was built for.
uint64_t vch_peak_portable(size_t rounds, void *sink)
{
    static const int16_t a[COUNT] = {1, 2, 3}, b[COUNT] = {4, 5, 6};
    int16_t *bits = sink;
    int32_t sum = *bits;

    for (size_t r = 0; r < rounds; r++) {
        const int16_t *x = a, *y = b;
        __asm__ volatile("" : "+r"(x), "+r"(y)); // or it would be done once
        for (size_t k = 0; k < COUNT; k++)
            sum += x[k] * y[k];
    }
    *bits = (int16_t)sum;
    return (uint64_t)rounds * COUNT;
}
