// Attestation over live TLS connections: between two honest ends, and where one relays, reflects,
// replays or shows what was made for something else.
#include "channel/channel.h"

#include "harness/channels.h"

static bool is_settled(const struct channels_end *end)
{
    const char *why = NULL;

    return vch_channel_trouble(&end->channel, &why) != VCH_CODE_NONE ||
           vch_channel_is_open(&end->channel, vch_transport_now());
}

static void check_refused(const struct channels_end *end, const char *check)
{
    const char *why = NULL;

    CHECK_EQ(vch_channel_trouble(&end->channel, &why), VCH_CODE_REFUSED);
    CHECK(!vch_channel_is_open(&end->channel, vch_transport_now()));
    CHECK(strcmp(why, check) == 0);
}

// A client that asks a server which has hardware.
static struct channels *set_up(struct channels_pair *pair)
{
    struct channels *scene = channels_new();

    scene->asks[CHANNELS_CLIENT] = true;
    channels_attest(scene, CHANNELS_SERVER, VCH_BINDER_SNP);
    channels_connect(scene, pair);
    return scene;
}

static void tear_down(struct channels *scene, struct channels_pair *pair)
{
    channels_disconnect(pair);
    channels_free(scene);
}

static void ask(struct channels *scene, struct channels_end *end)
{
    vch_channel_begin(&end->channel, vch_transport_now());
    while (!is_settled(end))
        channels_turn(scene);
}

static void other_connection(struct vch_binder *binder);

TEST(channel_opens_for_evidence_that_is_bound_to_it)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    struct channels_end *client = &pair.ends[CHANNELS_CLIENT];

    CHECK(!vch_channel_is_open(&client->channel, vch_transport_now()));
    CHECK(vch_channel_is_open(&pair.ends[CHANNELS_SERVER].channel, vch_transport_now()));
    ask(scene, client);
    CHECK(vch_channel_is_open(&client->channel, vch_transport_now()));
    CHECK_EQ(scene->accepted, 1);
    // What the server has shown is what the client held it to.
    CHECK(pair.ends[CHANNELS_SERVER].channel.has_shown);
    CHECK(memcmp(pair.ends[CHANNELS_SERVER].channel.shown,
                 client->channel.asker.kept.verdict.binder, VCH_BINDER_SIZE) == 0);
    CHECK(client->channel.asker.kept.size > 0);
    tear_down(scene, &pair);
}

TEST(channel_is_mutual_where_both_ends_ask)
{
    struct channels *scene = channels_new();
    struct channels_pair pair;

    scene->asks[CHANNELS_CLIENT] = scene->asks[CHANNELS_SERVER] = true;
    channels_attest(scene, CHANNELS_SERVER, VCH_BINDER_SNP);
    channels_attest(scene, CHANNELS_CLIENT, VCH_BINDER_SNP);
    channels_connect(scene, &pair);
    vch_channel_begin(&pair.ends[CHANNELS_SERVER].channel, vch_transport_now());
    ask(scene, &pair.ends[CHANNELS_CLIENT]);
    while (!is_settled(&pair.ends[CHANNELS_SERVER]))
        channels_turn(scene);
    CHECK_EQ(scene->accepted, 2);
    tear_down(scene, &pair);
}

// On the same connection, each time with another nonce; until the hardware lies.
TEST(channel_asks_again_while_it_is_open_and_ends_when_the_answer_does_not_hold)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    struct vch_channel *channel = &pair.ends[CHANNELS_CLIENT].channel;
    uint8_t first[32];
    const char *why = NULL;

    scene->policy.again_ms = 40;
    ask(scene, &pair.ends[CHANNELS_CLIENT]);
    memcpy(first, channel->asker.kept.salt, sizeof first);
    while (channel->asker.accepted_count < 3) {
        vch_channel_tick(channel, vch_transport_now());
        channels_turn(scene);
    }
    CHECK(memcmp(first, channel->asker.kept.salt, sizeof first) != 0);
    scene->lies[CHANNELS_SERVER].change = other_connection;
    while (vch_channel_trouble(channel, &why) == VCH_CODE_NONE) {
        vch_channel_tick(channel, vch_transport_now());
        channels_turn(scene);
    }
    check_refused(&pair.ends[CHANNELS_CLIENT], "binding.evidence");
    tear_down(scene, &pair);
}

TEST(channel_without_anything_to_show_says_so)
{
    struct channels *scene = channels_new();
    struct channels_pair pair;
    const char *why = NULL;

    scene->asks[CHANNELS_CLIENT] = true;
    channels_connect(scene, &pair);
    vch_channel_begin(&pair.ends[CHANNELS_CLIENT].channel, vch_transport_now());
    while (!is_settled(&pair.ends[CHANNELS_SERVER]) ||
           vch_channel_trouble(&pair.ends[CHANNELS_SERVER].channel, &why) == VCH_CODE_NONE)
        channels_turn(scene);
    CHECK_EQ(vch_channel_trouble(&pair.ends[CHANNELS_SERVER].channel, &why), VCH_CODE_UNSUPPORTED);
    CHECK(strstr(why, "--attest") != NULL);
    tear_down(scene, &pair);
}

TEST(channel_evidence_of_a_kind_that_was_not_asked_for_is_not_made)
{
    struct channels *scene = channels_new();
    struct channels_pair pair;
    const char *why = NULL;

    scene->asks[CHANNELS_CLIENT] = true;
    channels_attest(scene, CHANNELS_SERVER, VCH_BINDER_TDX);
    channels_connect(scene, &pair);
    vch_channel_begin(&pair.ends[CHANNELS_CLIENT].channel, vch_transport_now());
    while (vch_channel_trouble(&pair.ends[CHANNELS_SERVER].channel, &why) == VCH_CODE_NONE)
        channels_turn(scene);
    CHECK_EQ(vch_channel_trouble(&pair.ends[CHANNELS_SERVER].channel, &why), VCH_CODE_UNSUPPORTED);
    tear_down(scene, &pair);
}

static void other_nonce(struct vch_binder *binder)
{
    binder->nonce[31] ^= 1;
}
static void other_connection(struct vch_binder *binder)
{
    binder->exporter[0] ^= 1;
}
static void other_certificate(struct vch_binder *binder)
{
    binder->own = vch_hash_bytes("another certificate's key", 25);
}
static void other_peer(struct vch_binder *binder)
{
    binder->peer = vch_hash_bytes("another verifier's key", 22);
}
static void other_role(struct vch_binder *binder)
{
    binder->role = VCH_BINDER_CLIENT;
}
static void other_kind(struct vch_binder *binder)
{
    binder->kind = VCH_BINDER_TDX;
}
static void other_sealing_key(struct vch_binder *binder)
{
    binder->sealing_key[0] ^= 1;
}
static void other_node(struct vch_binder *binder)
{
    binder->node[0] ^= 1;
}
static void other_statement(struct vch_binder *binder)
{
    binder->facts = vch_hash_bytes("another statement", 17);
}
static void other_policy(struct vch_binder *binder)
{
    binder->policy = vch_hash_bytes("another policy", 14);
}
static void registration(struct vch_binder *binder)
{
    binder->mode = VCH_BINDER_REGISTRATION;
    memset(binder->exporter, 0, sizeof binder->exporter);
    memset(binder->peer.bytes, 0, sizeof binder->peer.bytes);
}

TEST(channel_evidence_for_another_block_is_refused)
{
    static void (*const changes[])(struct vch_binder *) = {
        other_nonce,     other_connection,  other_certificate, other_peer,
        other_role,      other_kind,        other_node,        other_policy,
        other_statement, other_sealing_key, registration};

    FOR_EACH(change, changes)
    {
        struct channels_pair pair;
        struct channels *scene = set_up(&pair);

        scene->lies[CHANNELS_SERVER].change = *change;
        ask(scene, &pair.ends[CHANNELS_CLIENT]);
        check_refused(&pair.ends[CHANNELS_CLIENT], "binding.evidence");
        CHECK_EQ(scene->judged, 1);
        tear_down(scene, &pair);
    }
}

static void half(uint8_t report[static VCH_BINDER_REPORT_SIZE],
                 const uint8_t binder[static VCH_BINDER_SIZE])
{
    (void)binder;
    memset(report + VCH_BINDER_REPORT_SIZE / 2, 0, VCH_BINDER_REPORT_SIZE / 2);
}
static void short_hash(uint8_t report[static VCH_BINDER_REPORT_SIZE],
                       const uint8_t binder[static VCH_BINDER_SIZE])
{
    const struct vch_digest digest = vch_hash_bytes(binder, VCH_BINDER_SIZE);

    memset(report, 0, VCH_BINDER_REPORT_SIZE);
    memcpy(report, digest.bytes, sizeof digest.bytes);
}
static void zeroes(uint8_t report[static VCH_BINDER_REPORT_SIZE],
                   const uint8_t binder[static VCH_BINDER_SIZE])
{
    (void)binder;
    memset(report, 0, VCH_BINDER_REPORT_SIZE);
}

TEST(channel_evidence_that_is_equal_in_part_is_refused)
{
    static void (*const spoils[])(uint8_t *, const uint8_t *) = {half, short_hash, zeroes};

    FOR_EACH(spoil, spoils)
    {
        struct channels_pair pair;
        struct channels *scene = set_up(&pair);

        scene->lies[CHANNELS_SERVER].spoil = *spoil;
        ask(scene, &pair.ends[CHANNELS_CLIENT]);
        check_refused(&pair.ends[CHANNELS_CLIENT], "binding.evidence");
        tear_down(scene, &pair);
    }
}

// The other end learns that there is none, and nothing of what this machine looks like inside.
TEST(channel_hardware_that_gives_nothing_or_too_much_is_no_evidence)
{
    static const struct channels_lie lies[] = {{.is_broken = true},
                                               {.more_bytes = VCH_EXCHANGE_SIZE_MAX}};

    FOR_EACH(lie, lies)
    {
        struct channels_pair pair;
        struct channels *scene = set_up(&pair);
        const struct vch_channel *server = &pair.ends[CHANNELS_SERVER].channel;
        const char *why = NULL;

        scene->lies[CHANNELS_SERVER] = *lie;
        vch_channel_begin(&pair.ends[CHANNELS_CLIENT].channel, vch_transport_now());
        while (vch_channel_trouble(server, &why) == VCH_CODE_NONE)
            channels_turn(scene);
        CHECK(strstr(why, "no evidence now") != NULL);
        CHECK_EQ(server->shown_count, 0);
        tear_down(scene, &pair);
    }
}

// Both connections have the same two keys, and the server's hardware is genuine: what tells them
// apart is the exporter alone, and each nonce.
TEST(channel_responses_of_two_live_connections_do_not_serve_for_each_other)
{
    struct channels_pair pairs[2];
    struct channels *scene = set_up(&pairs[0]);

    channels_connect(scene, &pairs[1]);
    for (int i = 0; i < 2; i++) {
        pairs[i].ends[CHANNELS_CLIENT].keeps = true;
        vch_channel_begin(&pairs[i].ends[CHANNELS_CLIENT].channel, vch_transport_now());
    }
    while (pairs[0].ends[CHANNELS_CLIENT].kept == NULL ||
           pairs[1].ends[CHANNELS_CLIENT].kept == NULL)
        channels_turn(scene);
    for (int i = 0; i < 2; i++) { // each gets what was meant for the other
        struct channels_end *to = &pairs[i].ends[CHANNELS_CLIENT];
        const struct channels_end *from = &pairs[1 - i].ends[CHANNELS_CLIENT];
        channels_say(NULL, &to->channel, false, from->kept, from->kept_size);
        check_refused(to, "binding.evidence");
    }
    CHECK_EQ(scene->accepted, 0);
    channels_disconnect(&pairs[1]);
    tear_down(scene, &pairs[0]);
}

// Whoever has the server's key, but not its hardware, lets the real one answer on a connection of
// its own: same keys, same nonce, another exporter.
TEST(channel_relayed_requests_are_answered_for_the_relays_own_connection)
{
    struct channels_pair pairs[2]; // the victim's to the relay; the relay's to the real server
    struct channels *scene = set_up(&pairs[0]);
    struct channels_end *relay = &pairs[0].ends[CHANNELS_SERVER];
    struct channels_end *victim = &pairs[0].ends[CHANNELS_CLIENT];

    channels_connect(scene, &pairs[1]);
    struct channels_end *beyond = &pairs[1].ends[CHANNELS_CLIENT];
    relay->keeps = beyond->keeps = true;
    vch_channel_begin(&victim->channel, vch_transport_now());
    while (relay->kept == NULL)
        channels_turn(scene);
    channels_say(beyond->stream, NULL, true, relay->kept, relay->kept_size);
    while (beyond->kept == NULL)
        channels_turn(scene);
    channels_say(relay->stream, NULL, false, beyond->kept, beyond->kept_size);
    while (!is_settled(victim))
        channels_turn(scene);
    check_refused(victim, "binding.evidence");
    channels_disconnect(&pairs[1]);
    tear_down(scene, &pairs[0]);
}

// A server without hardware asks its client the same, and hands the answer back as its own.
TEST(channel_a_verifiers_own_evidence_does_not_come_back_as_anothers)
{
    struct channels *scene = channels_new();
    struct channels_pair pair;
    struct vch_exchange_request request;

    scene->asks[CHANNELS_CLIENT] = true;
    channels_attest(scene, CHANNELS_CLIENT, VCH_BINDER_SNP);
    channels_connect(scene, &pair);
    struct channels_end *server = &pair.ends[CHANNELS_SERVER];
    struct channels_end *client = &pair.ends[CHANNELS_CLIENT];
    server->keeps = true;
    vch_channel_begin(&client->channel, vch_transport_now());
    while (server->kept == NULL)
        channels_turn(scene);
    CHECK_OK(vch_exchange_decode_request(&request, server->kept, server->kept_size, NULL));
    request.role = VCH_BINDER_CLIENT; // as it came, the client would not answer
    uint8_t bytes[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0;
    CHECK_OK(vch_exchange_encode_request(bytes, &size, &request));
    server->kept_kind = 0;
    channels_say(server->stream, NULL, true, bytes, size);
    while (server->kept_kind != VOUCH__FRAME__BODY_ATTEST_RESPONSE)
        channels_turn(scene);
    channels_say(server->stream, NULL, false, server->kept, server->kept_size);
    while (!is_settled(client))
        channels_turn(scene);
    check_refused(client, "binding.evidence");
    tear_down(scene, &pair);
}

TEST(channel_requests_for_the_other_ends_role_are_not_answered)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    struct channels_end *server = &pair.ends[CHANNELS_SERVER];
    const char *why = NULL;
    struct vch_exchange_request request = {.accepts = {[VCH_BINDER_SNP] = true},
                                           .nonce = {1},
                                           .policy = scene->policy.digest,
                                           .role = VCH_BINDER_CLIENT};
    uint8_t bytes[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0;

    CHECK_OK(vch_exchange_encode_request(bytes, &size, &request));
    channels_say(NULL, &server->channel, true, bytes, size);
    CHECK_EQ(vch_channel_trouble(&server->channel, &why), VCH_CODE_MALFORMED);
    tear_down(scene, &pair);
}

// The nonce of the second request is another one.
TEST(channel_an_answer_serves_once)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    struct channels_end *client = &pair.ends[CHANNELS_CLIENT];

    ask(scene, client);
    CHECK_EQ(scene->accepted, 1);
    client->keeps = true; // the honest second answer is thrown away
    const struct vch_asker_kept *first = &client->channel.asker.kept;
    CHECK_OK(vch_asker_ask(&client->channel.asker, vch_transport_now()));
    channels_say(NULL, &client->channel, false, first->bytes, first->size);
    check_refused(client, "binding.evidence");
    CHECK_EQ(scene->judged, 2);
    tear_down(scene, &pair);
}

TEST(channel_answers_that_nobody_asked_for_end_it)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    const char *why = NULL;
    const uint8_t bytes[] = "anything";

    for (int i = 0; i < CHANNELS_ENDS; i++) { // one asks, and has not yet; the other never does
        struct vch_channel *channel = &pair.ends[i].channel;
        channels_say(NULL, channel, false, bytes, sizeof bytes);
        CHECK_EQ(vch_channel_trouble(channel, &why), VCH_CODE_MALFORMED);
    }
    CHECK_EQ(scene->judged, 0);
    tear_down(scene, &pair);
}

TEST(channel_two_requests_at_once_end_it)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    struct channels_end *server = &pair.ends[CHANNELS_SERVER];
    const char *why = NULL;
    struct vch_exchange_request request = {.accepts = {[VCH_BINDER_SNP] = true},
                                           .nonce = {1},
                                           .policy = scene->policy.digest,
                                           .role = VCH_BINDER_SERVER};
    uint8_t bytes[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0;

    CHECK_OK(vch_exchange_encode_request(bytes, &size, &request));
    channels_say(NULL, &server->channel, true, bytes, size);
    channels_say(NULL, &server->channel, true, bytes, size);
    CHECK_EQ(vch_channel_trouble(&server->channel, &why), VCH_CODE_MALFORMED);
    tear_down(scene, &pair);
}

// Anything at all in place of a message: it fails the channel and nothing else.
TEST(channel_bytes_that_are_no_message_end_it)
{
    for (uint32_t round = 0; round < 4; round++) {
        struct channels_pair pair;
        struct channels *scene = set_up(&pair);
        struct channels_end *end = &pair.ends[round % 2];
        const char *why = NULL;
        uint8_t bytes[200];

        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)test_below(256);
        if (round % 2 == CHANNELS_CLIENT) {
            end->keeps = true;
            vch_channel_begin(&end->channel, vch_transport_now());
        }
        channels_say(NULL, &end->channel, round % 2 == CHANNELS_SERVER, bytes,
                     1 + test_below(sizeof bytes));
        CHECK(vch_channel_trouble(&end->channel, &why) != VCH_CODE_NONE);
        CHECK(!vch_channel_is_open(&end->channel, vch_transport_now()));
        tear_down(scene, &pair);
    }
}

// The other end goes while its question is with the hardware: nothing is heard of it.
TEST(channel_questions_of_connections_that_are_gone_are_cancelled)
{
    struct channels_pair pair;
    struct channels *scene = set_up(&pair);
    struct channels_pair other;

    vch_channel_begin(&pair.ends[CHANNELS_CLIENT].channel, vch_transport_now());
    while (pair.ends[CHANNELS_SERVER].channel.question == NULL &&
           !pair.ends[CHANNELS_SERVER].channel.has_shown)
        channels_turn(scene);
    channels_disconnect(&pair);
    channels_connect(scene, &other);
    ask(scene, &other.ends[CHANNELS_CLIENT]);
    CHECK(vch_channel_is_open(&other.ends[CHANNELS_CLIENT].channel, vch_transport_now()));
    tear_down(scene, &other);
}
