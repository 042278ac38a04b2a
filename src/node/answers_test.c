// A node's answers: nothing is committed to before it was answered, the first answer stands
// whatever comes later, also over a restart, what is under way is not sent twice and what was lost
// is, and the losing side of a verdict disputes it as soon as it has the leaves of its trace.
#include "node/answers.h"

#include <stdlib.h>
#include <unistd.h>

#include "crypto/merkle.h"
#include "harness/folder.h"
#include "harness/ledger.h"
#include "node/appeals.h"

enum { SENT_MAX = 64, LEAVES = 4, SELF = 0 };

static struct scene {
    struct vch_arena arena;
    struct vch_complaint complaint;
    char folder[4096], path[4200];
    struct vch_journal journal;
    struct vch_answers *answers;
    struct vch_appeals appeals;
    bool has_room, has_leaves;
    uint32_t answered; // which answer: 0, none
    struct vch_digest leaves[LEAVES];
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

static bool may_draw(void *context, const struct vch_contest *contest)
{
    (void)context;
    CHECK(vch_hash_is_equal(&contest->id.subject, &id.subject));
    return scene.has_room;
}

static struct vch_digest trace_of(struct vch_digest *leaves, uint32_t answer)
{
    for (uint32_t i = 0; i < LEAVES; i++)
        leaves[i] = ledger_digest(0x40000 + 16 * answer + i);
    return vch_merkle_root(leaves, LEAVES);
}

static const struct vch_digest *leaves_of(void *context, const struct vch_digest *job,
                                          uint32_t segment, const struct vch_digest *trace,
                                          uint32_t *count)
{
    const struct vch_digest own = trace_of(scene.leaves, scene.answered);

    (void)context;
    CHECK(vch_hash_is_equal(job, &id.subject) && segment == id.segment);
    CHECK(vch_hash_is_equal(trace, &own));
    *count = LEAVES;
    return scene.has_leaves ? scene.leaves : NULL;
}

static void start(void)
{
    const struct vch_answers_setup setup = {.keys = &ledger.nodes[SELF].seat,
                                            .journal = &scene.journal,
                                            .send = send_entry,
                                            .may_draw = may_draw};
    const struct vch_appeals_setup appeals = {.self = ledger.nodes[SELF].key.public_key,
                                              .disputes = true,
                                              .send = send_entry,
                                              .leaves = leaves_of};

    vch_arena_init(&scene.arena, 1 << 24);
    CHECK_OK(vch_answers_new(&scene.answers, &setup, &scene.arena));
    CHECK_OK(vch_appeals_init(&scene.appeals, &appeals, &scene.arena));
    CHECK_OK(vch_journal_open(&scene.journal, scene.path, recall, scene.answers, &scene.complaint));
}

static void stop(void)
{
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
    scene = (struct scene){.has_room = true, .has_leaves = true};
    folder_make(scene.folder, sizeof scene.folder);
    (void)snprintf(scene.path, sizeof scene.path, "%s/node.seats", scene.folder);
    start();
}

static void turn(void)
{
    scene.sent_count = 0;
    vch_answers_turn(scene.answers, ledger.state, ledger.now);
    vch_appeals_turn(&scene.appeals, ledger.state, ledger.now);
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

static void answer(uint32_t number)
{
    struct vch_digest leaves[LEAVES];
    const struct vch_digest output = ledger_output(number), trace = trace_of(leaves, number);

    if (scene.answered == 0) vch_appeals_await(&scene.appeals, &id, vch_state_size(ledger.state));
    if (scene.answered == 0) scene.answered = number;
    CHECK_OK(vch_answers_answer(scene.answers, &id, &output, &trace));
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
    CHECK_EQ(vch_answers_own(scene.answers, ledger_contest(&id))->state, VCH_SEAT_REVEALED);
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
    vch_answers_forget_sent(scene.answers); // the connection broke, and came back
    turn();
    CHECK_EQ(scene.sent_count, 1);
    CHECK(vch_hash_is_equal(&lost.commit.commitment, &scene.sent[0].commit.commitment));
    end();
}

// Refused for the moment, lost with a connection, or never sent for want of room: all the same.
TEST(answers_that_the_log_does_not_show_are_said_again_ever_more_slowly)
{
    uint64_t pause = VCH_AGAIN_PAUSE_MS;

    begin();
    draw();
    answer(1);
    turn();
    CHECK_EQ(scene.sent_count, 1);
    const struct vch_entry first = scene.sent[0];
    for (uint32_t i = 0; i < 8; i++) {
        ledger.now += pause - 1;
        check_silent();
        ledger.now++;
        turn();
        CHECK_EQ(scene.sent_count, 1);
        CHECK_EQ(scene.sent[0].kind, VCH_ENTRY_COMMIT);
        CHECK(vch_hash_is_equal(&first.commit.commitment, &scene.sent[0].commit.commitment));
        pause = 2 * pause < VCH_AGAIN_PAUSE_MS_MAX ? 2 * pause : VCH_AGAIN_PAUSE_MS_MAX;
    }
    end();
}

TEST(answers_without_room_to_keep_another_run_are_not_drawn_for)
{
    begin();
    scene.has_room = false;
    ledger_anchor();
    check_silent();
    scene.has_room = true;
    check_sends(VCH_ENTRY_SORTITION);
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
    CHECK_EQ(vch_answers_own(scene.answers, ledger_contest(&id))->state, VCH_SEAT_REVEALED);
    end();
}

// To a verdict for another answer than this node's.
static void lose(void)
{
    draw();
    answer(1);
    check_sends(VCH_ENTRY_COMMIT);
    others(VCH_ENTRY_COMMIT, 2);
    close_contest();
    check_sends(VCH_ENTRY_REVEAL);
    others(VCH_ENTRY_REVEAL, 2);
}

static void fight(void)
{
    uint32_t moves = 0;

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
}

TEST(answers_outvoted_are_disputed_to_the_end)
{
    begin();
    lose();
    ledger_clerk();
    check_sends(VCH_ENTRY_DISPUTE_OPEN);
    fight();
    end();
}

// Killed after its reveal: what it kept is computed again before it disputes, and moves.
TEST(answers_outvoted_are_disputed_after_a_restart_too)
{
    begin();
    lose();
    const uint64_t seen = vch_state_size(ledger.state);
    stop();
    start();
    vch_appeals_await(&scene.appeals, &id, seen);
    check_silent(); // no verdict yet
    ledger_clerk();
    scene.has_leaves = false;
    check_silent(); // it could not move
    scene.has_leaves = true;
    check_sends(VCH_ENTRY_DISPUTE_OPEN);
    stop();
    start(); // and once more, with the dispute open
    vch_appeals_await(&scene.appeals, &id, seen);
    fight();
    end();
}

// A node that starts anew begins with an empty log: what it does not know yet is no reason to
// forget.
TEST(answers_outvoted_are_awaited_by_a_state_that_is_behind)
{
    struct vch_state *known = NULL;

    begin();
    lose();
    known = ledger.state;
    const uint64_t seen = vch_state_size(known);
    const struct vch_state_limits limits = ledger_limits();
    stop();
    start();
    vch_appeals_await(&scene.appeals, &id, seen);
    ledger_make_state(&limits);
    check_silent();
    ledger.state = known;
    ledger_clerk();
    check_sends(VCH_ENTRY_DISPUTE_OPEN);
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
