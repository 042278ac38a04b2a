// A handover against a witness that only writes down what comes: what the log has under an anchor
// is not handed over, and whatever else a ledger shows or says does not keep a draft from
// witnesses.
#include "member/handover.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "net/address.h"

enum { DRAFTS_MAX = 8, BODY_SIZE = 1024 };

static struct {
    struct event_base *base;
    struct evhttp *server;
    struct vch_handover *handover;
    uint32_t count, wanted;
    char bodies[DRAFTS_MAX][BODY_SIZE]; // as the witness got them
} f;

static void on_request(struct evhttp_request *request, void *context)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(request);

    (void)context;
    CHECK(f.count < DRAFTS_MAX);
    CHECK(strcmp(evhttp_request_get_uri(request), "/vouch/v1/add-draft") == 0);
    (void)evbuffer_remove(body, f.bodies[f.count++], BODY_SIZE - 1);
    evhttp_send_reply(request, HTTP_OK, NULL, NULL);
    if (f.count == f.wanted) (void)event_base_loopexit(f.base, NULL);
}

static void begin_with(uint32_t patience_ms, bool (*is_wanted)(void *, const uint8_t *, size_t))
{
    char url[64];
    const char *const urls[1] = {url};

    memset(&f, 0, sizeof f);
    f.base = event_base_new();
    f.server = evhttp_new(f.base);
    evhttp_set_gencb(f.server, on_request, NULL);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(f.server, "127.0.0.1", 0);
    CHECK(bound != NULL);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u",
                   vch_address_port(evhttp_bound_socket_get_fd(bound)));
    const struct vch_handover_setup setup = {.base = f.base,
                                             .origin = "test.example/log",
                                             .urls = urls,
                                             .url_count = 1,
                                             .patience_ms = patience_ms,
                                             .parameters = {.draw_ms = 80, .commit_ms = 600000},
                                             .is_wanted = is_wanted};
    CHECK_OK(vch_handover_new(&f.handover, &setup, NULL));
}

static void begin(uint32_t patience_ms)
{
    begin_with(patience_ms, NULL);
}

static void end(void)
{
    vch_handover_free(f.handover);
    evhttp_free(f.server);
    event_base_free(f.base);
}

// Told apart by their signatures; each its own statement.
static struct vch_entry entry(const char *name)
{
    struct vch_entry out = {.kind = VCH_ENTRY_COMMIT,
                            .statement = (const uint8_t *)name,
                            .statement_size = strlen(name)};

    memcpy(out.signature.bytes, name, strlen(name));
    return out;
}

static void owe(const char *name)
{
    const struct vch_entry one = entry(name);

    vch_handover_owe(f.handover, &one, (const uint8_t *)name, strlen(name));
}

static void show(uint64_t position, const char *name)
{
    const struct vch_entry one = entry(name);

    vch_handover_note(f.handover, position, &one);
}

static void anchor(uint64_t position, uint64_t size)
{
    const struct vch_entry one = {.kind = VCH_ENTRY_ANCHOR, .anchor.size = size};

    vch_handover_note(f.handover, position, &one);
}

static void wait_for(uint32_t count)
{
    f.wanted = count;
    CHECK(event_base_dispatch(f.base) >= 0);
}

static void check_body(uint32_t i, const char *base64)
{
    char wanted[BODY_SIZE];

    (void)snprintf(wanted, sizeof wanted, "test.example/log\n%s\n", base64);
    CHECK(strcmp(f.bodies[i], wanted) == 0);
}

TEST(what_an_anchor_covers_no_witness_is_handed)
{
    struct vch_entry lie = entry("lied");

    begin(30);
    owe("anchored");
    owe("never"); // the ledger is silent about it
    owe("shown"); // it is in the log that we are shown, and no witness cosigned that
    owe("lied");  // our signature, and other words
    owe("never"); // said again after a lost connection: the same draft
    owe("anchored");
    show(4, "anchored");
    lie.statement = (const uint8_t *)"lies";
    vch_handover_note(f.handover, 5, &lie);
    anchor(6, 4); // not yet
    anchor(7, 6);
    show(8, "shown");
    anchor(9, 8);
    show(10, "stranger");
    wait_for(3);
    CHECK(f.count == 3);
    check_body(0, "bmV2ZXI=");
    check_body(1, "bGllZA==");
    check_body(2, "c2hvd24="); // after as long again
    end();
}

TEST(a_draft_that_was_handed_over_may_be_owed_again)
{
    begin(30);
    owe("never");
    wait_for(1);
    owe("never");
    owe("later");
    wait_for(3);
    check_body(1, "bmV2ZXI=");
    check_body(2, "bGF0ZXI=");
    end();
}

TEST(without_patience_everything_is_handed_over_at_once)
{
    begin(0);
    owe("now");
    show(1, "now");
    anchor(2, 2);
    wait_for(1);
    check_body(0, "bm93");
    end();
}

TEST(what_waits_when_a_member_ends_is_forgotten)
{
    begin(60000);
    owe("one");
    owe("two");
    end();
}

static bool refuse_one(void *context, const uint8_t *draft, size_t size)
{
    (void)context;
    return size != strlen("unwanted") || memcmp(draft, "unwanted", size) != 0;
}

TEST(a_short_window_leaves_less_patience_and_what_no_log_could_take_stays_here)
{
    begin_with(200, refuse_one);
    struct vch_entry soon = entry("soon"), never = entry("nothing");
    soon.kind = VCH_ENTRY_SORTITION;
    never.kind = VCH_ENTRY_STAKE; // not promised
    owe("late");
    owe("unwanted");
    vch_handover_owe(f.handover, &soon, (const uint8_t *)"soon", 4);
    vch_handover_owe(f.handover, &never, (const uint8_t *)"nothing", 7);
    wait_for(1);
    check_body(0, "c29vbg==");
    wait_for(2);
    check_body(1, "bGF0ZQ==");
    end();
}
