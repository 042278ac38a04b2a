// specs/witness.md's vectors, through the core.
#include "harness/spec.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "crypto/merkle.h"
#include "tlog/refusal.h"
#include "witness/core.h"

static const char spec[] = "witness.md";
static struct vch_core_log kept;
static struct vch_core_writer writer;
static struct vch_core_reply reply;
static struct vch_core_change change;

static void key_of(struct vch_secret_key *out, uint8_t byte)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    memset(seed, byte, sizeof seed);
    vch_sign_key(out, seed);
}

// The witness as the page says it is: 3 entries cosigned, both drafts handed over.
static void begin(struct vch_core *core)
{
    struct vch_digest leaves[3], ledger;
    struct vch_secret_key key;
    struct vch_vkey vkey;

    key_of(&key, 1);
    memset(ledger.bytes, 0x1d, VCH_DIGEST_SIZE);
    CHECK_OK(
        vch_vkey_init(&vkey, "clinics.example/ledger", VCH_VKEY_ED25519, &key.public_key, NULL));
    vch_core_log_init(&kept, &vkey, &ledger);
    for (int i = 0; i < 3; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "entry %d", i);
        leaves[i] = vch_merkle_leaf(text, (size_t)size);
    }
    kept.size = 3;
    kept.root = vch_merkle_root_in_place(leaves, 3);
    *core = (struct vch_core){.name = "witness.example/w1", .log_count = 1, .logs = &kept};
    key_of(&core->key, 3);
    key_of(&key, 2);
    writer.key = key.public_key;
    core->writers = &writer;
    core->writer_count = 1;
}

static void hand_over(struct vch_core *core, const char *name)
{
    uint8_t bytes[VCH_DRAFT_SIZE_MAX];
    char body[1024], base64[1024];
    size_t size = test_spec_vector(bytes, sizeof bytes, spec, name);

    (void)vch_base64_encode(base64, bytes, size);
    int body_size = snprintf(body, sizeof body, "clinics.example/ledger\n%s\n", base64);
    vch_core_add_draft(&reply, &change, core, body, (size_t)body_size, 1790000000000);
    CHECK_EQ(reply.code, 200);
    vch_core_apply(core, &change);
}

static void check_reply(const char *name)
{
    CHECK_EQ(reply.code, 200);
    test_spec_check(reply.body, reply.size, spec, name);
}

TEST(witness_answers_the_page_s_request_with_the_page_s_reply)
{
    uint8_t body[4096];
    struct vch_core core;

    begin(&core);
    hand_over(&core, "draft");
    check_reply("promise");
    hand_over(&core, "refused_draft");
    size_t size = test_spec_vector(body, sizeof body, spec, "request");
    vch_core_add_checkpoint(&reply, &change, &core, (const char *)body, size, true, 1790000100000);
    check_reply("reply");
    CHECK_EQ(change.answered_count, 2);
    CHECK_EQ(change.refused_count, 1);
    struct vch_digest digest =
        vch_refusal_digest(&kept.ledger, change.size, &change.root, change.refused[0].time_ms,
                           kept.promises[1].draft, kept.promises[1].draft_size);
    test_spec_check(digest.bytes, VCH_DIGEST_SIZE, spec, "refusal_digest");
    char text[VCH_TESTIMONY_SIZE_MAX], hex[2 * VCH_DIGEST_SIZE + 1];
    size = vch_core_refusal_text(text, &core, &change, &change.refused[0]);
    test_spec_check(text, size, spec, "refusal");
    vch_core_apply(&core, &change);
    CHECK_EQ(kept.promise_count, 0);
    digest = vch_hash_bytes(kept.vkey.name, strlen(kept.vkey.name));
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    vch_core_show_log(&reply, &core, hex, 1790000100000);
    check_reply("log");
}

TEST(witness_promises_the_page_s_drafts_of_each_kind)
{
    static const char *const names[] = {"draft_of_input",        "draft_of_sortition",
                                        "draft_of_reveal",       "draft_of_referee_s_reveal",
                                        "draft_of_trial_result", "draft_of_evidence",
                                        "draft_of_dispute_open", "draft_of_dispute_move"};
    struct vch_core core;
    uint32_t count = 0;

    begin(&core);
    FOR_EACH(name, names)
    {
        hand_over(&core, *name);
        CHECK_EQ(kept.promise_count, ++count);
    }
}
