// Random bytes from the kernel. Pure modules are handed what they need.
#pragma once

#include <stddef.h>

void vch_random_bytes(void *out, size_t size); // never fails: stops the process instead
