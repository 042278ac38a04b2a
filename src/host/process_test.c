// Hardening holds, and the environment is read with care. Also clock and randomness.
#include "host/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/test.h"
#include "host/clock.h"
#include "host/random.h"

// Returns 0, or the number of what does not hold. In a process of its own: it cannot be undone.
static int harden_and_look(void)
{
    struct rlimit core;
    int ends[2];

    vch_process_harden();
    vch_process_harden(); // twice does no harm
#ifndef VCH_SANITIZED
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 1;
#endif
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) return 2;
    if (pipe(ends) != 0 || close(ends[0]) != 0) return 3;
    if (write(ends[1], "x", 1) != -1 || errno != EPIPE) return 4;
    return 0;
}

TEST(process_is_hardened)
{
    int state = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) _exit(harden_and_look());
    CHECK_EQ(waitpid(child, &state, 0), child);
    CHECK(WIFEXITED(state));
    CHECK_EQ(WEXITSTATUS(state), 0);
}

TEST(process_reads_the_processor_level_from_its_environment)
{
    enum vch_cpu_level level = VCH_CPU_PORTABLE, best = vch_cpu_level(NULL);
    struct vch_complaint complaint = {0};

    CHECK_EQ(unsetenv("VCH_CPU_LEVEL"), 0);
    CHECK_OK(vch_process_cpu_level(&level, NULL));
    CHECK_EQ(level, best);
    CHECK_EQ(setenv("VCH_CPU_LEVEL", "portable", 1), 0);
    CHECK_OK(vch_process_cpu_level(&level, NULL));
    CHECK_EQ(level, VCH_CPU_PORTABLE);
    enum vch_cpu_level last = (enum vch_cpu_level)(VCH_CPU_LEVEL_COUNT - 1);
    CHECK_EQ(setenv("VCH_CPU_LEVEL", vch_cpu_level_name(last), 1), 0);
    CHECK_OK(vch_process_cpu_level(&level, NULL));
    CHECK_EQ(level, best); // never raised above what there is
    CHECK_EQ(setenv("VCH_CPU_LEVEL", "AVX2", 1), 0);
    CHECK_FAILS(vch_process_cpu_level(&level, &complaint), USAGE);
    CHECK(strstr(complaint.text, "\"AVX2\"") != NULL && strstr(complaint.text, "portable") != NULL);
    CHECK_EQ(unsetenv("VCH_CPU_LEVEL"), 0);
}

TEST(process_knows_its_memory)
{
    size_t memory = vch_process_memory_size();

    CHECK(memory >= (size_t)16 << 20);
    CHECK(memory <= (size_t)1 << 48);
}

TEST(clock_goes_forward)
{
    CHECK(vch_clock_unix_ms() > 1600000000000u); // September 2020
    uint64_t before = vch_clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = vch_clock_monotonic_us();
        CHECK(now >= before);
        before = now;
    }
}

TEST(random_bytes_fill_all_they_are_given_and_nothing_else)
{
    uint8_t seen[66] = {0}, bytes[66];

    for (int round = 0; round < 64; round++) { // each byte stays zero with probability 2^-512
        memset(bytes, 0, sizeof bytes);
        vch_random_bytes(bytes + 1, sizeof bytes - 2);
        for (size_t i = 0; i < sizeof bytes; i++)
            seen[i] |= bytes[i];
    }
    CHECK_EQ(seen[0] | seen[65], 0);
    for (size_t i = 1; i < 65; i++)
        CHECK(seen[i] != 0);
    vch_random_bytes(NULL, 0);
}
