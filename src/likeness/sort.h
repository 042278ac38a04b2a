// Sorting without the heap, in a time that the order of the input hardly changes.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Ascending.
void vch_sort_u64(uint64_t *values, size_t count);
