// The binding block: its bytes, and evidence that was made for something else.
#include "attest/binder.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/spec.h"
#include "harness/test.h"

static const char page[] = "attest.md";

static struct vch_binder example(void)
{
    struct vch_binder binder = {
        .mode = VCH_BINDER_CHANNEL, .role = VCH_BINDER_SERVER, .kind = VCH_BINDER_SNP};

    for (uint8_t i = 0; i < 32; i++) {
        binder.nonce[i] = i;
        binder.exporter[i] = (uint8_t)(0x20 + i);
        binder.own.bytes[i] = (uint8_t)(0x40 + i);
        binder.peer.bytes[i] = (uint8_t)(0x60 + i);
        binder.sealing_key[i] = (uint8_t)(0x80 + i);
        binder.node[i] = (uint8_t)(0xa0 + i);
        binder.facts.bytes[i] = (uint8_t)(0xc0 + i);
        binder.policy.bytes[i] = (uint8_t)(0xe0 + i);
    }
    return binder;
}

static void encode(uint8_t *out, const struct vch_binder *binder)
{
    CHECK_OK(vch_binder_encode(out, binder));
}

TEST(binder_is_the_bytes_of_the_page)
{
    struct vch_binder binder = example();
    uint8_t bytes[VCH_BINDER_SIZE], report[VCH_BINDER_REPORT_SIZE];

    encode(bytes, &binder);
    test_spec_check(bytes, sizeof bytes, page, "binder");
    vch_binder_report(report, bytes);
    test_spec_check(report, sizeof report, page, "binder_report");
    struct vch_digest digest = vch_binder_qualifier(bytes);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "binder_qualifier");
    digest = vch_binder_gpu_nonce(bytes);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "binder_gpu_nonce");
    digest = vch_binder_digest(bytes);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "binder_digest");
}

TEST(nonce_and_identity_are_those_of_the_page)
{
    struct vch_binder binder = example();

    struct vch_digest digest = vch_binder_nonce(binder.own.bytes, binder.nonce);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "nonce");
    struct vch_digest other = vch_binder_nonce(binder.nonce, binder.own.bytes);
    CHECK(!vch_hash_is_equal(&digest, &other));
    digest = vch_binder_identity(binder.node);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "identity");
}

TEST(binder_decodes_what_it_encodes_and_nothing_of_another_size)
{
    struct vch_binder binder = example(), again;
    uint8_t bytes[VCH_BINDER_SIZE + 1] = {0}, copy[VCH_BINDER_SIZE];
    struct vch_complaint complaint = {0};

    encode(bytes, &binder);
    CHECK_OK(vch_binder_decode(&again, bytes, VCH_BINDER_SIZE, &complaint));
    encode(copy, &again);
    CHECK(memcmp(bytes, copy, sizeof copy) == 0);
    for (size_t size = 0; size < VCH_BINDER_SIZE; size++)
        CHECK_FAILS(vch_binder_decode(&again, bytes, size, &complaint), TRUNCATED);
    CHECK_FAILS(vch_binder_decode(&again, bytes, sizeof bytes, &complaint), MALFORMED);
    for (size_t i = 0; i < 17; i++) {
        bytes[i] ^= 1;
        CHECK_FAILS(vch_binder_decode(&again, bytes, VCH_BINDER_SIZE, &complaint), MALFORMED);
        bytes[i] ^= 1;
    }
}

TEST(binder_refuses_what_ties_to_nothing)
{
    uint8_t bytes[VCH_BINDER_SIZE];
    struct vch_binder binder;

#define REFUSES(change) \
    do { \
        binder = example(); \
        change; \
        CHECK_FAILS(vch_binder_encode(bytes, &binder), USAGE); \
    } while (0)
    REFUSES(binder.mode = 0);
    REFUSES(binder.mode = 3);
    REFUSES(binder.role = 0);
    REFUSES(binder.role = 3);
    REFUSES(binder.kind = 0);
    REFUSES(binder.kind = VCH_BINDER_KIND_END);
    REFUSES(memset(binder.nonce, 0, 32));
    REFUSES(memset(binder.exporter, 0, 32));
    REFUSES(memset(binder.own.bytes, 0, 32));
    REFUSES(memset(binder.sealing_key, 0, 32));
    REFUSES(memset(binder.node, 0, 32));
    REFUSES(binder.mode = VCH_BINDER_REGISTRATION);
    REFUSES(binder.mode = VCH_BINDER_REGISTRATION; memset(binder.exporter, 0, 32));
#undef REFUSES
    binder = example();
    memset(binder.peer.bytes, 0, 32); // a client that shows no certificate
    encode(bytes, &binder);
    binder.mode = VCH_BINDER_REGISTRATION;
    memset(binder.exporter, 0, 32);
    encode(bytes, &binder);
}

// Relay, reflection, another node, another statement, another nonce, another kind: each is one bit
// at least of what the verifier makes itself.
TEST(binder_evidence_for_anything_else_does_not_match)
{
    struct vch_binder binder = example();
    uint8_t bytes[VCH_BINDER_SIZE], evidence[VCH_BINDER_REPORT_SIZE];
    struct vch_appraisal appraisal;

    encode(bytes, &binder);
    vch_binder_report(evidence, bytes);
    vch_appraisal_init(&appraisal);
    CHECK(vch_binder_check(&appraisal, bytes, evidence, sizeof evidence));
    CHECK_OK(vch_appraisal_status(&appraisal));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        if (bit / 8 == 19) continue; // the kind decides what the evidence looks like: below
        test_flip(bytes, bit);
        vch_appraisal_init(&appraisal);
        CHECK(!vch_binder_check(&appraisal, bytes, evidence, sizeof evidence));
        CHECK_FAILS(vch_appraisal_status(&appraisal), REFUSED);
        test_flip(bytes, bit);
    }
    for (size_t bit = 0; bit < 8 * sizeof evidence; bit++) { // the whole field counts
        test_flip(evidence, bit);
        CHECK(!vch_binder_check(&appraisal, bytes, evidence, sizeof evidence));
        test_flip(evidence, bit);
    }
    for (size_t size = 0; size < sizeof evidence; size++)
        CHECK(!vch_binder_check(&appraisal, bytes, evidence, size));
}

TEST(binder_kinds_do_not_pass_for_each_other)
{
    struct vch_binder binder = example();
    uint8_t blocks[VCH_BINDER_KIND_END][VCH_BINDER_SIZE];
    uint8_t evidence[VCH_BINDER_KIND_END][VCH_BINDER_REPORT_SIZE] = {{0}};
    size_t sizes[VCH_BINDER_KIND_END] = {0};
    struct vch_appraisal appraisal;

    for (int kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++) {
        binder.kind = (enum vch_binder_kind)kind;
        encode(blocks[kind], &binder);
        struct vch_digest qualifier = vch_binder_qualifier(blocks[kind]);
        bool is_tpm = kind == VCH_BINDER_TPM || kind == VCH_BINDER_AZURE;
        sizes[kind] = is_tpm ? 32 : 64;
        if (is_tpm)
            memcpy(evidence[kind], qualifier.bytes, 32);
        else
            vch_binder_report(evidence[kind], blocks[kind]);
    }
    for (int kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++)
        for (int other = VCH_BINDER_SNP; other < VCH_BINDER_KIND_END; other++) {
            vch_appraisal_init(&appraisal);
            CHECK_EQ(vch_binder_check(&appraisal, blocks[kind], evidence[other], sizes[other]),
                     kind == other && kind != VCH_BINDER_NONE);
        }
}

TEST(binder_zero_and_half_fields_do_not_pass)
{
    struct vch_binder binder = example();
    uint8_t bytes[VCH_BINDER_SIZE], found[VCH_BINDER_REPORT_SIZE] = {0};
    struct vch_appraisal appraisal;
    struct vch_digest digest;

    encode(bytes, &binder);
    vch_appraisal_init(&appraisal);
    CHECK(!vch_binder_check(&appraisal, bytes, found, sizeof found));
    digest = vch_binder_digest(bytes); // SHA-256 and zeroes, as others do
    memcpy(found, digest.bytes, 32);
    CHECK(!vch_binder_check(&appraisal, bytes, found, sizeof found));
    vch_binder_report(found, bytes);
    memset(found + 32, 0, 32);
    CHECK(!vch_binder_check(&appraisal, bytes, found, sizeof found));
}

TEST(binder_runtime_data_and_gpu_nonces)
{
    static const char runtime[] = "{\"keys\":[]}";
    struct vch_binder binder = example();
    uint8_t bytes[VCH_BINDER_SIZE], report[VCH_BINDER_REPORT_SIZE] = {0};
    struct vch_digest digest = vch_hash_bytes(runtime, sizeof runtime - 1);
    struct vch_appraisal appraisal;

    memcpy(report, digest.bytes, 32);
    vch_appraisal_init(&appraisal);
    CHECK(vch_binder_check_runtime(&appraisal, runtime, sizeof runtime - 1, report, 64));
    CHECK(!vch_binder_check_runtime(&appraisal, runtime, sizeof runtime - 2, report, 64));
    CHECK(!vch_binder_check_runtime(&appraisal, runtime, sizeof runtime - 1, report, 32));
    report[63] = 1;
    CHECK(!vch_binder_check_runtime(&appraisal, runtime, sizeof runtime - 1, report, 64));
    encode(bytes, &binder);
    digest = vch_binder_gpu_nonce(bytes);
    CHECK(vch_binder_check_gpu(&appraisal, bytes, digest.bytes, 32));
    digest = vch_binder_qualifier(bytes);
    CHECK(!vch_binder_check_gpu(&appraisal, bytes, digest.bytes, 32));
}
