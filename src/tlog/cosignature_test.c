// Cosignatures that witnesses in operation made, one of another implementation byte for byte, and
// lies.
#include "tlog/cosignature.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "harness/test.h"
#include "tlog/quorum.h"

#define DASH "\xe2\x80\x94 "

// A checkpoint of a certificate transparency log, as it was published: with lines of types that we
// do not know, and of witnesses.
#define ARCHE_TEXT \
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n" \
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
#define GARDEN_LINE \
    DASH "transparency.dev/DEV:witness-little-garden " \
         "2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2r" \
         "hIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
#define SMARTIT_LINE \
    DASH "witness1.smartit.nu/witness1 " \
         "pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75" \
         "W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n"
#define REMORA_LINE \
    DASH "remora.n621.de " \
         "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sX" \
         "Tynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
static const char arche[] = ARCHE_TEXT
    "\n" DASH
    "arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbd"
    "Q3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n" DASH
    "arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygN"
    "I75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n" GARDEN_LINE SMARTIT_LINE REMORA_LINE DASH
    "witness.stagemole.eu "
    "Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2T"
    "UFucgKi7lI7cUiOvKFYe/TmN9DAg==\n";
static const char arche_vkey[] =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
static const char *const witness_vkeys[] = {
    ("transparency.dev/DEV:witness-little-garden+d8042a87+"
     "BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM"),
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "rgdd.se/poc-witness+db03732e+BCjJKlo6BU0xfIb8LutqerIFTWIXEA0L5n3tW3QyPFgG", // did not cosign
};

static void key_of(struct vch_vkey *out, const char *text)
{
    CHECK_OK(vch_vkey_decode(out, text, strlen(text), NULL));
}

TEST(cosignatures_of_witnesses_in_operation_verify)
{
    struct vch_note note;
    struct vch_vkey vkey;
    uint64_t time_s = 0;

    CHECK_OK(vch_note_decode(&note, arche, strlen(arche), NULL));
    for (int i = 0; i < 3; i++) {
        key_of(&vkey, witness_vkeys[i]);
        CHECK_OK(vch_cosignature_verify(&time_s, &note, &vkey));
        CHECK_EQ(time_s, 1779573024);
    }
    key_of(&vkey, witness_vkeys[3]);
    CHECK_FAILS(vch_cosignature_verify(&time_s, &note, &vkey), BAD_PROOF);
    key_of(&vkey, arche_vkey);
    CHECK_OK(vch_note_verify(&note, &vkey));
    CHECK_FAILS(vch_cosignature_verify(&time_s, &note, &vkey), BAD_PROOF);
}

// Made by github.com/transparency-dev/formats v0.1.1 from this seed.
TEST(cosignature_made_here_is_the_one_that_others_make)
{
    static const char text[] =
        "example.com/vector-log\n1234\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n";
    static const char want[] =
        DASH "witness.example.com/vector "
             "QW8QPQAAAABqwLUbDdj7sDNRIVjmjYgqFI6y4UJhPg/UAA8J8wAdqSd3q4PedRhk"
             "gXA4xFN/Jg5uWn7ZkBA+H/UHQs5d9hITdXmQAA==\n";
    char line[VCH_NOTE_LINE_MAX + 1];
    uint8_t seed[VCH_SIGN_SEED_SIZE];
    struct vch_secret_key key;

    CHECK_OK(vch_hex_decode(seed, sizeof seed,
                            "9117df1bfcf1ea1020a4f813e1a4c597176890989507e2fc62773431666485bc"));
    vch_sign_key(&key, seed);
    CHECK_EQ(vch_cosignature_sign(line, "witness.example.com/vector", &key, 1791014171, text,
                                  strlen(text)),
             strlen(want));
    CHECK(strcmp(line, want) == 0);
}

struct cosigned {
    struct vch_vkey vkey;
    size_t size;
    char bytes[1024];
};

static void cosign(struct cosigned *out, uint64_t time_s)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {9};
    char line[VCH_NOTE_LINE_MAX + 1];
    struct vch_secret_key key;

    vch_sign_key(&key, seed);
    CHECK_OK(vch_vkey_init(&out->vkey, "w", VCH_VKEY_COSIGNATURE, &key.public_key, NULL));
    (void)vch_cosignature_sign(line, "w", &key, time_s, ARCHE_TEXT, strlen(ARCHE_TEXT));
    out->size = (size_t)snprintf(out->bytes, sizeof out->bytes, ARCHE_TEXT "\n%s", line);
}

static vch_status verify(const struct cosigned *cosigned)
{
    struct vch_note note;

    VCH_TRY(vch_note_decode(&note, cosigned->bytes, cosigned->size, NULL));
    return vch_cosignature_verify(NULL, &note, &cosigned->vkey);
}

TEST(cosignature_refuses_any_flipped_bit)
{
    struct cosigned cosigned;

    cosign(&cosigned, 1);
    CHECK_OK(verify(&cosigned));
    for (size_t bit = 0; bit < 8 * cosigned.size; bit++) {
        test_flip(cosigned.bytes, bit);
        CHECK(!vch_is_ok(verify(&cosigned)));
        test_flip(cosigned.bytes, bit);
    }
    CHECK_OK(verify(&cosigned));
}

TEST(cosignature_at_another_time_by_the_plain_key_or_out_of_range_is_refused)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {9};
    struct vch_secret_key key;
    struct cosigned cosigned;
    char line[VCH_NOTE_LINE_MAX + 1];
    uint8_t bytes[72] = {0x80}; // 2^63 seconds
    struct vch_signature signature;
    static const char message[] = "cosignature/v1\ntime 9223372036854775808\n" ARCHE_TEXT;

    cosign(&cosigned, VCH_COSIGNATURE_TIME_MAX);
    CHECK_OK(verify(&cosigned));
    vch_sign_key(&key, seed);
    (void)vch_note_sign(line, "w", &key, ARCHE_TEXT, strlen(ARCHE_TEXT)); // as a log would
    cosigned.size =
        (size_t)snprintf(cosigned.bytes, sizeof cosigned.bytes, ARCHE_TEXT "\n%s", line);
    CHECK_FAILS(verify(&cosigned), BAD_PROOF);
    vch_sign_bare_message(&signature, &key, message, strlen(message));
    memcpy(bytes + 8, signature.bytes, sizeof signature.bytes);
    (void)vch_note_line(line, &cosigned.vkey, bytes, sizeof bytes);
    cosigned.size =
        (size_t)snprintf(cosigned.bytes, sizeof cosigned.bytes, ARCHE_TEXT "\n%s", line);
    CHECK_FAILS(verify(&cosigned), BAD_PROOF);
}

// Quorums, on the published checkpoint.
static vch_status judge(struct vch_quorum_tally *tally, const char *bytes, uint32_t count)
{
    struct vch_vkey witnesses[4];
    struct vch_note note;
    struct vch_complaint complaint = {0};

    for (uint32_t i = 0; i < count; i++)
        key_of(&witnesses[i], witness_vkeys[i]);
    CHECK_OK(vch_note_decode(&note, bytes, strlen(bytes), NULL));
    const struct vch_quorum quorum = {witnesses, count};
    vch_status status = vch_quorum_verify(tally, &note, &quorum, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

TEST(quorum_counts_each_witness_once)
{
    struct vch_quorum_tally tally;

    CHECK_OK(judge(&tally, arche, 4));
    CHECK(tally.counted == 3 && tally.needed == 3);
    CHECK_FAILS(judge(&tally, ARCHE_TEXT "\n" GARDEN_LINE SMARTIT_LINE, 4), BAD_PROOF);
    CHECK_EQ(tally.counted, 2);
    CHECK_FAILS(judge(&tally, ARCHE_TEXT "\n" GARDEN_LINE SMARTIT_LINE GARDEN_LINE GARDEN_LINE, 4),
                BAD_PROOF);
    CHECK_EQ(tally.counted, 2);
    CHECK_OK(judge(&tally, ARCHE_TEXT "\n" GARDEN_LINE GARDEN_LINE SMARTIT_LINE REMORA_LINE, 4));
    CHECK_FAILS(judge(&tally, ARCHE_TEXT "\n" REMORA_LINE, 2), BAD_PROOF);
    CHECK_EQ(tally.counted, 0);
}

TEST(quorum_counts_nothing_for_another_checkpoint)
{
    struct vch_quorum_tally tally;
    char changed[sizeof arche];

    memcpy(changed, arche, sizeof arche);
    *strchr(changed, '1') = '2'; // of its origin
    CHECK_FAILS(judge(&tally, changed, 4), BAD_PROOF);
    CHECK_EQ(tally.counted, 0);
}

TEST(quorum_opens_what_the_log_signed_and_enough_witnesses_cosigned)
{
    struct vch_vkey witnesses[4], log;
    struct vch_checkpoint checkpoint;
    const struct vch_quorum quorum = {witnesses, 4};

    for (int i = 0; i < 4; i++)
        key_of(&witnesses[i], witness_vkeys[i]);
    key_of(&log, arche_vkey);
    CHECK_OK(vch_quorum_open(&checkpoint, arche, strlen(arche), &log, &quorum, NULL));
    CHECK_EQ(checkpoint.size, 1432088532);
    static const char unsigned_one[] = ARCHE_TEXT "\n" GARDEN_LINE SMARTIT_LINE REMORA_LINE;
    CHECK_FAILS(
        vch_quorum_open(&checkpoint, unsigned_one, strlen(unsigned_one), &log, &quorum, NULL),
        BAD_PROOF);
}

// Any two quorums share more witnesses than may lie, and one is there when those do not answer.
TEST(quorum_is_large_enough_and_not_larger)
{
    static const uint32_t needed[] = {1, 2, 2, 3, 4, 4, 5, 6, 6, 7};

    for (uint32_t n = 1; n <= 10; n++)
        CHECK_EQ(vch_quorum_needed(n), needed[n - 1]);
    for (uint32_t n = 1; n <= VCH_QUORUM_WITNESSES_MAX; n++) {
        uint32_t f = (n - 1) / 3, q = vch_quorum_needed(n);
        CHECK(2 * q > n + f);
        CHECK(2 * (q - 1) <= n + f);
        CHECK(q <= n - f);
    }
}

TEST(quorum_of_a_key_twice_is_no_quorum)
{
    struct vch_vkey witnesses[VCH_QUORUM_WITNESSES_MAX + 1];
    struct vch_quorum quorum = {witnesses, 3};

    for (int i = 0; i < 3; i++)
        key_of(&witnesses[i], witness_vkeys[i]);
    CHECK_OK(vch_quorum_check(&quorum, NULL));
    witnesses[2].key = witnesses[0].key; // under another name
    CHECK_FAILS(vch_quorum_check(&quorum, NULL), USAGE);
    key_of(&witnesses[2], witness_vkeys[2]);
    memcpy(witnesses[2].name, witnesses[1].name, sizeof witnesses[2].name);
    CHECK_FAILS(vch_quorum_check(&quorum, NULL), USAGE);
    key_of(&witnesses[2], arche_vkey); // a log's type
    CHECK_FAILS(vch_quorum_check(&quorum, NULL), USAGE);
    quorum.count = 0;
    CHECK_FAILS(vch_quorum_check(&quorum, NULL), USAGE);
    quorum.count = VCH_QUORUM_WITNESSES_MAX + 1;
    CHECK_FAILS(vch_quorum_check(&quorum, NULL), USAGE);
}
