// How long a verdict takes, for each format: all of it, from bytes to the last check.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness/evidence.h"

enum { ROUNDS = 400 };

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double now_us(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

TEST(evidence_of_each_format_is_verified)
{
    static struct evidence all[EVIDENCE_FORMATS];
    static double times[ROUNDS];

    evidence_make(all);
    printf("%-8s %12s %10s %10s\n", "format", "verdicts/s", "p50 us", "p99 us");
    for (size_t i = 0; i < EVIDENCE_FORMATS; i++) {
        double sum = 0;
        for (size_t k = 0; k < ROUNDS; k++) {
            double start = now_us();
            CHECK_OK(all[i].verify(&all[i]));
            sum += times[k] = now_us() - start;
        }
        qsort(times, ROUNDS, sizeof *times, compare);
        printf("%-8s %12.0f %10.0f %10.0f\n", all[i].name, ROUNDS * 1e6 / sum, times[ROUNDS / 2],
               times[ROUNDS * 99 / 100]);
    }
    evidence_release();
}
