#include "host/process.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __GLIBC__ // as the headers above say
#include <malloc.h>
#endif

#include "base/check.h"

// A job's memory is given back when the job is done, and asked for again by the next one: the heap
// keeps some instead of going to the system each time.
static void keep_memory(void)
{
#ifdef __GLIBC__
    const int kept = 64 << 20;

    (void)mallopt(M_TRIM_THRESHOLD, kept); // of what is free at the heap's end
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

void vch_process_harden(void)
{
    const struct rlimit none = {0, 0};

    VCH_ASSERT(setrlimit(RLIMIT_CORE, &none) == 0);
#ifndef VCH_SANITIZED // the leak checker looks into its own process as a debugger would
    VCH_ASSERT(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
#endif
    VCH_ASSERT(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    VCH_ASSERT(sodium_init() >= 0);
    keep_memory();
}

static void list_levels(char *out, size_t size)
{
    size_t used = 0;

    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level < VCH_CPU_LEVEL_COUNT; level++) {
        const char *separator = level == VCH_CPU_PORTABLE ? "" : ", ";
        int more = snprintf(out + used, size - used, "%s%s", separator, vch_cpu_level_name(level));
        VCH_ASSERT(more > 0 && (size_t)more < size - used);
        used += (size_t)more;
    }
}

vch_status vch_process_cpu_level(enum vch_cpu_level *out, struct vch_complaint *complaint)
{
    const char *cap = getenv("VCH_CPU_LEVEL");

    if (cap == NULL || cap[0] == '\0') {
        *out = vch_cpu_level(NULL);
        return VCH_OK;
    }
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level < VCH_CPU_LEVEL_COUNT; level++)
        if (strcmp(cap, vch_cpu_level_name(level)) == 0) {
            *out = vch_cpu_level(cap);
            return VCH_OK;
        }
    char known[128];
    list_levels(known, sizeof known);
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "VCH_CPU_LEVEL is \"%s\": on this kind of processor it may be %s, or unset",
                        cap, known);
}

// What a container was given, or SIZE_MAX where there is no such limit.
static size_t control_group_memory(void)
{
    char text[32] = {0}, *end = NULL;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");

    if (file == NULL) return SIZE_MAX;
    char *line = fgets(text, sizeof text, file);
    (void)fclose(file);
    if (line == NULL || text[0] < '0' || text[0] > '9') return SIZE_MAX; // "max"
    unsigned long long bytes = strtoull(text, &end, 10);
    return *end == '\n' && bytes > 0 ? (size_t)bytes : SIZE_MAX;
}

size_t vch_process_memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);

    VCH_ASSERT(pages > 0);
    VCH_ASSERT(page_size > 0);
    size_t machine = (size_t)pages * (size_t)page_size, group = control_group_memory();
    return group < machine ? group : machine;
}
