// Time: Unix milliseconds for files and deadlines, a monotonic clock for durations.
#pragma once

#include <stdint.h>

uint64_t vch_clock_unix_ms(void);
uint64_t vch_clock_monotonic_us(void);
