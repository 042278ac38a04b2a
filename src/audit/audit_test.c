// What an honest node shows passes, gives the output of a plain run, and is what arithmetic.md
// says.
#include "audit/audit.h"

#include "audit/audit_key.h"
#include "harness/audits.h"
#include "harness/pool.h"
#include "model/run.h"
#include "model/segment.h"

enum { ROUNDS = 6 };

static void check_passes(struct audits *s, struct vch_workers *workers)
{
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_audit_finding finding;
    struct vch_complaint complaint = {0};

    if (!vch_is_ok(audits_run(s, &finding, workers, outputs, &complaint)))
        test_fail(__FILE__, __LINE__, "%s", complaint.text);
    CHECK_EQ(finding.operator_, VCH_NONE);
    for (uint32_t i = 0; i < s->plan.output_count; i++)
        CHECK(memcmp(outputs[i].data, s->outputs[i].data,
                     AUDITS_BATCH * vch_tensor_size(&outputs[i])) == 0);
}

TEST(an_honest_segment_passes_whatever_its_operators)
{
    for (uint32_t kind = 0; kind < AUDITS_KINDS; kind++)
        for (int round = 0; round < ROUNDS; round++) {
            struct audits s;
            audits_open(&s, kind);
            check_passes(&s, NULL);
            CHECK_EQ(vch_audit_tests(&s.audit, AUDITS_BATCH), s.plan.layer_count * AUDITS_BATCH);
            vch_arena_release(&s.arena);
        }
}

TEST(an_honest_segment_passes_between_any_cuts)
{
    for (int round = 0; round < 20; round++) {
        struct audits s;
        uint32_t count = 0;
        audits_open(&s, 11 + (uint32_t)round % 2);
        struct vch_cut *cuts = VCH_ARENA_NEW(&s.arena, struct vch_cut, s.graph->operator_count + 1);
        CHECK_OK(vch_segment_cuts(cuts, &count, s.graph, &s.arena));
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = i + 1; k < count; k++) {
                audits_accumulate(&s, cuts[i].position, cuts[k].position);
                audits_prepare(&s, 1);
                check_passes(&s, NULL);
            }
        vch_arena_release(&s.arena);
    }
}

TEST(an_audit_is_the_same_on_every_level_and_thread_count)
{
    for (uint32_t kind = 0; kind < AUDITS_KINDS; kind++)
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            struct audits s;
            struct pool pool;
            audits_open(&s, kind);
            s.kernels = vch_kernels_select(level);
            pool_init(&pool, 3);
            audits_prepare(&s, 3);
            s.audit.samples = 1; // so that there is something to divide
            check_passes(&s, &pool.workers);
            vch_arena_release(&s.arena);
        }
}

TEST(accumulators_are_the_sums_of_the_specification_on_every_level)
{
    for (uint32_t kind = 0; kind < AUDITS_KINDS; kind++)
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            struct audits s;
            audits_open(&s, kind);
            uint8_t *before = s.bytes;
            s.kernels = vch_kernels_select(level);
            s.bytes = vch_arena_alloc(&s.arena, s.plan.size, 1);
            struct vch_accumulate how;
            CHECK_OK(vch_accumulate_prepare(&how, &s.plan, &s.kernels, &s.arena));
            for (int again = 0; again < 2; again++)
                CHECK_OK(vch_accumulate(s.bytes, &how, &s.plan, s.inputs, s.outputs, NULL, &s.arena,
                                        NULL));
            CHECK(memcmp(before, s.bytes, s.plan.size) == 0);
            vch_arena_release(&s.arena);
        }
}

// For kinds whose linear operator reads the input itself.
TEST(accumulators_are_the_sums_of_the_specification_term_by_term)
{
    for (uint32_t kind = 0; kind < 8; kind++)
        for (int round = 0; round < ROUNDS; round++) {
            struct audits s;
            audits_open(&s, kind);
            const struct vch_accumulators accumulators = audits_decode(&s);
            const struct vch_accumulators_layer *layer = &s.plan.layers[0];
            const struct vch_operator *o = &s.graph->operators[layer->operator_];
            int64_t *sums = VCH_ARENA_NEW(&s.arena, int64_t, layer->count);
            for (uint32_t sample = 0; sample < AUDITS_BATCH; sample++) {
                const void *operands[2] = {
                    (uint8_t *)s.inputs[0].data + sample * vch_tensor_size(&s.inputs[0]), NULL};
                const void *found = vch_accumulators_at(&accumulators, 0, sample);
                vch_linear_accumulate(sums, s.graph, o, operands);
                for (size_t i = 0; i < layer->count; i++)
                    CHECK_EQ(layer->is_wide ? ((const int64_t *)found)[i]
                                            : ((const int32_t *)found)[i],
                             sums[i]);
            }
            vch_arena_release(&s.arena);
        }
}

TEST(an_audit_runs_in_what_it_prepared_and_again)
{
    struct audits s;

    audits_open(&s, 11);
    for (int i = 0; i < 3; i++)
        check_passes(&s, NULL);
    vch_arena_release(&s.arena);
}

TEST(a_key_counts_its_tests_and_ends)
{
    struct vch_audit_key key = {.tests = 5}, read;
    uint8_t bytes[VCH_AUDIT_KEY_SIZE], longer[VCH_AUDIT_KEY_SIZE + 1] = {0};
    struct vch_complaint complaint = {0};

    memset(key.secret, 7, sizeof key.secret);
    vch_audit_key_encode(bytes, &key);
    CHECK_OK(vch_audit_key_decode(&read, bytes, sizeof bytes, NULL));
    CHECK(read.tests == 5 && memcmp(read.secret, key.secret, sizeof key.secret) == 0);
    CHECK_OK(vch_audit_key_take(&read, VCH_AUDIT_KEY_TESTS_MAX - 5, NULL));
    CHECK_FAILS(vch_audit_key_take(&read, 1, &complaint), REFUSED);
    CHECK_FAILS(vch_audit_key_take(&key, UINT64_MAX, NULL), REFUSED);
    CHECK(strstr(complaint.text, "delete it") != NULL);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        CHECK(!vch_is_ok(vch_audit_key_decode(&read, bytes, sizeof bytes, NULL)));
        bytes[i] ^= 1;
    }
    CHECK_FAILS(vch_audit_key_decode(&read, bytes, sizeof bytes - 1, NULL), TRUNCATED);
    memcpy(longer, bytes, sizeof bytes);
    CHECK_FAILS(vch_audit_key_decode(&read, longer, sizeof longer, NULL), MALFORMED);
}
