// A voice on a ledger that is away: what is stated waits, as far as there is room, and nothing of
// it is left behind. What it says to a ledger that answers, e2e/agreed and e2e/dispute try.
#include "member/voice.h"

#include <string.h>

#include "harness/test.h"

static struct {
    struct event_base *base;
    struct vch_secret_key key;
    struct vch_signer signer;
    struct vch_tls *tls;
    struct vch_voice voice;
} f;

static void set_up(void)
{
    const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};

    memset(&f, 0, sizeof f);
    f.base = event_base_new();
    CHECK(f.base != NULL);
    vch_sign_key(&f.key, seed);
    f.signer = vch_signer_local(&f.key);
    CHECK_OK(vch_tls_new(&f.tls, &f.signer, NULL));
    const struct vch_voice_setup setup = {
        .base = f.base,
        .tls = f.tls,
        .signer = &f.signer,
        .charter = {.origin = "test.example/ledger",
                    .founder = f.key.public_key,
                    .clerk = f.key.public_key,
                    .witness_count = 1,
                    .witnesses = {{.key = f.key.public_key, .name = "w0"}},
                    .parameters = vch_charter_default_parameters()},
        .host = "127.0.0.1",
        .port = 1, // nobody listens there
    };
    CHECK_OK(vch_voice_open(&f.voice, &setup, NULL));
}

static void tear_down(void)
{
    vch_voice_close(&f.voice);
    vch_tls_free(f.tls);
    event_base_free(f.base);
}

// Each of its own.
static bool state(uint32_t number, bool *is_refused_here)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_COMMIT};

    memcpy(entry.contest.subject.bytes, &number, sizeof number);
    return vch_voice_state(&f.voice, &entry, is_refused_here);
}

TEST(a_voice_takes_as_many_drafts_as_may_wait)
{
    set_up();
    for (uint32_t i = 0; i < VCH_VOICE_QUEUE_MAX; i++)
        CHECK(state(i, NULL));
    CHECK(!state(VCH_VOICE_QUEUE_MAX, NULL));
    vch_voice_flush(&f.voice); // the link keeps some, until the ledger is there
    CHECK(state(VCH_VOICE_QUEUE_MAX, NULL));
    tear_down();
}

TEST(a_voice_knows_what_the_state_would_not_take)
{
    bool is_refused_here = false;

    set_up();
    CHECK(state(1, &is_refused_here)); // in a contest that does not exist
    CHECK(is_refused_here);
    CHECK_EQ(f.voice.count, 1); // it is said all the same: the ledger may be ahead of us
    tear_down();
}
