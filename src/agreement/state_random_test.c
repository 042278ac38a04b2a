// Random ledgers: honest courses with lies and nonsense between them.
#include "agreement/state.h"

#include "harness/programs.h"
#include "harness/test.h"

enum { BYTES_MAX = 3000 };

static uint8_t bytes[BYTES_MAX + 64];
static size_t size;

static void put(uint32_t byte)
{
    if (size < BYTES_MAX) bytes[size++] = (uint8_t)byte;
}

static void put_job(uint32_t shape)
{
    put(6), put(shape), put(test_below(256)), put(test_below(4) == 0 ? test_below(256) : 255);
}

// A contest goes on by as many steps, with the clerk doing his part after each.
static void put_course(uint32_t contest, uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++) {
        put(18), put(contest);
        if (test_below(4) == 0) put(0), put(test_below(20) << 2 | 3);
        put(1);
    }
}

static void put_liars(void)
{
    uint32_t liars = test_below(1u << 14);

    liars &= test_below(1u << 14); // a quarter
    put(16), put(liars & 255), put(liars >> 8);
    put(17), put(test_below(256)), put(test_below(4) == 0 ? test_below(256) : 0);
}

static void put_dispute(void)
{
    put(21), put(test_below(256)), put(test_below(3) == 0 ? 17 : test_below(18));
    if (test_below(3) > 0) put(22), put(0);
    if (test_below(4) == 0) put(23);
    if (test_below(3) == 0) put(0), put(4 << 2 | 3), put(1); // 40 seconds
    put_course(test_below(2), test_below(6));
}

static void put_trial(void)
{
    put_job(test_below(2) << 4 | 0x0e);
    for (int i = 0; i < 5; i++) {
        put_course(test_below(2), 1);
        if (i > 2) put(13), put(1 + 2 * (test_below(4) == 0)), put(test_below(256));
    }
    put(1);
}

// Two segments with one of the client's own between them.
static void put_gap(void)
{
    put_job(2 | 0x20 | test_below(2));
    put_course(0, 6);
    put(13), put(2 << 1), put(test_below(256));
    put(13), put(2 << 1), put(0);
    put_course(0, 6);
}

static void put_money(void)
{
    const uint32_t account = test_below(14);

    put(4), put(test_below(4) | test_below(4) << 4), put(account), put(test_below(256));
    put(4), put(2), put(account), put(test_below(100));
    for (int i = 0; i < 12; i++)
        put(0), put(255);
    put(4), put(3), put(account), put(0);
}

// Two commits of a node that may have a seat.
static void put_evidence(void)
{
    put_job(1);
    put_course(0, 2);
    for (uint32_t node = 0; node < 14; node++)
        put(12), put(0), put(node), put(test_below(2)), put(test_below(2)), put(test_below(18));
}

static void make_program(void)
{
    const uint32_t parts = 5 + test_below(40);

    size = 0;
    put(test_below(256));
    for (uint32_t part = 0; part < parts; part++) {
        switch (test_below(13)) {
        case 0: put_job(test_below(256)); break;
        case 1:
        case 2:
            put_job(test_below(3));
            put_course(test_below(2), 3 + test_below(5));
            break;
        case 3: put_course(test_below(4), test_below(8)); break;
        case 4:
        case 5:
        case 11: put_dispute(); break;
        case 6: put_liars(); break;
        case 7: put_trial(); break;
        case 8: put_gap(); break;
        case 9: put_money(); break;
        case 10: put_evidence(); break;
        default:
            for (uint32_t i = test_below(20); i-- > 0;)
                put(test_below(256));
            break;
        }
    }
}

TEST(state_keeps_its_invariants_whatever_is_entered)
{
    uint64_t refused = 0, kinds[VCH_ENTRY_DISPUTE_DEFAULT + 1] = {0};
    uint64_t results[VCH_DISPUTE_VOID + 1] = {0};

    for (int repeat = 0; repeat < 300; repeat++) {
        make_program();
        program_run(bytes, size);
        refused += program.refused;
        for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
            kinds[kind] += program.kinds[kind];
        for (size_t result = 0; result < sizeof results / sizeof *results; result++)
            results[result] += program.results[result];
    }
    CHECK(refused > 1000); // it was no walk in the dark, nor one with a guide
    for (size_t kind = VCH_ENTRY_CHARTER; kind < sizeof kinds / sizeof *kinds; kind++) {
        printf("# %s: %llu\n", vch_entry_kind_text((enum vch_entry_kind)kind),
               (unsigned long long)kinds[kind]);
        CHECK(kinds[kind] > 0);
    }
    for (size_t result = VCH_DISPUTE_OVERTURNED; result <= VCH_DISPUTE_VOID; result++) {
        printf("# disputes with result %zu: %llu\n", result, (unsigned long long)results[result]);
        CHECK(results[result] > 0);
    }
}
