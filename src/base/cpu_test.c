// Levels have names, and a cap only ever lowers.
#include "base/cpu.h"

#include <stddef.h>
#include <string.h>

#include "harness/test.h"

TEST(cpu_level_is_never_raised_by_a_cap)
{
    enum vch_cpu_level best = vch_cpu_level(NULL);

    for (enum vch_cpu_level cap = VCH_CPU_PORTABLE; cap < VCH_CPU_LEVEL_COUNT; cap++) {
        enum vch_cpu_level level = vch_cpu_level(vch_cpu_level_name(cap));
        CHECK_EQ(level, cap < best ? cap : best);
    }
    CHECK_EQ(vch_cpu_level("portable"), VCH_CPU_PORTABLE);
}

TEST(cpu_levels_have_different_names)
{
    CHECK(strcmp(vch_cpu_level_name(VCH_CPU_PORTABLE), "portable") == 0);
#if defined(__aarch64__)
    CHECK(strcmp(vch_cpu_level_name(VCH_CPU_NEON), "neon") == 0);
    CHECK(strcmp(vch_cpu_level_name(VCH_CPU_NEONDOT), "neondot") == 0);
#else
    CHECK(strcmp(vch_cpu_level_name(VCH_CPU_AVX2), "avx2") == 0);
    CHECK(strcmp(vch_cpu_level_name(VCH_CPU_AVX512VNNI), "avx512vnni") == 0);
#endif
    CHECK(strcmp(vch_cpu_level_name((enum vch_cpu_level)99), "unknown") == 0);
}
