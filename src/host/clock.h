// Time: Unix milliseconds for files and deadlines, a monotonic clock for durations.
#pragma once

#include <stdint.h>

uint64_t vch_clock_unix_ms(void);
uint64_t vch_clock_monotonic_us(void);
uint64_t vch_clock_monotonic_ms(void);
// What this thread has had of a processor: what others take of it does not count.
uint64_t vch_clock_thread_us(void);
