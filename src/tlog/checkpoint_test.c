// Checkpoints of logs in use, and every other way to write one.
#include "tlog/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

// Of transparency-dev's witness tests.
static const char monkeys_vkey[] = "monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT";
static const char monkeys[] =
    "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n\xe2\x80\x94 monkeys "
    "202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/"
    "CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n";

static vch_status open_note(struct vch_checkpoint *out, const char *note, const char *vkey_text)
{
    struct vch_vkey vkey;
    struct vch_note decoded;
    struct vch_complaint complaint = {0};

    CHECK_OK(vch_vkey_decode(&vkey, vkey_text, strlen(vkey_text), NULL));
    vch_status status = vch_checkpoint_open(out, &decoded, note, strlen(note), &vkey, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

TEST(checkpoint_of_another_log_opens)
{
    struct vch_checkpoint checkpoint;

    CHECK_OK(open_note(&checkpoint, monkeys, monkeys_vkey));
    CHECK(strcmp(checkpoint.origin, "monkeys") == 0);
    CHECK_EQ(checkpoint.size, 5);
    CHECK_EQ(checkpoint.extensions_size, 0);
    CHECK_HEX(checkpoint.root.bytes, VCH_DIGEST_SIZE,
              "e35b268c1522014ef412d2a54fa94838862d453631617b0307e5c77dcbeefc11");
}

TEST(checkpoint_of_another_origin_or_key_is_refused)
{
    char changed[sizeof monkeys];
    struct vch_checkpoint checkpoint;

    CHECK_FAILS(open_note(&checkpoint, monkeys,
                          "bananas+cf639f13+AaPjhFnPCQnid/Ql32KWhmh+uk72FVRfK+2DLmO3BI3M"),
                REFUSED);
    CHECK_FAILS(open_note(&checkpoint, monkeys,
                          "monkeys+87be2a55+AeK/t7elVrIheVCPxQNYkvKFw/2ahkj6Gm9afBJw6S8q"),
                BAD_PROOF);
    memcpy(changed, monkeys, sizeof monkeys);
    changed[8] = '6'; // its size
    CHECK_FAILS(open_note(&checkpoint, changed, monkeys_vkey), BAD_PROOF);
}

TEST(checkpoint_signed_here_opens)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {7};
    struct vch_checkpoint checkpoint = {.origin = "a.example/log", .size = VCH_CHECKPOINT_SIZE_MAX};
    char note[VCH_CHECKPOINT_NOTE_MAX + 1], vkey_text[VCH_VKEY_TEXT_MAX + 1];
    struct vch_secret_key key;
    struct vch_vkey vkey;

    vch_sign_key(&key, seed);
    memset(checkpoint.root.bytes, 0xa5, VCH_DIGEST_SIZE);
    CHECK_EQ(vch_checkpoint_sign(note, &checkpoint, &key), strlen(note));
    CHECK_OK(vch_vkey_init(&vkey, checkpoint.origin, VCH_VKEY_ED25519, &key.public_key, NULL));
    (void)vch_vkey_encode(vkey_text, &vkey);
    struct vch_checkpoint again;
    CHECK_OK(open_note(&again, note, vkey_text));
    CHECK(again.size == checkpoint.size && vch_hash_is_equal(&again.root, &checkpoint.root));
    memset(checkpoint.origin, 'o', VCH_VKEY_NAME_MAX);
    CHECK_EQ(vch_checkpoint_sign(note, &checkpoint, &key), VCH_CHECKPOINT_NOTE_MAX - 12);
}

#define ROOT "41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE="

TEST(checkpoint_has_one_text)
{
    static const char *const lies[] = {
        "",
        "o\n",
        "o\n5\n",
        "o\n5\n" ROOT,     // no last newline
        "\n5\n" ROOT "\n", // no origin
        "o o\n5\n" ROOT "\n",
        "o\n05\n" ROOT "\n",
        "o\n-5\n" ROOT "\n",
        "o\n\n" ROOT "\n",
        "o\n9223372036854775808\n" ROOT "\n",
        "o\n5\n\n",
        "o\n5\n" ROOT "=\n",
        "o\n5\n 41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n",
        "o\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BF=\n", // bits that carry nothing
        "o\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu\n",     // 30 bytes
        "o\n5\n" ROOT "\n\n",                                   // an empty extension line
        "o\n5\n" ROOT "\nextension",                            // which does not end
    };
    struct vch_checkpoint checkpoint;

    FOR_EACH(lie, lies)
    {
        struct vch_complaint complaint = {0};
        CHECK_FAILS(vch_checkpoint_decode(&checkpoint, *lie, strlen(*lie), &complaint), MALFORMED);
        CHECK(complaint.text[0] != '\0');
    }
    CHECK_OK(vch_checkpoint_decode(&checkpoint, "o\n5\n" ROOT "\nextension\nmore\n", 64, NULL));
    CHECK_EQ(checkpoint.extensions_size, 15);
}

TEST(checkpoint_has_bounds)
{
    static char text[VCH_CHECKPOINT_EXTENDED_MAX + 2];
    size_t size = (size_t)snprintf(text, sizeof text, "o\n5\n" ROOT "\n");
    struct vch_checkpoint checkpoint;

    memset(text + size, 'x', sizeof text - size);
    text[VCH_CHECKPOINT_EXTENDED_MAX - 1] = '\n';
    CHECK_OK(vch_checkpoint_decode(&checkpoint, text, VCH_CHECKPOINT_EXTENDED_MAX, NULL));
    CHECK_FAILS(vch_checkpoint_decode(&checkpoint, text, VCH_CHECKPOINT_EXTENDED_MAX + 1, NULL),
                LIMIT);
}
