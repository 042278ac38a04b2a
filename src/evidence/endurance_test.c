// Verifying the same evidence over and over takes no more memory than doing it twice.
// VCH_VERIFICATIONS=10000 is the campaign.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "harness/evidence.h"

// What the libraries below keep for themselves, they have after a few rounds, but for a little.
enum { VERIFICATIONS = 160, WARM_UP = 12, SLACK = 64 << 10, SLACK_KIB = 1024 };

static struct evidence all[EVIDENCE_FORMATS];

static void verify_all(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        CHECK_OK(all[i % EVIDENCE_FORMATS].verify(&all[i % EVIDENCE_FORMATS]));
}

// And one that is refused and one that is unreadable of each, whose ways out are others.
static void refuse_all(void)
{
    for (size_t i = 0; i < EVIDENCE_FORMATS; i++) {
        struct evidence_part *part = &all[i].parts[0];
        test_flip(part->bytes, 8 * (part->size / 2));
        CHECK(!vch_is_ok(all[i].verify(&all[i])));
        test_flip(part->bytes, 8 * (part->size / 2));
        part->size--;
        CHECK(!vch_is_ok(all[i].verify(&all[i])));
        part->size++;
    }
}

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static long peak_kib(void)
{
    struct rusage usage;

    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_maxrss;
}

TEST(evidence_verified_many_times_takes_no_more_memory)
{
    const char *text = getenv("VCH_VERIFICATIONS");
    uint32_t count = text == NULL ? VERIFICATIONS : (uint32_t)strtoul(text, NULL, 10);

    evidence_make(all);
    verify_all(WARM_UP * EVIDENCE_FORMATS);
    refuse_all();
    size_t before = in_use();
    long peak_before = peak_kib();
    if (before == 0) test_skip("a sanitizer keeps what was freed, and looks for leaks itself");
    verify_all(count);
    refuse_all();
    printf(
        "# %u verifications of %d formats: %zu bytes in use, before %zu; at most %ld KiB, before "
        "%ld\n",
        count, EVIDENCE_FORMATS, in_use(), before, peak_kib(), peak_before);
    CHECK(in_use() < before + SLACK);
    CHECK(peak_kib() < peak_before + SLACK_KIB);
    evidence_release();
}
