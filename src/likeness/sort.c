#include "likeness/sort.h"

// Puts values[at] where it belongs in the heap below it; the largest is on top.
static void sink(uint64_t *values, size_t at, size_t count)
{
    const uint64_t value = values[at];

    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && values[child + 1] > values[child]) child++;
        if (values[child] <= value) break;
        values[at] = values[child];
        at = child;
    }
    values[at] = value;
}

void vch_sort_u64(uint64_t *values, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sink(values, i, count);
    for (size_t end = count; end-- > 1;) {
        uint64_t largest = values[0];
        values[0] = values[end];
        values[end] = largest;
        sink(values, 0, end);
    }
}
