// A Nitro enclave made here, under a root made here, which counts because it is handed in and only
// then. Whoever includes this links the library `authority`.
#pragma once

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "evidence/cbor.h"
#include "evidence/nitro.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { NITRO_START = 1700000000, NITRO_NOW = 1750000000, NITRO_END = 1800000000 };
enum { NITRO_KEY, NITRO_MIDDLE, NITRO_ROOT, NITRO_CHAIN };
enum { NITRO_DER_MAX = 2048, NITRO_DOCUMENT_MAX = 12288 };

struct nitro {
    struct authority chain[NITRO_CHAIN];
    uint8_t root[NITRO_DER_MAX], document[NITRO_DOCUMENT_MAX];
    size_t root_size, size;
    uint8_t user_data[64], pcr_0[48];
    uint64_t timestamp_ms;
    // How it lies, or is written; all false: not at all, as AWS writes it.
    bool has_length, has_tag, is_member_twice, is_member_unknown, is_member_missing;
    bool is_header_unprotected, is_other_digest;
    uint8_t algorithm; // the last byte of the protected header; 0: ES384
    struct vch_nitro_rule rule;
};

static inline void nitro_issue(struct nitro *nitro)
{
    static const char *const names[] = {"enclave", "instance", "aws.nitro-enclaves"};

    for (unsigned i = NITRO_CHAIN; i-- > 0;) {
        const struct authority_plan plan = {
            .name = names[i],
            .path_length = i == NITRO_KEY ? AUTHORITY_LEAF : AUTHORITY_ANY_LENGTH,
            .usage = i == NITRO_KEY ? "digitalSignature" : "critical,keyCertSign,cRLSign",
            .start_s = NITRO_START,
            .end_s = NITRO_END,
            .serial = i + 1,
            .curve = "P-384",
        };
        authority_issue(&nitro->chain[i], i == NITRO_ROOT ? NULL : &nitro->chain[i + 1], &plan);
    }
    nitro->root_size = authority_der(&nitro->chain[NITRO_ROOT], nitro->root, sizeof nitro->root);
}

static inline void nitro_put_text(struct vch_cbor_writer *writer, const char *text)
{
    vch_cbor_write_text(writer, text, strlen(text));
}

static inline void nitro_put_raw(struct vch_cbor_writer *writer, uint8_t byte)
{
    CHECK(writer->size < writer->room);
    writer->bytes[writer->size++] = byte;
}

static inline void nitro_put_certificate(struct vch_cbor_writer *writer, const struct nitro *nitro,
                                         unsigned which)
{
    uint8_t der[NITRO_DER_MAX];

    vch_cbor_write_bytes(writer, der, authority_der(&nitro->chain[which], der, sizeof der));
}

static inline void nitro_put_pcrs(struct vch_cbor_writer *writer, const struct nitro *nitro)
{
    static const uint8_t zeroes[48];

    nitro_put_text(writer, "pcrs");
    vch_cbor_write_map(writer, 16);
    for (unsigned i = 0; i < 16; i++) {
        vch_cbor_write_uint(writer, i);
        vch_cbor_write_bytes(writer, i == 0 ? nitro->pcr_0 : zeroes, sizeof zeroes);
    }
}

static inline size_t nitro_payload(const struct nitro *nitro, uint8_t *out, size_t room)
{
    struct vch_cbor_writer writer = {out, room, 0};
    size_t size = 0;

    if (nitro->has_length)
        vch_cbor_write_map(&writer, 8);
    else
        nitro_put_raw(&writer, 0xbf);
    nitro_put_text(&writer, "module_id");
    nitro_put_text(&writer, "i-0-enc0");
    nitro_put_text(&writer, "digest");
    nitro_put_text(&writer, nitro->is_other_digest ? "SHA512" : "SHA384");
    nitro_put_text(&writer, "timestamp");
    vch_cbor_write_uint(&writer, nitro->timestamp_ms);
    nitro_put_pcrs(&writer, nitro);
    if (nitro->is_member_twice) nitro_put_pcrs(&writer, nitro);
    nitro_put_text(&writer, "certificate");
    nitro_put_certificate(&writer, nitro, NITRO_KEY);
    nitro_put_text(&writer, "cabundle");
    vch_cbor_write_array(&writer, 2);
    nitro_put_certificate(&writer, nitro, NITRO_ROOT);
    nitro_put_certificate(&writer, nitro, NITRO_MIDDLE);
    if (!nitro->is_member_missing) {
        nitro_put_text(&writer, nitro->is_member_unknown ? "user_date" : "user_data");
        vch_cbor_write_bytes(&writer, nitro->user_data, sizeof nitro->user_data);
    }
    nitro_put_text(&writer, "nonce");
    nitro_put_raw(&writer, 0xf6); // null
    if (!nitro->has_length) nitro_put_raw(&writer, 0xff);
    CHECK_OK(vch_cbor_write_end(&writer, &size));
    return size;
}

static inline void nitro_sign(const struct nitro *nitro, const void *bytes, size_t bytes_size,
                              uint8_t out[96])
{
    uint8_t der[160];
    const unsigned char *end = der;
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, nitro->chain[NITRO_KEY].key), 1);
    CHECK_EQ(EVP_DigestSign(context, der, &size, bytes, bytes_size), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)size);
    CHECK_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out, 48), 48);
    CHECK_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out + 48, 48), 48);
    ECDSA_SIG_free(numbers);
}

// The document, signed, as it is planned.
static inline void nitro_write(struct nitro *nitro)
{
    static uint8_t payload[NITRO_DOCUMENT_MAX], message[NITRO_DOCUMENT_MAX];
    const uint8_t header[] = {0xa1, 0x01, 0x38, nitro->algorithm == 0 ? 0x22 : nitro->algorithm};
    uint8_t signature[96];
    size_t payload_size = nitro_payload(nitro, payload, sizeof payload), size = 0;
    struct vch_cbor_writer signed_part = {message, sizeof message, 0};
    struct vch_cbor_writer writer = {nitro->document, sizeof nitro->document, 0};

    vch_cbor_write_array(&signed_part, 4);
    nitro_put_text(&signed_part, "Signature1");
    vch_cbor_write_bytes(&signed_part, header, sizeof header);
    vch_cbor_write_bytes(&signed_part, NULL, 0);
    vch_cbor_write_bytes(&signed_part, payload, payload_size);
    CHECK_OK(vch_cbor_write_end(&signed_part, &size));
    nitro_sign(nitro, message, size, signature);
    if (nitro->has_tag) nitro_put_raw(&writer, 0xd2); // COSE_Sign1
    vch_cbor_write_array(&writer, 4);
    vch_cbor_write_bytes(&writer, header, sizeof header);
    vch_cbor_write_map(&writer, nitro->is_header_unprotected ? 1 : 0);
    if (nitro->is_header_unprotected) {
        vch_cbor_write_uint(&writer, 4);
        vch_cbor_write_bytes(&writer, "kid", 3);
    }
    vch_cbor_write_bytes(&writer, payload, payload_size);
    vch_cbor_write_bytes(&writer, signature, sizeof signature);
    CHECK_OK(vch_cbor_write_end(&writer, &nitro->size));
}

static inline void nitro_make(struct nitro *nitro)
{
    if (nitro->chain[0].key == NULL) nitro_issue(nitro);
    memset(nitro->user_data, 0x5d, sizeof nitro->user_data);
    memset(nitro->pcr_0, 0xc0, sizeof nitro->pcr_0);
    nitro->timestamp_ms = (uint64_t)NITRO_NOW * 1000;
    nitro_write(nitro);
}

static inline void nitro_release(struct nitro *nitro)
{
    for (unsigned i = 0; i < NITRO_CHAIN; i++)
        authority_release(&nitro->chain[i]);
}

static inline struct vch_nitro_question nitro_question(const struct nitro *nitro)
{
    struct vch_nitro_question question = {.root = {nitro->root, nitro->root_size},
                                          .time_s = NITRO_NOW};

    memcpy(question.user_data, nitro->user_data, sizeof question.user_data);
    return question;
}

// Allows just that enclave.
static inline struct vch_nitro_policy nitro_policy(struct nitro *nitro)
{
    static uint8_t value[48];

    memcpy(value, nitro->pcr_0, sizeof value);
    nitro->rule = (struct vch_nitro_rule){0, value, 1};
    return (struct vch_nitro_policy){&nitro->rule, 1, 60};
}
