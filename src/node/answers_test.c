// A node's answers: nothing is committed to before it was answered, nothing is sent twice, the
// first answer stands whatever comes later, also over a restart, and the losing side of a verdict
// disputes it with the leaves of its trace.
#include "node/answers.h"

#include <stdlib.h>
#include <unistd.h>

#include "crypto/merkle.h"
#include "harness/folder.h"
#include "harness/ledger.h"

enum { SENT_MAX = 64, LEAVES = 4, SELF = 0 };

static struct scene {
    struct vch_arena arena;
    struct vch_complaint complaint;
    char folder[4096], path[4200];
    struct vch_journal journal;
    struct vch_answers *answers;
    uint32_t sent_count;
    struct vch_entry sent[SENT_MAX];
} scene;

static struct vch_contest_id id;

static void send_entry(void *context, struct vch_entry *entry)
{
    (void)context;
    CHECK(scene.sent_count < SENT_MAX);
    scene.sent[scene.sent_count++] = *entry;
}

static void recall(void *context, const struct vch_journal_record *record)
{
    vch_answers_recall(context, record);
}

static void start(void)
{
    const struct vch_answers_setup setup = {.keys = &ledger.nodes[SELF].seat,
                                            .journal = &scene.journal,
                                            .disputes = true,
                                            .send = send_entry};

    vch_arena_init(&scene.arena, 1 << 24);
    CHECK_OK(vch_answers_new(&scene.answers, &setup, &scene.arena));
    CHECK_OK(vch_journal_open(&scene.journal, scene.path, recall, scene.answers, &scene.complaint));
}

static void stop(void)
{
    vch_answers_release(scene.answers);
    vch_journal_close(&scene.journal);
    vch_arena_release(&scene.arena);
}

static void end(void)
{
    stop();
    folder_remove(scene.folder);
}

// A job of three seats among three nodes: all have one.
static void begin(void)
{
    const struct vch_parameters parameters = ledger_parameters();
    const struct ledger_job plan = ledger_plain_job(3);

    ledger_found(3, 1, &parameters);
    id = (struct vch_contest_id){ledger_open(&plan), 0, 0};
    scene = (struct scene){0};
    folder_make(scene.folder, sizeof scene.folder);
    (void)snprintf(scene.path, sizeof scene.path, "%s/node.seats", scene.folder);
    start();
}

static void turn(void)
{
    scene.sent_count = 0;
    vch_answers_turn(scene.answers, ledger.state, ledger.now);
}

static void check_silent(void)
{
    turn();
    CHECK_EQ(scene.sent_count, 0);
}

// Exactly one statement of that kind is due; the ledger takes it.
static void check_sends(enum vch_entry_kind kind)
{
    turn();
    CHECK_EQ(scene.sent_count, 1);
    CHECK_EQ(scene.sent[0].kind, kind);
    check_silent(); // it is under way
    ledger_do(scene.sent[0], &ledger.nodes[SELF].key);
}

static struct vch_digest trace_of(struct vch_digest *leaves, uint32_t answer)
{
    for (uint32_t i = 0; i < LEAVES; i++)
        leaves[i] = ledger_digest(0x40000 + 16 * answer + i);
    return vch_merkle_root(leaves, LEAVES);
}

static void answer(uint32_t number)
{
    struct vch_digest leaves[LEAVES];
    const struct vch_digest output = ledger_output(number), trace = trace_of(leaves, number);

    CHECK_OK(vch_answers_answer(scene.answers, &id, &output, &trace, leaves, LEAVES));
    CHECK_OK(vch_journal_sync(&scene.journal));
}

// The others commit to their answer and reveal it.
static void others(enum vch_entry_kind kind, uint32_t number)
{
    struct vch_digest leaves[LEAVES];
    const struct vch_digest output = ledger_output(number), trace = trace_of(leaves, number);

    for (uint32_t i = 1; i < 3; i++)
        ledger_do(kind == VCH_ENTRY_COMMIT ? ledger_commit_entry(&id, i, &output, &trace)
                                           : ledger_reveal_entry(&id, i, &output, &trace),
                  &ledger.nodes[i].key);
}

static void draw(void)
{
    ledger_anchor();
    check_sends(VCH_ENTRY_SORTITION);
    for (uint32_t i = 1; i < 3; i++)
        ledger_do(ledger_sortition(&id, i), &ledger.nodes[i].key);
    ledger_clerk();
}

static void close_contest(void)
{
    ledger_clerk();
    check_silent(); // not before witnesses have seen the close
    ledger_anchor();
}

TEST(answers_follow_a_contest_and_say_everything_once)
{
    begin();
    check_silent();
    draw();
    check_silent(); // nothing was answered
    CHECK(vch_answers_own(scene.answers, ledger_contest(&id)) != NULL);
    CHECK(!vch_answers_has_answer(scene.answers, &id));
    answer(1);
    CHECK(vch_answers_has_answer(scene.answers, &id));
    check_sends(VCH_ENTRY_COMMIT);
    others(VCH_ENTRY_COMMIT, 1);
    close_contest();
    check_sends(VCH_ENTRY_REVEAL);
    others(VCH_ENTRY_REVEAL, 1);
    ledger_clerk();
    CHECK_EQ(ledger_contest(&id)->phase, VCH_CONTEST_DECIDED);
    CHECK_EQ(ledger_contest(&id)->seats[0].state, VCH_SEAT_REVEALED);
    check_silent();
    end();
}

TEST(answers_that_were_under_way_are_said_again)
{
    begin();
    draw();
    answer(1);
    turn();
    CHECK_EQ(scene.sent_count, 1);
    const struct vch_entry lost = scene.sent[0];
    check_silent();                         // under way
    vch_answers_forget_sent(scene.answers); // the connection broke
    turn();
    CHECK_EQ(scene.sent_count, 1);
    CHECK(vch_hash_is_equal(&lost.commit.commitment, &scene.sent[0].commit.commitment));
    end();
}

TEST(answers_never_change_not_even_after_a_restart)
{
    begin();
    draw();
    answer(1);
    answer(2); // the first stands
    turn();
    CHECK_EQ(scene.sent_count, 1);
    const struct vch_entry first = scene.sent[0];
    stop(); // killed with its commit on the way
    start();
    CHECK(vch_answers_has_answer(scene.answers, &id));
    answer(3);
    turn();
    CHECK_EQ(scene.sent_count, 1);
    CHECK(vch_hash_is_equal(&first.commit.commitment, &scene.sent[0].commit.commitment));
    ledger_do(scene.sent[0], &ledger.nodes[SELF].key);
    others(VCH_ENTRY_COMMIT, 1);
    close_contest();
    stop();
    start();
    check_sends(VCH_ENTRY_REVEAL); // what it committed to before it was killed
    CHECK_EQ(ledger_contest(&id)->seats[0].state, VCH_SEAT_REVEALED);
    end();
}

TEST(answers_outvoted_are_disputed_to_the_end)
{
    uint32_t moves = 0;

    begin();
    draw();
    answer(1);
    check_sends(VCH_ENTRY_COMMIT);
    others(VCH_ENTRY_COMMIT, 2);
    close_contest();
    check_sends(VCH_ENTRY_REVEAL);
    others(VCH_ENTRY_REVEAL, 2);
    ledger_clerk();
    check_sends(VCH_ENTRY_DISPUTE_OPEN);
    const struct vch_dispute *dispute = vch_state_next_dispute(ledger.state, NULL);
    CHECK(dispute != NULL && dispute->phase == VCH_DISPUTE_MOVING);
    for (; dispute->phase == VCH_DISPUTE_MOVING; moves++) {
        struct vch_digest leaves[LEAVES];
        struct vch_entry defence;
        (void)trace_of(leaves, 2);
        CHECK(vch_seat_next_move(&defence, ledger.state, dispute, &ledger.nodes[1].key.public_key,
                                 leaves, LEAVES));
        check_sends(VCH_ENTRY_DISPUTE_MOVE);
        ledger_do(defence, &ledger.nodes[1].key);
    }
    CHECK_EQ(moves, 2); // four operators
    CHECK_EQ(dispute->phase, VCH_DISPUTE_REFEREES);
    end();
}

// Far more contests than are remembered: memory stays what it was.
TEST(answers_remember_a_bounded_number)
{
    struct vch_contest_id other = {.segment = 1};

    begin();
    draw();
    for (uint32_t i = 0; i < VCH_ANSWERS_MAX + 10; i++) {
        const struct vch_journal_record record = {.contest = other};
        memcpy(other.subject.bytes, &i, sizeof i);
        vch_answers_recall(scene.answers, &record);
    }
    memset(other.subject.bytes, 0, sizeof other.subject.bytes);
    CHECK(!vch_answers_has_answer(scene.answers, &other)); // the oldest gave way
    answer(1);
    check_sends(VCH_ENTRY_COMMIT);
    end();
}
