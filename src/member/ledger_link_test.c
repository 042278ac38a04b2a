// A link to ledgers that lie: each frame that an honest ledger would not send breaks it for good,
// and every request has an end.
#include "member/ledger_link.h"

#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "net/address.h"

static struct {
    struct event_base *base;
    struct evconnlistener *listener;
    struct vch_secret_key founder, clerk;
    struct vch_charter charter;
    struct vch_tls *tls; // the ledger's
    struct vch_stream *stream;
    uint32_t live;
    struct vch_follower *follower;
    struct vch_ledger_link *link;
    Vouch__Frame lie; // said once after the welcome, or when something is asked
    bool lies_when_asked, is_silent;
    uint32_t asked; // requests that came
    bool is_answered;
    uint32_t lost; // requests without an answer, as the stream ended
    vch_status status;
} f;

static void say(const Vouch__Frame *frame)
{
    CHECK_OK(vch_stream_send(f.stream, frame));
}

static void on_open(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void greet(void)
{
    Vouch__Welcome welcome = VOUCH__WELCOME__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    welcome.version = VCH_FRAME_VERSION;
    frame.body_case = VOUCH__FRAME__BODY_WELCOME;
    frame.welcome = &welcome;
    say(&frame);
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    (void)context, (void)stream;
    if (frame->body_case == VOUCH__FRAME__BODY_HELLO) {
        greet();
        if (!f.lies_when_asked) say(&f.lie);
    } else if (frame->body_case != VOUCH__FRAME__BODY_LEDGER_FOLLOW &&
               frame->body_case != VOUCH__FRAME__BODY_LEDGER_WATCH) {
        f.asked++;
        if (f.lies_when_asked && !f.is_silent) say(&f.lie);
    }
}

static void on_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    (void)context, (void)stream, (void)code, (void)why;
    f.stream = NULL;
}

static bool admit(void *context, const struct vch_public_key *key)
{
    (void)context, (void)key;
    return true;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_stream_setup setup = {.base = f.base,
                                     .tls = f.tls,
                                     .live_count = &f.live,
                                     .limits = vch_stream_default_limits(),
                                     .events = {on_open, on_frame, on_room, on_close, NULL}};
    struct vch_tls_admission admission = {admit, NULL};

    (void)listener, (void)address, (void)size, (void)context;
    CHECK_OK(vch_stream_accept(&f.stream, &setup, socket, &admission));
}

static struct vch_secret_key key_of(uint8_t number)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {number};

    vch_sign_key(&key, seed);
    return key;
}

static void make_charter(void)
{
    f.charter = (struct vch_charter){.origin = "test.example/ledger",
                                     .founder = f.founder.public_key,
                                     .clerk = f.clerk.public_key,
                                     .witness_count = 1,
                                     .parameters = vch_charter_default_parameters()};
    f.charter.witnesses[0].key = key_of(10).public_key;
    (void)snprintf(f.charter.witnesses[0].name, sizeof f.charter.witnesses[0].name, "w0");
}

static void listen_here(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f.listener = evconnlistener_new_bind(f.base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 8,
                                         (struct sockaddr *)&address, sizeof address);
    CHECK(f.listener != NULL);
}

static void set_up(void)
{
    struct vch_follower_setup follower = {.limits = vch_state_default_limits()};

    memset(&f, 0, sizeof f);
    vouch__frame__init(&f.lie);
    f.base = event_base_new();
    CHECK(f.base != NULL);
    f.founder = key_of(1);
    f.clerk = key_of(2);
    make_charter();
    const struct vch_signer clerk = vch_signer_local(&f.clerk);
    const struct vch_signer founder = vch_signer_local(&f.founder);
    CHECK_OK(vch_tls_new(&f.tls, &clerk, NULL));
    listen_here();
    follower.charter = f.charter;
    follower.limits.accounts = follower.limits.jobs = 16;
    CHECK_OK(vch_follower_new(&f.follower, &follower, NULL));
    struct vch_ledger_link_setup setup = {.base = f.base,
                                          .signer = &founder,
                                          .live_count = &f.live,
                                          .patience_ms = 3000,
                                          .host = "127.0.0.1",
                                          .port =
                                              vch_address_port(evconnlistener_get_fd(f.listener)),
                                          .charter = f.charter,
                                          .follower = f.follower};
    CHECK_OK(vch_ledger_link_new(&f.link, &setup, NULL));
}

static void tear_down(void)
{
    vch_ledger_link_free(f.link);
    if (f.stream != NULL) vch_stream_drop(f.stream);
    evconnlistener_free(f.listener);
    while (f.live > 0)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) == 0);
    vch_follower_free(f.follower);
    vch_tls_free(f.tls);
    event_base_free(f.base);
}

static void wait_until_broken(void)
{
    while (vch_ledger_link_state(f.link) != VCH_LEDGER_LINK_BROKEN)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) == 0);
    tear_down();
}

static void on_appended(void *context, vch_status status,
                        const struct vch_ledger_link_taken *results, uint32_t count)
{
    (void)context, (void)results, (void)count;
    f.is_answered = true;
    f.status = status;
    f.lost += status.code == VCH_CODE_UNAVAILABLE;
}

static void on_blob(void *context, vch_status status, const uint8_t *bytes, size_t size,
                    const char *text)
{
    (void)context, (void)bytes, (void)size, (void)text;
    f.lost += status.code == VCH_CODE_UNAVAILABLE;
}

static void on_proof(void *context, vch_status status, const struct vch_ledger_link_proof *proof,
                     const char *text)
{
    (void)context, (void)proof, (void)text;
    f.is_answered = true;
    f.status = status;
}

static void wait_for_answer(void)
{
    while (!f.is_answered)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) == 0);
}

static void lose_stream_after(uint32_t requests)
{
    while (f.asked < requests)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) == 0);
    vch_stream_drop(f.stream);
    f.stream = NULL;
}

static void append(void)
{
    struct vch_follower_bytes draft = {(const uint8_t *)"draft", 5};

    CHECK_OK(vch_ledger_link_append(f.link, &draft, 1, on_appended, NULL));
}

TEST(ledger_link_breaks_at_entries_of_another_ledger)
{
    Vouch__LedgerEntries body = VOUCH__LEDGER_ENTRIES__INIT;
    ProtobufCBinaryData entry = {8, (uint8_t *)(uintptr_t) "nonsense"};

    set_up();
    body.n_entries = 1;
    body.entries = &entry;
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_ENTRIES;
    f.lie.ledger_entries = &body;
    wait_until_broken();
}

TEST(ledger_link_breaks_at_answers_that_nobody_asked_for)
{
    Vouch__LedgerAppended appended = VOUCH__LEDGER_APPENDED__INIT;
    Vouch__LedgerBlob blob = VOUCH__LEDGER_BLOB__INIT;
    Vouch__LedgerProof proof = VOUCH__LEDGER_PROOF__INIT;

    set_up();
    appended.id = 1;
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_APPENDED;
    f.lie.ledger_appended = &appended;
    wait_until_broken();
    set_up();
    blob.id = 1;
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_BLOB;
    f.lie.ledger_blob = &blob;
    wait_until_broken();
    set_up();
    proof.id = 1;
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_PROOF;
    f.lie.ledger_proof = &proof;
    wait_until_broken();
}

TEST(ledger_link_breaks_at_frames_that_only_members_send)
{
    Vouch__LedgerFollow follow = VOUCH__LEDGER_FOLLOW__INIT;

    set_up();
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_FOLLOW;
    f.lie.ledger_follow = &follow;
    wait_until_broken();
}

TEST(ledger_link_breaks_at_fewer_results_than_drafts_and_answers_its_owner)
{
    Vouch__LedgerAppended appended = VOUCH__LEDGER_APPENDED__INIT;

    set_up();
    f.lies_when_asked = true;
    appended.id = 1;
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_APPENDED;
    f.lie.ledger_appended = &appended;
    append();
    wait_for_answer();
    CHECK_EQ(f.status.code, VCH_CODE_BAD_PROOF);
    wait_until_broken();
}

TEST(ledger_link_takes_no_proof_without_the_charters_witnesses)
{
    Vouch__LedgerProof proof = VOUCH__LEDGER_PROOF__INIT;
    Vouch__LedgerPath path = VOUCH__LEDGER_PATH__INIT, *paths = &path;
    static char note[] = "test.example/ledger\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n";
    uint64_t position = 0;

    set_up();
    f.lies_when_asked = true;
    proof.id = 1;
    proof.checkpoint = (ProtobufCBinaryData){sizeof note - 1, (uint8_t *)note};
    proof.n_paths = 1;
    proof.paths = &paths;
    f.lie.body_case = VOUCH__FRAME__BODY_LEDGER_PROOF;
    f.lie.ledger_proof = &proof;
    CHECK_OK(vch_ledger_link_prove(f.link, &position, 1, on_proof, NULL));
    wait_for_answer();
    CHECK(!vch_is_ok(f.status));
    tear_down();
}

TEST(ledger_link_gives_up_on_a_ledger_that_says_nothing)
{
    set_up();
    f.lies_when_asked = f.is_silent = true;
    append();
    wait_for_answer();
    CHECK_EQ(f.status.code, VCH_CODE_TIMEOUT);
    tear_down();
}

TEST(ledger_link_says_that_what_was_sent_may_be_lost_and_comes_back)
{
    set_up();
    f.lies_when_asked = f.is_silent = true;
    append();
    lose_stream_after(1);
    wait_for_answer();
    CHECK_EQ(f.status.code, VCH_CODE_UNAVAILABLE);
    CHECK_OK(vch_ledger_link_wait_ready(f.link, 10000, NULL));
    tear_down();
}

// A second registry waits until the first has come; drafts behind it do not.
TEST(ledger_link_says_so_of_everything_that_was_sent_also_behind_what_waits)
{
    struct vch_digest digest = {{0}};

    set_up();
    f.lies_when_asked = f.is_silent = true;
    CHECK_OK(vch_ledger_link_get_blob(f.link, &digest, on_blob, NULL));
    CHECK_OK(vch_ledger_link_get_blob(f.link, &digest, on_blob, NULL));
    append();
    append();
    append();
    lose_stream_after(4);
    while (vch_ledger_link_state(f.link) == VCH_LEDGER_LINK_READY)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) == 0);
    CHECK_EQ(f.lost, 4);
    CHECK_OK(vch_ledger_link_wait_ready(f.link, 10000, NULL));
    while (f.asked < 5) // what waited
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) == 0);
    CHECK_EQ(f.lost, 4);
    tear_down();
}
