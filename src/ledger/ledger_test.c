// A ledger in the test's own process: how it ends.
#include "ledger/ledger.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/folder.h"
#include "harness/test.h"
#include "ledger/ledger_parts.h"
#include "member/charter_file.h"

static struct {
    char folder[256], store[300];
    struct vch_secret_key founder, clerk;
    struct vch_arena arena;
    struct vch_ledger *ledger;
} f;

static void start(void)
{
    const uint8_t seeds[3][VCH_SIGN_SEED_SIZE] = {{1}, {2}, {3}};
    struct vch_secret_key witness;
    uint8_t *charter = NULL;
    size_t size = 0;

    vch_sign_key(&f.founder, seeds[0]);
    vch_sign_key(&f.clerk, seeds[1]);
    vch_sign_key(&witness, seeds[2]);
    struct vch_charter of = {.origin = "test.example/ledger",
                             .founder = f.founder.public_key,
                             .clerk = f.clerk.public_key,
                             .witnesses = {{.name = "w0", .key = witness.public_key}},
                             .witness_count = 1,
                             .parameters = vch_charter_default_parameters()};
    folder_make_quick(f.folder, sizeof f.folder);
    (void)snprintf(f.store, sizeof f.store, "sqlite:%s/log", f.folder);
    vch_arena_init(&f.arena, 1 << 20);
    CHECK_OK(vch_charter_file_encode(&charter, &size, &of, &f.founder, &f.arena, NULL));
    const struct vch_ledger_options options = {.clerk = &f.clerk,
                                               .charter_bytes = charter,
                                               .charter_size = size,
                                               .founder = f.founder.public_key,
                                               .store = f.store,
                                               .verifier_count = 1};
    CHECK_OK(vch_ledger_new(&f.ledger, &options, NULL));
}

static void finish(void)
{
    vch_ledger_free(f.ledger);
    vch_arena_release(&f.arena);
    folder_remove(f.folder);
    memset(&f, 0, sizeof f);
}

// Somebody who has said nothing yet.
static int connect_to_it(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(vch_ledger_port(f.ledger))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    while (f.ledger->streams.count == 0)
        CHECK(event_base_loop(f.ledger->base, EVLOOP_ONCE) == 0);
    return fd;
}

// Its loop turns once more, for the sake of those who are connected.
TEST(a_ledger_that_ends_undrained_looks_at_nothing_any_more)
{
    start();
    int fd = connect_to_it();
    f.ledger->ticks = 199; // the next one is for whatever is done seldom
    event_active(f.ledger->events[0], EV_TIMEOUT, 1);
    finish();
    (void)close(fd);
}

TEST(a_ledger_that_cannot_start_leaves_nothing_behind)
{
    struct vch_ledger_options options = {0};
    struct vch_ledger *second = NULL;

    start();
    options = f.ledger->options;
    options.http_port = vch_ledger_http_port(f.ledger);
    CHECK(!vch_is_ok(vch_ledger_new(&second, &options, NULL)));
    options.http_port = 0;
    options.port = vch_ledger_port(f.ledger);
    CHECK(!vch_is_ok(vch_ledger_new(&second, &options, NULL)));
    finish();
}
