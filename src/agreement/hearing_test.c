// A network whose clerk drops a draft of each kind, and a witness that had promised it: what the
// clerk then signs convicts it, and what an honest clerk signs does not.
#include "agreement/hearing.h"

#include "base/check.h"
#include "harness/ledger.h"
#include "tlog/refusal.h"

static struct vch_parameters parameters;
static struct vch_arena arena;
static struct vch_contest_id id;

struct said {
    struct vch_testimony testimony;
    char text[VCH_TESTIMONY_SIZE_MAX];
    size_t size;
};

static void begin(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 22);
    parameters = ledger_parameters();
    ledger_found(6, 1, &parameters);
}

static void begin_job(uint32_t quorum)
{
    const struct ledger_job plan = ledger_plain_job(quorum);

    begin();
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
}

// Signed by a witness of the charter, as it is now.
static void testify(struct said *out)
{
    struct vch_testimony *said = &out->testimony;
    const struct vch_charter_witness *witness = &ledger.charter.witnesses[1];

    (void)snprintf(said->origin, sizeof said->origin, "%s", ledger.charter.origin);
    (void)snprintf(said->witness, sizeof said->witness, "%s", witness->name);
    struct vch_digest digest = vch_testimony_digest(said, &ledger.charter.id);
    vch_sign_digest(&said->signature, &ledger.witnesses[1], &digest);
    out->size = vch_testimony_encode(out->text, said);
}

// A draft that was handed to that witness now.
static struct said promise(struct vch_entry entry, const struct vch_secret_key *writer)
{
    struct said said = {.testimony = {.kind = VCH_TESTIMONY_PROMISE,
                                      .handed_ms = ledger.now,
                                      .handed_size = vch_state_size(ledger.state)}};
    uint8_t *bytes = NULL;

    CHECK_OK(vch_entry_sign(&entry, &ledger.charter.id, writer, &arena, NULL));
    CHECK_OK(vch_entry_encode(&bytes, &said.testimony.draft_size, &entry, &arena, NULL));
    CHECK(said.testimony.draft_size <= VCH_TESTIMONY_DRAFT_MAX);
    memcpy(said.testimony.draft, bytes, said.testimony.draft_size);
    testify(&said);
    return said;
}

// What the clerk signs of it, of the log as it is now.
static void refuse(struct said *said, uint64_t time_ms)
{
    struct vch_testimony *out = &said->testimony;

    out->kind = VCH_TESTIMONY_REFUSAL;
    out->size = vch_state_size(ledger.state);
    out->root = vch_state_root(ledger.state);
    out->refused_ms = time_ms;
    struct vch_digest digest = vch_refusal_digest(&ledger.charter.id, out->size, &out->root,
                                                  out->refused_ms, out->draft, out->draft_size);
    vch_sign_digest(&out->refusal, &ledger.clerk, &digest);
    said->size = vch_testimony_encode(said->text, out);
}

static const struct vch_registry *find_registry(void *context, const struct vch_digest *digest)
{
    (void)context;
    return ledger_find_registry(NULL, digest);
}

// Replays the log from nothing, as an auditor does.
static struct vch_hearing hear(const struct said *said)
{
    const struct vch_state_setup setup = {
        .limits = ledger_limits(), .checks = vch_state_full_checks(), .registry = find_registry};
    struct vch_hearing hearing;
    struct vch_state *state = NULL;
    struct vch_arena replay, decoded;

    vch_arena_init(&replay, (size_t)1 << 30);
    vch_arena_init(&decoded, 1u << 22);
    CHECK_OK(vch_state_new(&state, &setup, &replay));
    CHECK_OK(vch_hearing_open(&hearing, said->text, said->size, &ledger.charter, &arena, NULL));
    for (uint32_t i = 0; i < ledger.log_count; i++) {
        struct vch_entry entry;
        CHECK_OK(vch_entry_decode(&entry, ledger.log[i].bytes, ledger.log[i].size, &decoded, NULL));
        vch_hearing_before(&hearing, state, &entry);
        CHECK_OK(vch_state_apply(state, &entry, ledger.log[i].bytes, ledger.log[i].size, NULL));
        vch_hearing_after(&hearing, i, &entry);
        vch_arena_rewind(&decoded, (struct vch_arena_mark){0});
    }
    vch_hearing_end(&hearing, state);
    vch_arena_release(&decoded);
    vch_arena_release(&replay);
    return hearing;
}

// A draft that the log would take now: a clerk that refuses it is convicted, whatever comes later;
// one that enters it is not, and neither is one that refuses it the second time.
static void check_drop(struct vch_entry entry, const struct vch_secret_key *writer)
{
    struct said promised = promise(entry, writer), refused = promised;

    CHECK_EQ(hear(&promised).finding, VCH_HEARING_OPEN);
    refuse(&refused, ledger.now);
    CHECK_EQ(hear(&refused).finding, VCH_HEARING_CONVICTED);
    ledger.now += 5;
    ledger_deposit(&ledger.founder, 1);
    CHECK_EQ(hear(&refused).finding, VCH_HEARING_CONVICTED);
    CHECK_EQ(hear(&promised).late_ms, 5);
    CHECK_EQ(hear(&promised).late_entries, 1);
    ledger_do(entry, writer);
    const struct vch_hearing kept = hear(&promised);
    CHECK_EQ(kept.finding, VCH_HEARING_KEPT);
    CHECK_EQ(kept.position, vch_state_size(ledger.state) - 1);
    struct said again = promised;
    refuse(&again, ledger.now);
    CHECK_EQ(hear(&again).finding, VCH_HEARING_RIGHT);
    CHECK(hear(&again).why.text[0] != '\0');
}

static void commit_and_close(const uint32_t *answers)
{
    ledger_draw(&id);
    ledger_commit_all(&id, answers);
    ledger_clerk();
    ledger_anchor();
}

static struct vch_entry reveal_of(uint32_t seat, uint32_t answer)
{
    const struct vch_digest output = ledger_output(answer), trace = ledger_trace(answer);

    return ledger_reveal_entry(&id, ledger_seat(&id, seat), &output, &trace);
}

TEST(a_clerk_that_drops_a_draw_is_convicted)
{
    begin_job(3);
    ledger_anchor();
    check_drop(ledger_sortition(&id, 2), &ledger.nodes[2].key);
}

TEST(a_clerk_that_drops_a_commit_is_convicted)
{
    const struct vch_digest output = ledger_output(5), trace = ledger_trace(5);

    begin_job(3);
    ledger_draw(&id);
    check_drop(ledger_commit_entry(&id, ledger_seat(&id, 1), &output, &trace),
               ledger_seat_key(&id, 1));
}

TEST(a_clerk_that_drops_a_reveal_is_convicted)
{
    const uint32_t answers[] = {5, 5, 5};

    begin_job(3);
    commit_and_close(answers);
    check_drop(reveal_of(0, 5), ledger_seat_key(&id, 0));
}

// By the seat that the two others outvoted.
static struct vch_entry dispute_after_votes(void)
{
    const uint32_t answers[] = {5, 6, 6};
    struct vch_entry open = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    begin_job(3);
    ledger_draw(&id);
    ledger_vote(&id, answers);
    open.dispute_open.job = id.subject;
    open.dispute_open.output = ledger_output(5);
    open.dispute_open.trace = ledger_trace(5);
    return open;
}

TEST(a_clerk_that_drops_a_dispute_is_convicted)
{
    const struct vch_entry open = dispute_after_votes();

    check_drop(open, ledger_seat_key(&id, 0));
}

TEST(a_clerk_that_drops_evidence_is_convicted)
{
    struct vch_entry commits[2], evidence = {.kind = VCH_ENTRY_EVIDENCE};

    begin_job(3);
    ledger_draw(&id);
    for (uint32_t i = 0; i < 2; i++) {
        const struct vch_digest output = ledger_output(5 + i), trace = ledger_trace(5 + i);
        commits[i] = ledger_commit_entry(&id, ledger_seat(&id, 0), &output, &trace);
        CHECK_OK(
            vch_entry_sign(&commits[i], &ledger.charter.id, ledger_seat_key(&id, 0), &arena, NULL));
    }
    evidence.evidence.first = &commits[0];
    evidence.evidence.second = &commits[1];
    check_drop(evidence, &ledger.auditor);
}

TEST(a_clerk_that_drops_a_segment_s_input_is_convicted)
{
    struct ledger_job plan = ledger_plain_job(3);
    const uint32_t answers[] = {5, 5, 5};
    struct vch_entry input = {.kind = VCH_ENTRY_INPUT};

    begin();
    plan.segments = 2;
    plan.each = 3;
    plan.gaps = 2;
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_draw(&id);
    ledger_vote(&id, answers);
    input.input.job = id.subject;
    input.input.segment = 2;
    input.input.input = ledger_digest(0x99);
    check_drop(input, &ledger.client);
}

TEST(a_clerk_that_drops_a_trial_s_result_is_convicted)
{
    struct ledger_job plan = ledger_plain_job(1);
    const uint32_t answers[] = {5};
    struct vch_entry result = {.kind = VCH_ENTRY_TRIAL_RESULT};

    begin();
    plan.is_trial = true;
    plan.trial_node = 3;
    plan.trial_output = ledger_output(5);
    plan.fee = LEDGER_FEE;
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    ledger_anchor();
    ledger_clerk();
    ledger_commit_all(&id, answers);
    ledger_clerk();
    ledger_anchor();
    ledger_reveal_all(&id, answers);
    result.trial_result.job = id.subject;
    result.trial_result.output = ledger_output(5);
    ledger_trial_nonce(result.trial_result.nonce);
    check_drop(result, &ledger.founder);
}

// The time of the refusal decides: before the window is over it would have been a lie.
TEST(a_refusal_is_judged_at_its_time_and_never_before_the_log_s)
{
    const struct vch_entry open = dispute_after_votes();
    struct said said = promise(open, ledger_seat_key(&id, 0));
    const uint64_t end = ledger_contest(&id)->phase_ms + parameters.dispute_ms;
    refuse(&said, end - 1);
    CHECK_EQ(hear(&said).finding, VCH_HEARING_CONVICTED);
    refuse(&said, end);
    CHECK_EQ(hear(&said).finding, VCH_HEARING_RIGHT);
    CHECK_EQ(hear(&said).late_entries, 0);
    ledger.now = end - 1; // the log goes on, and leaves it out until it is too late
    ledger_deposit(&ledger.founder, 1);
    ledger.now = end;
    ledger_deposit(&ledger.founder, 1);
    refuse(&said, 1); // a time long past is that of the last entry
    struct vch_hearing heard = hear(&said);
    CHECK_EQ(heard.finding, VCH_HEARING_RIGHT);
    CHECK_EQ(heard.late_ms, end - 1 - said.testimony.handed_ms);
    CHECK_EQ(heard.late_entries, 1);
}

// Drops all draws but those of its friends, lets the window pass, and then refuses truthfully: what
// is left to show is how long it could have taken them.
TEST(a_clerk_that_waits_until_it_is_too_late_is_late)
{
    begin_job(3);
    ledger_anchor();
    struct said said = promise(ledger_sortition(&id, 0), &ledger.nodes[0].key);
    for (uint32_t i = 1; i < 4; i++) {
        ledger.now += 100;
        ledger_do(ledger_sortition(&id, i), &ledger.nodes[i].key);
    }
    ledger.now += parameters.draw_ms;
    ledger_clerk();
    ledger_deposit(&ledger.founder, 1);
    refuse(&said, ledger.now);
    struct vch_hearing heard = hear(&said);
    CHECK_EQ(heard.finding, VCH_HEARING_RIGHT);
    CHECK_EQ(heard.late_ms, parameters.draw_ms + 300);
    CHECK_EQ(heard.late_entries, 4);
}

TEST(who_speaks_of_another_tree_has_forked)
{
    begin_job(3);
    ledger_anchor();
    struct said said = promise(ledger_sortition(&id, 0), &ledger.nodes[0].key);
    refuse(&said, ledger.now);
    said.testimony.root.bytes[0] ^= 1;
    struct vch_testimony *out = &said.testimony;
    struct vch_digest digest = vch_refusal_digest(&ledger.charter.id, out->size, &out->root,
                                                  out->refused_ms, out->draft, out->draft_size);
    vch_sign_digest(&out->refusal, &ledger.clerk, &digest);
    said.size = vch_testimony_encode(said.text, out);
    CHECK_EQ(hear(&said).finding, VCH_HEARING_FORKED);
    out->size += 1000; // the log ends before
    digest = vch_refusal_digest(&ledger.charter.id, out->size, &out->root, out->refused_ms,
                                out->draft, out->draft_size);
    vch_sign_digest(&out->refusal, &ledger.clerk, &digest);
    said.size = vch_testimony_encode(said.text, out);
    CHECK_EQ(hear(&said).finding, VCH_HEARING_OPEN);
}

TEST(trees_that_never_became_anchors_are_counted)
{
    struct said said = {.testimony = {.kind = VCH_TESTIMONY_LOG, .count = 9, .time_ms = 1}};

    begin_job(3);
    for (int i = 0; i < 3; i++) {
        ledger_anchor();
        ledger_deposit(&ledger.founder, 1);
    }
    said.testimony.size = vch_state_size(ledger.state) - 1;
    CHECK(vch_state_root_at(&said.testimony.root, ledger.state, said.testimony.size));
    ledger_anchor(); // after what the witness spoke of
    testify(&said);
    struct vch_hearing heard = hear(&said);
    CHECK_EQ(heard.finding, VCH_HEARING_RIGHT);
    CHECK(heard.anchors == 3 && heard.own_anchors == 3);
    said.testimony.root.bytes[5] ^= 1;
    testify(&said);
    CHECK_EQ(hear(&said).finding, VCH_HEARING_FORKED);
}

TEST(nobody_is_heard_with_another_s_words)
{
    struct vch_hearing hearing;

    begin_job(3);
    ledger_anchor();
    struct said said = promise(ledger_sortition(&id, 0), &ledger.nodes[0].key), lie;
    refuse(&said, ledger.now);
    for (size_t bit = 0; bit < 8 * said.size; bit++) {
        test_flip(said.text, bit);
        CHECK(!vch_is_ok(
            vch_hearing_open(&hearing, said.text, said.size, &ledger.charter, &arena, NULL)));
        test_flip(said.text, bit);
    }
    for (size_t cut = 0; cut < said.size; cut++)
        CHECK(
            !vch_is_ok(vch_hearing_open(&hearing, said.text, cut, &ledger.charter, &arena, NULL)));
    lie = said; // a stranger's word under the witness's name
    struct vch_digest digest = vch_testimony_digest(&lie.testimony, &ledger.charter.id);
    vch_sign_digest(&lie.testimony.signature, &ledger.stranger, &digest);
    lie.size = vch_testimony_encode(lie.text, &lie.testimony);
    CHECK_FAILS(vch_hearing_open(&hearing, lie.text, lie.size, &ledger.charter, &arena, NULL),
                BAD_PROOF);
    lie = said; // no witness of this ledger
    lie.testimony.witness[0] ^= 1;
    lie.size = vch_testimony_encode(lie.text, &lie.testimony);
    CHECK_FAILS(vch_hearing_open(&hearing, lie.text, lie.size, &ledger.charter, &arena, NULL),
                REFUSED);
}
