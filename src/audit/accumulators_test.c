// The file: exactly one form, and nothing else is read.
#include "audit/accumulators.h"

#include "harness/audits.h"

static struct audits open_any(void)
{
    struct audits s;

    audits_open(&s, test_below(AUDITS_KINDS));
    return s;
}

static vch_status decode(const struct audits *s, const uint8_t *bytes, size_t size,
                         struct vch_complaint *complaint)
{
    struct vch_accumulators out;
    return vch_accumulators_decode(&out, &s->plan, bytes, size, complaint);
}

TEST(accumulators_of_any_other_head_are_refused)
{
    struct audits s = open_any();

    for (size_t i = 0; i < VCH_ACCUMULATORS_HEAD_SIZE; i++) {
        struct vch_complaint complaint = {0};
        s.bytes[i] ^= (uint8_t)(1 + test_below(255));
        const vch_status status = decode(&s, s.bytes, s.plan.size, &complaint);
        const bool is_claim = i >= 56 && i < 120; // about input and output: an audit finds out
        CHECK_EQ(vch_is_ok(status), is_claim);
        CHECK_EQ(complaint.text[0] != '\0', !is_claim);
        audits_accumulate(&s, 0, s.graph->operator_count);
    }
    vch_arena_release(&s.arena);
}

TEST(accumulators_of_another_size_are_refused)
{
    struct audits s = open_any();
    uint8_t *longer = vch_arena_alloc(&s.arena, s.plan.size + 1, 1);

    memcpy(longer, s.bytes, s.plan.size);
    CHECK_OK(decode(&s, longer, s.plan.size, NULL));
    CHECK_FAILS(decode(&s, longer, s.plan.size + 1, NULL), MALFORMED);
    for (size_t size = 0; size < s.plan.size; size += 1 + size / 7)
        CHECK_FAILS(decode(&s, longer, size, NULL), TRUNCATED);
    vch_arena_release(&s.arena);
}

TEST(accumulators_have_zeros_between_them)
{
    for (uint32_t kind = 0; kind < AUDITS_KINDS; kind++) {
        struct audits s;
        audits_open(&s, kind);
        for (uint32_t i = 0; i < s.plan.layer_count; i++) {
            const struct vch_accumulators_layer *l = &s.plan.layers[i];
            const size_t end = l->offset + l->count * AUDITS_BATCH * (l->is_wide ? 8 : 4);
            const size_t next = i + 1 < s.plan.layer_count ? l[1].offset : s.plan.size;
            CHECK(next % 64 == 0 && next - end < 64);
            for (size_t at = end; at < next; at++) {
                s.bytes[at] = 1;
                CHECK_FAILS(decode(&s, s.bytes, s.plan.size, NULL), MALFORMED);
                s.bytes[at] = 0;
            }
        }
        CHECK_OK(decode(&s, s.bytes, s.plan.size, NULL));
        vch_arena_release(&s.arena);
    }
}

TEST(accumulators_are_planned_for_segments_and_batches_alone)
{
    struct audits s;
    struct vch_accumulators_plan plan;
    struct vch_complaint complaint = {0};
    uint32_t first = 0, last = 0, batch = 0;

    audits_open(&s, 8); // both operands from one value
    const uint32_t end = s.graph->operator_count;
    CHECK_FAILS(vch_accumulators_plan(&plan, s.graph, &s.identity, 1, 1, 1, &s.arena, NULL), USAGE);
    CHECK_FAILS(vch_accumulators_plan(&plan, s.graph, &s.identity, 0, end + 1, 1, &s.arena, NULL),
                USAGE);
    CHECK_FAILS(vch_accumulators_plan(&plan, s.graph, &s.identity, 0, end, 0, &s.arena, NULL),
                LIMIT);
    CHECK_FAILS(vch_accumulators_plan(&plan, s.graph, &s.identity, 0, end, VCH_BATCH_MAX + 1,
                                      &s.arena, &complaint),
                LIMIT);
    CHECK(complaint.text[0] != '\0');
    CHECK_OK(vch_accumulators_peek(&first, &last, &batch, s.bytes, s.plan.size, NULL));
    CHECK(first == 0 && last == end && batch == AUDITS_BATCH);
    CHECK_FAILS(vch_accumulators_peek(&first, &last, &batch, s.bytes, 127, NULL), TRUNCATED);
    s.bytes[0] ^= 1;
    CHECK_FAILS(vch_accumulators_peek(&first, &last, &batch, s.bytes, s.plan.size, NULL),
                MALFORMED);
    vch_arena_release(&s.arena);
}
