// The protocol as a ledger speaks it, frame by frame, with no socket and no real clock; and every
// lie that a member can tell in a frame.
#include "ledger/ledger_session.h"

#include "harness/desk.h"
#include "harness/test.h"

static struct desk desk;
static struct vch_arena frames; // of what was sent

static void greet(uint32_t version)
{
    Vouch__Hello body = VOUCH__HELLO__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.version = version;
    frame.body_case = VOUCH__FRAME__BODY_HELLO;
    frame.hello = &body;
    vch_ledger_session_receive(&desk.session, &frame, desk.now);
}

// The next frame that the ledger sent, or NULL.
static Vouch__Frame *sent(void)
{
    Vouch__Frame *frame = NULL;

    CHECK_OK(vch_frame_take(&frame, desk.sent, &frames, NULL));
    return frame;
}

static Vouch__Frame *sent_as(Vouch__Frame__BodyCase body)
{
    Vouch__Frame *frame = sent();

    CHECK(frame != NULL);
    CHECK_EQ(frame->body_case, body);
    return frame;
}

static void set_up(void)
{
    desk_init(&desk);
    vch_arena_init(&frames, 64 << 20);
    greet(VCH_FRAME_VERSION);
    Vouch__Frame *frame = sent_as(VOUCH__FRAME__BODY_WELCOME);
    CHECK_EQ(frame->welcome->n_holdings, 0);
}

static void tear_down(void)
{
    desk_release(&desk);
    vch_arena_release(&frames);
}

static void check_ended(enum vch_code code)
{
    CHECK_EQ(desk.session.end_code, code);
    tear_down();
}

static void receive(Vouch__Frame *frame, Vouch__Frame__BodyCase body)
{
    frame->body_case = body;
    vch_ledger_session_receive(&desk.session, frame, desk.now);
}

static void append(uint64_t id, size_t count, const char *draft, size_t size)
{
    static ProtobufCBinaryData drafts[VCH_REQUEST_DRAFTS_MAX + 1];
    Vouch__LedgerAppend body = VOUCH__LEDGER_APPEND__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    for (size_t i = 0; i < count; i++)
        drafts[i] = (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)draft};
    body.id = id;
    body.n_drafts = count;
    body.drafts = drafts;
    frame.ledger_append = &body;
    receive(&frame, VOUCH__FRAME__BODY_LEDGER_APPEND);
}

static void follow(uint64_t from)
{
    Vouch__LedgerFollow body = VOUCH__LEDGER_FOLLOW__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.from = from;
    frame.ledger_follow = &body;
    receive(&frame, VOUCH__FRAME__BODY_LEDGER_FOLLOW);
}

static void watch(const struct vch_digest *subject, size_t size)
{
    Vouch__LedgerWatch body = VOUCH__LEDGER_WATCH__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.subject = (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)subject->bytes};
    frame.ledger_watch = &body;
    receive(&frame, VOUCH__FRAME__BODY_LEDGER_WATCH);
}

static void prove(uint64_t id, uint64_t *positions, size_t count)
{
    Vouch__LedgerProve body = VOUCH__LEDGER_PROVE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.id = id;
    body.n_positions = count;
    body.positions = positions;
    frame.ledger_prove = &body;
    receive(&frame, VOUCH__FRAME__BODY_LEDGER_PROVE);
}

static void get(uint64_t id, size_t size)
{
    Vouch__LedgerBlobGet body = VOUCH__LEDGER_BLOB_GET__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.id = id;
    body.digest = (ProtobufCBinaryData){size, desk.subject.bytes};
    frame.ledger_blob_get = &body;
    receive(&frame, VOUCH__FRAME__BODY_LEDGER_BLOB_GET);
}

static void put(uint64_t id, uint64_t size)
{
    Vouch__LedgerBlobPut body = VOUCH__LEDGER_BLOB_PUT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.id = id;
    body.size = size;
    frame.ledger_blob_put = &body;
    receive(&frame, VOUCH__FRAME__BODY_LEDGER_BLOB_PUT);
}

static void chunk(uint64_t id, size_t size)
{
    static uint8_t bytes[VCH_FRAME_CHUNK_MAX];
    Vouch__Chunk body = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.id = id;
    body.data = (ProtobufCBinaryData){size, bytes};
    frame.chunk = &body;
    receive(&frame, VOUCH__FRAME__BODY_CHUNK);
}

TEST(ledger_session_answers_each_draft_of_an_append_once_it_is_done)
{
    set_up();
    append(1, 2, "draft", 5);
    append(2, 1, "x", 1);
    CHECK(sent() == NULL); // nothing is acknowledged before it is durable
    CHECK_EQ(desk.queued, 2);
    desk_work(&desk);
    Vouch__LedgerAppended *first = sent_as(VOUCH__FRAME__BODY_LEDGER_APPENDED)->ledger_appended;
    CHECK_EQ(first->id, 1);
    CHECK_EQ(first->n_results, 2);
    CHECK_EQ(first->results[1]->position, 11);
    Vouch__LedgerAppended *second = sent_as(VOUCH__FRAME__BODY_LEDGER_APPENDED)->ledger_appended;
    CHECK_EQ(second->id, 2);
    CHECK_EQ(second->results[0]->code, VCH_CODE_REFUSED);
    CHECK(strcmp(second->results[0]->text, "begins with x") == 0);
    CHECK_EQ(desk.host.counts.drafts_taken, 2);
    CHECK_EQ(desk.host.counts.drafts_refused, 1);
    tear_down();
}

TEST(ledger_session_refuses_drafts_that_are_too_large_or_empty_and_takes_the_others)
{
    static char large[VCH_ENTRY_SIZE_MAX + 1];

    set_up();
    append(1, 1, large, sizeof large);
    append(2, 1, large, 0);
    append(3, 1, large, VCH_ENTRY_SIZE_MAX);
    desk_work(&desk);
    enum vch_code codes[] = {VCH_CODE_LIMIT, VCH_CODE_LIMIT, VCH_CODE_NONE};
    FOR_EACH(code, codes)
    {
        Vouch__Frame *frame = sent_as(VOUCH__FRAME__BODY_LEDGER_APPENDED);
        CHECK_EQ(frame->ledger_appended->results[0]->code, *code);
    }
    tear_down();
}

TEST(ledger_session_without_memory_answers_busy_in_its_turn)
{
    set_up();
    append(1, 1, "draft", 5);
    desk.host.memory_max = desk.host.memory_used;
    append(2, 3, "draft", 5);
    desk_work(&desk);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_APPENDED)->ledger_appended->results[0]->code, 0);
    Vouch__LedgerAppended *second = sent_as(VOUCH__FRAME__BODY_LEDGER_APPENDED)->ledger_appended;
    CHECK_EQ(second->n_results, 3);
    CHECK_EQ(second->results[2]->code, VCH_CODE_BUSY);
    tear_down();
}

TEST(ledger_session_follows_from_memory_and_from_the_store_without_a_gap)
{
    set_up();
    desk.is_cold = true;
    follow(0);
    CHECK(sent() == NULL);
    CHECK_EQ(desk.queued, 1);
    follow(0); // asking again reads nothing twice
    CHECK_EQ(desk.queued, 1);
    desk_work(&desk);
    Vouch__LedgerEntries *entries = sent_as(VOUCH__FRAME__BODY_LEDGER_ENTRIES)->ledger_entries;
    CHECK_EQ(entries->from, 0);
    CHECK_EQ(entries->n_entries, DESK_ENTRIES);
    desk.is_cold = false;
    vch_ledger_session_pump(&desk.session, desk.now);
    CHECK(sent() == NULL); // nothing new
    follow(2);
    entries = sent_as(VOUCH__FRAME__BODY_LEDGER_ENTRIES)->ledger_entries;
    CHECK_EQ(entries->from, 2);
    CHECK_EQ(entries->n_entries, 1);
    CHECK(memcmp(entries->entries[0].data, "six", 3) == 0);
    tear_down();
}

TEST(ledger_session_drops_what_was_read_for_a_place_that_its_follower_left)
{
    set_up();
    desk.is_cold = true;
    follow(0);
    follow(1);
    desk_work(&desk); // entries from 0, which nobody wants any more; then those from 1 are read
    CHECK(sent() == NULL);
    desk_work(&desk);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_ENTRIES)->ledger_entries->from, 1);
    tear_down();
}

TEST(ledger_session_shows_a_follower_nothing_while_it_does_not_read)
{
    set_up();
    desk.is_full = true;
    follow(0);
    CHECK(sent() == NULL);
    desk.is_full = false;
    vch_ledger_session_pump(&desk.session, desk.now);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_ENTRIES)->ledger_entries->n_entries, DESK_ENTRIES);
    tear_down();
}

TEST(ledger_session_never_shows_what_is_not_durable)
{
    set_up();
    desk.host.entry_count = 2; // the subject's second entry is at position 2
    follow(0);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_ENTRIES)->ledger_entries->n_entries, 2);
    watch(&desk.subject, VCH_DIGEST_SIZE);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_EVENTS)->ledger_events->n_events, 1);
    CHECK(sent() == NULL);
    desk.host.entry_count = 3;
    vch_ledger_session_pump(&desk.session, desk.now);
    Vouch__LedgerEvents *events = sent_as(VOUCH__FRAME__BODY_LEDGER_EVENTS)->ledger_events;
    CHECK_EQ(events->events[0]->position, 2);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_ENTRIES)->ledger_entries->from, 2);
    tear_down();
}

TEST(ledger_session_shows_a_watcher_past_and_future_until_the_job_is_over)
{
    set_up();
    desk.is_cold = true;
    watch(&desk.subject, VCH_DIGEST_SIZE);
    CHECK_EQ(desk.session.watch_count, 1);
    desk_work(&desk);
    Vouch__LedgerEvents *events = sent_as(VOUCH__FRAME__BODY_LEDGER_EVENTS)->ledger_events;
    CHECK_EQ(events->n_events, 2);
    CHECK(memcmp(events->subject.data, desk.subject.bytes, VCH_DIGEST_SIZE) == 0);
    CHECK_EQ(events->events[1]->position, 2);
    desk.is_over = true;
    vch_ledger_session_pump(&desk.session, desk.now);
    CHECK_EQ(desk.session.watch_count, 0);
    CHECK(sent() == NULL);
    tear_down();
}

TEST(ledger_session_proves_positions_that_exist)
{
    uint64_t positions[] = {0, 2}, none[] = {1, 3};

    set_up();
    prove(1, none, 2);
    Vouch__LedgerProof *proof = sent_as(VOUCH__FRAME__BODY_LEDGER_PROOF)->ledger_proof;
    CHECK_EQ(proof->code, VCH_CODE_REFUSED);
    prove(2, positions, 2);
    CHECK_EQ(desk.queue[0]->give_up_ms, desk.now.monotonic_ms + VCH_LEDGER_SESSION_PROOF_MS);
    desk_work(&desk);
    proof = sent_as(VOUCH__FRAME__BODY_LEDGER_PROOF)->ledger_proof;
    CHECK_EQ(proof->id, 2);
    CHECK_EQ(proof->n_paths, 2);
    CHECK_EQ(proof->paths[1]->n_path, 2);
    CHECK(memcmp(proof->paths[1]->entry.data, "six", 3) == 0);
    tear_down();
}

TEST(ledger_session_hands_blobs_out_and_takes_them)
{
    set_up();
    get(1, VCH_DIGEST_SIZE);
    desk_work(&desk);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_LEDGER_BLOB)->ledger_blob->size, 4);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_CHUNK)->chunk->data.len, 4);
    put(2, 10);
    CHECK(desk.is_owed);
    chunk(2, 4);
    chunk(2, 6);
    CHECK(!desk.is_owed);
    desk_work(&desk);
    Vouch__LedgerBlobResult *result =
        sent_as(VOUCH__FRAME__BODY_LEDGER_BLOB_RESULT)->ledger_blob_result;
    CHECK_EQ(result->id, 2);
    CHECK_EQ(result->code, 0);
    CHECK(vch_ledger_session_is_idle(&desk.session));
    tear_down();
}

TEST(ledger_session_refuses_blobs_of_a_wrong_size_and_ignores_their_chunks)
{
    set_up();
    put(1, 0);
    put(2, VCH_STORE_BLOB_SIZE_MAX + 1);
    chunk(2, 5);
    for (uint64_t id = 1; id <= 2; id++) {
        Vouch__Frame *frame = sent_as(VOUCH__FRAME__BODY_LEDGER_BLOB_RESULT);
        CHECK_EQ(frame->ledger_blob_result->id, id);
        CHECK_EQ(frame->ledger_blob_result->code, VCH_CODE_LIMIT);
    }
    CHECK_EQ(desk.session.end_code, VCH_CODE_NONE);
    tear_down();
}

TEST(ledger_session_that_is_released_owes_nobody_anything)
{
    set_up();
    append(1, 1, "draft", 5);
    get(2, VCH_DIGEST_SIZE);
    put(3, 100);
    chunk(3, 50);
    vch_ledger_session_release(&desk.session);
    desk_work(&desk);
    CHECK(sent() == NULL);
    CHECK_EQ(desk.host.memory_used, 0);
    tear_down();
}

TEST(ledger_session_answers_pings_and_says_goodbye)
{
    Vouch__Ping ping = VOUCH__PING__INIT;
    Vouch__Goodbye goodbye = VOUCH__GOODBYE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    set_up();
    ping.token = 77;
    frame.ping = &ping;
    receive(&frame, VOUCH__FRAME__BODY_PING);
    CHECK_EQ(sent_as(VOUCH__FRAME__BODY_PONG)->pong->token, 77);
    frame.goodbye = &goodbye;
    receive(&frame, VOUCH__FRAME__BODY_GOODBYE);
    CHECK(desk.session.is_leaving);
    vch_ledger_session_send_goodbye(&desk.session);
    (void)sent_as(VOUCH__FRAME__BODY_GOODBYE);
    tear_down();
}

// What only a liar says.

TEST(ledger_session_ends_with_whoever_speaks_another_version_or_greets_twice)
{
    desk_init(&desk);
    vch_arena_init(&frames, 1 << 20);
    greet(2);
    check_ended(VCH_CODE_UNSUPPORTED);
    set_up();
    greet(VCH_FRAME_VERSION);
    check_ended(VCH_CODE_MALFORMED);
}

TEST(ledger_session_ends_with_whoever_speaks_before_the_hello)
{
    desk_init(&desk);
    vch_arena_init(&frames, 1 << 20);
    follow(0);
    check_ended(VCH_CODE_MALFORMED);
}

TEST(ledger_session_ends_where_identifiers_do_not_grow)
{
    set_up();
    append(2, 1, "draft", 5);
    append(2, 1, "draft", 5);
    check_ended(VCH_CODE_MALFORMED);
    set_up();
    append(2, 1, "draft", 5);
    get(1, VCH_DIGEST_SIZE);
    check_ended(VCH_CODE_MALFORMED);
}

TEST(ledger_session_ends_at_appends_of_no_or_too_many_drafts)
{
    set_up();
    append(1, 0, "", 0);
    check_ended(VCH_CODE_LIMIT);
    set_up();
    append(1, VCH_REQUEST_DRAFTS_MAX + 1, "draft", 5);
    check_ended(VCH_CODE_LIMIT);
}

TEST(ledger_session_ends_at_one_more_append_than_may_be_unanswered)
{
    set_up();
    for (uint64_t id = 1; id <= VCH_LEDGER_SESSION_APPENDS_MAX; id++)
        append(id, 1, "draft", 5);
    CHECK_EQ(desk.session.end_code, VCH_CODE_NONE);
    append(100, 1, "draft", 5);
    check_ended(VCH_CODE_LIMIT);
}

TEST(ledger_session_ends_with_whoever_asks_and_does_not_read)
{
    uint64_t none[] = {99};

    set_up();
    desk.is_full = true;
    for (uint64_t id = 1; id <= VCH_LEDGER_SESSION_ANSWERS_MAX; id++)
        prove(id, none, 1);
    CHECK_EQ(desk.session.end_code, VCH_CODE_NONE);
    prove(1000, none, 1);
    check_ended(VCH_CODE_LIMIT);
}

TEST(ledger_session_ends_at_watches_of_no_digest_or_too_many)
{
    struct vch_digest subject = {{0}};

    set_up();
    watch(&subject, VCH_DIGEST_SIZE - 1);
    check_ended(VCH_CODE_MALFORMED);
    set_up();
    for (uint8_t i = 0; i <= VCH_LEDGER_SESSION_WATCHES_MAX; i++) {
        CHECK_EQ(desk.session.end_code, VCH_CODE_NONE);
        subject.bytes[0] = i;
        watch(&subject, VCH_DIGEST_SIZE);
        watch(&subject, VCH_DIGEST_SIZE); // the same again is nothing new
    }
    check_ended(VCH_CODE_LIMIT);
}

TEST(ledger_session_ends_at_positions_that_do_not_ascend_or_are_none_or_too_many)
{
    static uint64_t positions[VCH_REQUEST_POSITIONS_MAX + 1];

    set_up();
    prove(1, positions, 2);
    check_ended(VCH_CODE_MALFORMED);
    set_up();
    prove(1, positions, 0);
    check_ended(VCH_CODE_MALFORMED);
    for (size_t i = 0; i <= VCH_REQUEST_POSITIONS_MAX; i++)
        positions[i] = i;
    set_up();
    prove(1, positions, VCH_REQUEST_POSITIONS_MAX + 1);
    check_ended(VCH_CODE_MALFORMED);
}

TEST(ledger_session_ends_at_more_proofs_or_blobs_at_once_than_may_be)
{
    uint64_t positions[] = {0};

    set_up();
    for (uint64_t id = 1; id <= VCH_LEDGER_SESSION_PROVES_MAX; id++)
        prove(id, positions, 1);
    CHECK_EQ(desk.session.end_code, VCH_CODE_NONE);
    prove(100, positions, 1);
    check_ended(VCH_CODE_LIMIT);
    set_up();
    get(1, VCH_DIGEST_SIZE);
    get(2, VCH_DIGEST_SIZE);
    check_ended(VCH_CODE_LIMIT);
    set_up();
    put(1, 10);
    put(2, 10);
    check_ended(VCH_CODE_LIMIT);
}

TEST(ledger_session_ends_at_chunks_of_nothing_or_of_a_wrong_size)
{
    set_up();
    chunk(1, 4);
    check_ended(VCH_CODE_MALFORMED);
    set_up();
    put(1, 10);
    chunk(1, 11);
    check_ended(VCH_CODE_MALFORMED);
    set_up();
    put(1, 10);
    chunk(1, 0);
    check_ended(VCH_CODE_MALFORMED);
    set_up();
    get(1, VCH_DIGEST_SIZE - 1);
    check_ended(VCH_CODE_MALFORMED);
}

TEST(ledger_session_ends_at_every_frame_that_only_others_send)
{
    Vouch__Frame__BodyCase others[] = {
        VOUCH__FRAME__BODY_WELCOME,
        VOUCH__FRAME__BODY_RUN_REQUEST,
        VOUCH__FRAME__BODY_RUN_RESULT,
        VOUCH__FRAME__BODY_PROOF_RESULT,
        VOUCH__FRAME__BODY_CANCEL,
        VOUCH__FRAME__BODY_LEDGER_APPENDED,
        VOUCH__FRAME__BODY_LEDGER_ENTRIES,
        VOUCH__FRAME__BODY_LEDGER_EVENTS,
        VOUCH__FRAME__BODY_LEDGER_PROOF,
        VOUCH__FRAME__BODY_LEDGER_BLOB,
        VOUCH__FRAME__BODY_LEDGER_BLOB_RESULT,
        VOUCH__FRAME__BODY_REFEREE_REQUEST,
        VOUCH__FRAME__BODY_REFEREE_RESULT,
    };

    FOR_EACH(body, others)
    {
        Vouch__Frame frame = VOUCH__FRAME__INIT;
        set_up();
        receive(&frame, *body);
        check_ended(VCH_CODE_MALFORMED);
    }
}
