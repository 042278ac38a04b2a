// Runs that a node keeps: after a restart they are there, give the same leaves when they are run
// again, and the operands of any operator; they go when their segment is final and not before.
#include "node/kept.h"

#include "crypto/merkle.h"
#include "harness/folder.h"
#include "harness/ledger.h"
#include "harness/session_client.h"
#include "node/kept_operands.h"
#include "node/openings.h"
#include "node/rerun.h"
#include "node/vault_volume.h"

enum { OPERATORS = 2, SEEN = 40 };

static struct vch_kept kept;
static struct vch_arena arena;
static char outside[4096], folder[4200];
static uint8_t key[VCH_SEAL_KEY_SIZE] = {5};
static uint64_t disk_max;
static uint32_t found_count;
static struct vch_digest leaves[OPERATORS], output;

static void found(void *context, const struct vch_kept_record *record)
{
    (void)context;
    CHECK_EQ(record->seen, SEEN);
    CHECK(vch_hash_is_equal(&record->output, &output));
    found_count++;
}

static void open_kept(void)
{
    const struct vch_kept_setup setup = {
        .folder = folder, .key = key, .disk_max = disk_max, .window_ms = 1000, .found = found};
    struct vch_complaint complaint = {""};

    found_count = 0;
    vch_arena_init(&arena, 1 << 26);
    CHECK_OK(vch_kept_open(&kept, &setup, &arena, &complaint));
}

static void close_kept(void)
{
    vch_kept_close(&kept);
    vch_arena_release(&arena);
}

static vch_status keep(struct session_fixture *fixture, const struct vch_task *task)
{
    (void)fixture;
    CHECK_EQ(task->leaf_count, OPERATORS);
    memcpy(leaves, task->leaves, sizeof leaves);
    output = task->vote.output;
    return vch_kept_add(&kept, task, SEEN, 0);
}

static struct fixture *begin(void)
{
    struct fixture *f = greeted();

    disk_max = 0;
    session_join_ledger(&f->s);
    f->s.may_work = VCH_SESSION_GO;
    f->s.may_show = VCH_SESSION_NOT_YET;
    f->s.computed = keep;
    folder_make_quick(outside, sizeof outside);
    (void)snprintf(folder, sizeof folder, "%s/runs", outside);
    open_kept();
    return f;
}

static void end(struct fixture *f)
{
    close_kept();
    folder_remove(outside);
    tear_down(f);
}

// A seat that is answered for: its contest.
static struct vch_contest_id answer(struct fixture *f, uint64_t id)
{
    Vouch__RunRequest request = request_of(f, id);
    const struct vch_contest_id contest = {vch_job_id(request.job.data, request.job.len), 0, 0};

    request.agreed = true;
    ask(f, &request);
    chunk(f, id, INPUT, SESSION_SIDE);
    session_work(&f->s);
    return contest;
}

static struct vch_contest_id answer_another(struct fixture *f, uint64_t id)
{
    f->job.nonce.bytes[0]++;
    return answer(f, id);
}

TEST(kept_runs_are_there_after_a_restart_and_run_again_to_the_same_leaves)
{
    struct fixture *f = begin();
    struct vch_complaint complaint = {""};
    const struct vch_contest_id contest = answer(f, 1);
    struct vch_kept_run *run = vch_kept_find(&kept, &contest);

    CHECK(run != NULL && run->leaf_count == OPERATORS);
    CHECK_EQ(memcmp(run->leaves, leaves, sizeof leaves), 0);
    CHECK_OK(vch_kept_sync(&kept));
    const struct vch_digest trace = run->trace, root = vch_merkle_root(leaves, OPERATORS);
    CHECK(vch_hash_is_equal(&trace, &root));
    CHECK_EQ(vch_kept_find_trace(&kept, &contest.subject, 0, &trace) == run, true);
    close_kept();
    open_kept();
    CHECK_EQ(found_count, 1);
    run = vch_kept_find_trace(&kept, &contest.subject, 0, &trace);
    CHECK(run != NULL && run->leaves == NULL);
    f->s.now.unix_ms += 1000000; // the job's deadline is long over, and its registry another
    f->s.registry.digest.bytes[0] ^= 1;
    CHECK_OK(vch_rerun_submit(&f->s.host, &kept, run, &complaint));
    session_work(&f->s);
    CHECK_EQ(run->leaf_count, OPERATORS);
    CHECK_EQ(memcmp(run->leaves, leaves, sizeof leaves), 0);
    CHECK_EQ(kept.count, 1); // the same one
    end(f);
}

TEST(kept_runs_give_what_each_operator_reads)
{
    static const int8_t between[SESSION_SIDE] = {50, -3, 0, 64};
    struct fixture *f = begin();
    const struct vch_contest_id contest = answer(f, 1);
    struct vch_trace_segment segment;
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    struct vch_tensor operand;
    struct vch_kept_record record;

    close_kept();
    open_kept();
    CHECK_OK(vch_kept_load(&record, &kept, vch_kept_find(&kept, &contest), &arena));
    CHECK(vch_hash_is_equal(&record.model, &f->s.models.models[0].package.identity));
    CHECK_EQ(record.job_size > 0 && record.input_size == SESSION_SIDE, true);
    CHECK_OK(vch_trace_segment_init(&segment, &f->s.graph, record.first, record.last,
                                    &record.input_nonce, &record.output_nonce, &arena));
    for (uint32_t i = 0; i < OPERATORS; i++) {
        CHECK_EQ(vch_trace_reads(reads, &segment, i), 1);
        CHECK_OK(vch_kept_operands(&operand, &record, &segment, i, reads, 1, &f->s.kernels, &arena,
                                   NULL));
        CHECK_EQ(memcmp(operand.data, i == 0 ? (const void *)INPUT : between, SESSION_SIDE), 0);
    }
    record.input_size--; // of another model, under this one's name
    CHECK_FAILS(
        vch_kept_operands(&operand, &record, &segment, 0, reads, 1, &f->s.kernels, &arena, NULL),
        MALFORMED);
    end(f);
}

static struct vch_openings openings;

static void opened(void *context, const struct vch_task *task)
{
    (void)context;
    vch_openings_take(&openings, task);
}

TEST(kept_runs_are_opened_by_the_worker_while_the_loop_goes_on)
{
    static const int8_t between[SESSION_SIDE] = {50, -3, 0, 64};
    struct fixture *f = begin();
    const struct vch_contest_id contest = answer(f, 1);
    struct vch_trace_segment segment;
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    struct vch_tensor operand;
    struct vch_kept_record record;

    f->s.host.opened = opened;
    vch_openings_init(&openings, &f->s.host);
    CHECK_OK(vch_kept_load(&record, &kept, vch_kept_find(&kept, &contest), &arena));
    CHECK_OK(vch_trace_segment_init(&segment, &f->s.graph, record.first, record.last,
                                    &record.input_nonce, &record.output_nonce, &arena));
    struct vch_kept_opening opening = {&record, &segment, 0, 1, reads};
    CHECK_EQ(vch_trace_reads(reads, &segment, 0), 1); // what enters: nothing has to be computed
    CHECK_OK(vch_openings_get(&openings, &operand, &opening, &arena));
    CHECK(memcmp(operand.data, INPUT, SESSION_SIDE) == 0);
    CHECK_EQ(f->s.queued, 0);
    opening.operator_ = 1;
    CHECK_EQ(vch_trace_reads(reads, &segment, 1), 1);
    CHECK_FAILS(vch_openings_get(&openings, &operand, &opening, &arena), BUSY);
    CHECK_FAILS(vch_openings_get(&openings, &operand, &opening, &arena), BUSY);
    CHECK_EQ(f->s.queued, 1);
    session_work(&f->s);
    for (int i = 0; i < 2; i++) { // for as many referees as there are
        CHECK_OK(vch_openings_get(&openings, &operand, &opening, &arena));
        CHECK(memcmp(operand.data, between, SESSION_SIDE) == 0);
    }
    CHECK_EQ(f->s.queued, 0);
    CHECK_EQ(kept.count, 1); // nothing was answered anew
    vch_openings_release(&openings);
    end(f);
}

TEST(kept_runs_whose_opening_fails_are_asked_again)
{
    struct fixture *f = begin();
    const struct vch_contest_id contest = answer(f, 1);
    struct vch_trace_segment segment;
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    struct vch_tensor operand;
    struct vch_kept_record record;

    f->s.host.opened = opened;
    vch_openings_init(&openings, &f->s.host);
    CHECK_OK(vch_kept_load(&record, &kept, vch_kept_find(&kept, &contest), &arena));
    CHECK_OK(vch_trace_segment_init(&segment, &f->s.graph, record.first, record.last,
                                    &record.input_nonce, &record.output_nonce, &arena));
    const struct vch_kept_opening opening = {&record, &segment, 1, 1, reads};
    CHECK_EQ(vch_trace_reads(reads, &segment, 1), 1);
    for (int i = 0; i < 2; i++) {
        CHECK_FAILS(vch_openings_get(&openings, &operand, &opening, &arena), BUSY);
        CHECK_EQ(f->s.queued, 1);
        atomic_store(&f->s.queue[0]->is_cancelled, true);
        session_work(&f->s);
    }
    size_t memory_max = f->s.host.memory_max;
    f->s.host.memory_max = 1; // and where there is no room, that is said
    CHECK_FAILS(vch_openings_get(&openings, &operand, &opening, &arena), LIMIT);
    f->s.host.memory_max = memory_max;
    vch_openings_release(&openings);
    end(f);
}

// A job and an input of a client with that number, as something like it would be asked for.
enum { SIZE = 200 + SESSION_SIDE, SOMEBODY = 1000 };

static uint32_t contests;

static struct vch_public_key client_of(uint64_t number)
{
    return ledger_key((uint32_t)number).public_key;
}

static void keep_for(struct fixture *f, uint64_t number)
{
    static const uint8_t job[SIZE - SESSION_SIDE];
    struct vch_task task = {.job_id = ledger_digest(++contests),
                            .client = client_of(number),
                            .model = &f->s.models.models[0],
                            .last = 1,
                            .batch = 1,
                            .job = job,
                            .job_size = sizeof job,
                            .input = f->input,
                            .input_size = SESSION_SIDE};

    CHECK_OK(vch_kept_add(&kept, &task, 0, 0));
}

static bool fits(uint64_t number)
{
    const struct vch_contest_id another = {ledger_digest(0xffff), 0, 0};
    const struct vch_public_key client = client_of(number);

    return vch_kept_fits(&kept, &another, &client, SIZE);
}

static bool has_room(uint64_t number)
{
    const struct vch_contest_id another = {ledger_digest(0xffff), 0, 0};
    const struct vch_public_key client = client_of(number);

    return vch_kept_has_room(&kept, &another, &client, SIZE);
}

static void sweep(void)
{
    vch_kept_sweep(&kept, ledger.state);
}

// Whoever asks for the same seat again fills no disk.
TEST(kept_runs_are_kept_once)
{
    struct fixture *f = begin();

    (void)answer(f, 1);
    const uint64_t size = kept.vault.size;
    for (uint64_t id = 2; id < 6; id++)
        (void)answer(f, id);
    CHECK_EQ(kept.count, 1);
    CHECK_EQ(kept.vault.size, size);
    end(f);
}

TEST(kept_runs_have_a_limit_and_drawing_stops_before_it)
{
    struct fixture *f = begin();
    uint64_t id = 1;

    close_kept();
    disk_max = 4000;
    open_kept();
    CHECK(has_room(id));
    for (; has_room(id); id++)
        keep_for(f, id);
    CHECK(fits(id)); // for those that were drawn already
    for (; fits(id); id++)
        keep_for(f, id);
    CHECK(id < 30);
    CHECK(kept.vault.size <= disk_max);
    end(f);
}

// Whoever fills its share is out, and has kept nobody else's seats from this node.
TEST(kept_runs_of_one_client_take_no_more_than_its_share)
{
    enum { GREEDY = 1, OTHER = 2 };
    struct fixture *f = begin();
    uint32_t count = 0;

    close_kept();
    disk_max = 64000;
    open_kept();
    for (; fits(GREEDY); count++)
        keep_for(f, GREEDY);
    CHECK(count > 10);
    CHECK(kept.vault.size <= disk_max / VCH_KEPT_ROOM_SHARE + VCH_VAULT_VOLUME_HEAD);
    CHECK(!has_room(GREEDY));
    CHECK(has_room(OTHER) && fits(OTHER));
    keep_for(f, OTHER);
    CHECK(!fits(GREEDY) && has_room(OTHER));
    end(f);
}

TEST(kept_runs_are_as_large_as_a_share_at_most)
{
    struct fixture *f = begin();
    const struct vch_contest_id contest = {ledger_digest(1), 0, 0};
    const struct vch_public_key client = client_of(1);
    const uint64_t most = vch_kept_size_max(&kept);

    CHECK(most < VCH_KEPT_DISK_MAX / 8 && most > VCH_KEPT_DISK_MAX / 8 - 1000);
    CHECK(vch_kept_has_room(&kept, &contest, &client, most));
    CHECK(!vch_kept_has_room(&kept, &contest, &client, most + 1));
    CHECK(!vch_kept_has_room(&kept, &contest, &client, UINT64_MAX));
    end(f);
}

// The share is of a key that the job names: a restart forgets none of it.
TEST(kept_runs_are_their_clients_after_a_restart)
{
    struct fixture *f = begin();
    const struct vch_public_key client = f->s.client_key.public_key;
    const struct vch_contest_id another = {ledger_digest(77), 0, 0};
    uint64_t id = 1;

    close_kept();
    disk_max = 32000;
    open_kept();
    for (; vch_kept_fits(&kept, &another, &client, SIZE); id++)
        (void)answer_another(f, id);
    CHECK_OK(vch_kept_sync(&kept));
    close_kept();
    open_kept();
    CHECK_EQ(found_count, id - 1);
    CHECK(!vch_kept_fits(&kept, &another, &client, SIZE) && has_room(SOMEBODY));
    end(f);
}

// From the draw on: a client that opens many jobs and sends nothing is not drawn for either.
TEST(kept_room_is_booked_from_the_draw_on)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);
    struct fixture *f = begin();
    uint32_t count = 0;

    close_kept();
    disk_max = 64000;
    open_kept();
    ledger_found(3, 1, &parameters);
    const struct vch_contest_id contest = {ledger_open(&plan), 0, 0};
    const struct vch_public_key client = client_of(1);
    vch_kept_book(&kept, &contest, &client, SIZE);
    vch_kept_book(&kept, &contest, &client, SIZE); // said again
    CHECK_EQ(kept.room.booked_count, 1);
    for (; has_room(1); count++) {
        const struct vch_contest_id unknown = {ledger_digest(1000 + count), 0, 0};
        vch_kept_book(&kept, &unknown, &client, SIZE);
    }
    CHECK(count > 10 && has_room(2) && !fits(1));
    CHECK(vch_kept_fits(&kept, &contest, &client, SIZE)); // for which it was booked
    CHECK_EQ(kept.vault.size, 0);
    for (uint32_t i = 0; i < VCH_KEPT_ROOM_BOOKED; i++)
        sweep();
    CHECK_EQ(kept.room.booked_count, 1); // the one that is under way
    CHECK(has_room(1));
    end(f);
}

TEST(kept_room_that_was_booked_is_given_back_once)
{
    struct fixture *f = begin();
    const struct vch_public_key client = client_of(1);
    const struct vch_contest_id next = {ledger_digest(contests + 1), 0, 0};

    vch_kept_book(&kept, &next, &client, SIZE);
    CHECK(kept.room.booked_size > 0);
    keep_for(f, 1);
    CHECK_EQ(kept.room.booked_count, 0);
    CHECK_EQ(kept.room.booked_size, 0);
    CHECK_EQ(kept.room.clients[kept.runs[0].client].runs, 1);
    CHECK_EQ(kept.room.clients[kept.runs[0].client].size, kept.vault.size - VCH_VAULT_VOLUME_HEAD);
    end(f);
}

TEST(kept_runs_go_when_their_segment_is_final)
{
    static const uint32_t answers[] = {1, 1, 1};
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);
    struct fixture *f = begin();

    ledger_found(3, 1, &parameters);
    const struct vch_contest_id contest = {ledger_open(&plan), 0, 0};
    struct vch_task task = {.job_id = contest.subject,
                            .model = &f->s.models.models[0],
                            .last = 1,
                            .batch = 1,
                            .input = f->input,
                            .input_size = SESSION_SIDE};
    CHECK_OK(vch_kept_add(&kept, &task, vch_state_size(ledger.state), 0));
    ledger_draw(&contest);
    ledger_vote(&contest, answers);
    sweep();
    CHECK_EQ(kept.count, 1); // it can be disputed
    ledger.now += parameters.dispute_ms;
    sweep();
    CHECK_EQ(kept.count, 1); // no entry says that time has passed
    ledger_tick();
    sweep();
    CHECK_EQ(kept.count, 0);
    CHECK_EQ(kept.vault.size, 0);
    end(f);
}

// A node that starts anew follows the log from its beginning, and is shown an old one perhaps.
TEST(kept_runs_that_a_state_does_not_know_yet_stay)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct vch_state_limits limits = ledger_limits();
    struct fixture *f = begin();
    struct vch_task task = {.job_id = ledger_digest(1),
                            .model = &f->s.models.models[0],
                            .last = 1,
                            .batch = 1,
                            .input = f->input,
                            .input_size = SESSION_SIDE};

    ledger_found(3, 1, &parameters);
    struct vch_state *known = ledger.state;
    CHECK_OK(vch_kept_add(&kept, &task, vch_state_size(known), 0));
    ledger_make_state(&limits);
    sweep();
    CHECK_EQ(kept.count, 1);
    ledger.state = known; // it has forgotten the job, so nobody can dispute it
    sweep();
    CHECK_EQ(kept.count, 0);
    end(f);
}
