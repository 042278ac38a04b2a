// RA-TLS certificates of an enclave made here (harness/intel.h). Whoever includes this links the
// library `authority`.
#pragma once

#include <string.h>

#include "evidence/cbor.h"
#include "evidence/ratls.h"
#include "harness/intel.h"

enum { RATLS_SHA_256 = 1, RATLS_PART_MAX = 20000 };

// What a certificate is made with.
struct ratls {
    struct intel *intel;
    struct intel_plan plan;
    unsigned hash, tag;
    size_t claims; // how many
    bool is_of_another_key, is_named_twice, is_cut, is_longer;
};

static struct ratls *ratls_at; // for the extension of a certificate that is being made

static inline void ratls_begin(struct ratls *ratls, struct intel *intel)
{
    enum { SGX_3 = 0 };

    *ratls = (struct ratls){
        .intel = intel, .plan = intel_honest, .hash = RATLS_SHA_256, .claims = 1, .tag = 60000};
    ratls->plan.form = SGX_3;
    ratls->plan.quoting_product = 1;
}

static inline size_t ratls_write_claims(const struct ratls *ratls, uint8_t *out, size_t room,
                                        const struct vch_digest *key)
{
    uint8_t named[64];
    size_t size = 0;
    struct vch_cbor_writer inner = {named, sizeof named, 0}, writer = {out, room, 0};

    vch_cbor_write_array(&inner, 2);
    vch_cbor_write_uint(&inner, ratls->hash);
    vch_cbor_write_bytes(&inner, key->bytes, VCH_DIGEST_SIZE);
    CHECK_OK(vch_cbor_write_end(&inner, &size));
    vch_cbor_write_map(&writer, ratls->claims);
    for (size_t i = 0; i < ratls->claims; i++) {
        bool is_key = i == 0 || ratls->is_named_twice;
        vch_cbor_write_text(&writer, is_key ? "pubkey-hash" : "key", is_key ? 11 : 3);
        vch_cbor_write_bytes(&writer, named, is_key ? size : 1);
    }
    CHECK_OK(vch_cbor_write_end(&writer, &size));
    return size;
}

// Called when the certificate has its key.
static inline void ratls_extend(X509 *certificate)
{
    static uint8_t extension[RATLS_PART_MAX];
    const struct ratls *ratls = ratls_at;
    uint8_t spki[256], claims[1024], report_data[64] = {0};
    unsigned char *end = spki;
    size_t size = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &end);
    struct vch_digest key = vch_hash_bytes(spki, size);
    struct vch_cbor_writer writer = {extension, sizeof extension, 0};

    if (ratls->is_of_another_key) key.bytes[0] ^= 1;
    size_t claims_size = ratls_write_claims(ratls, claims, sizeof claims, &key);
    struct vch_digest digest = vch_hash_bytes(claims, claims_size);
    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    intel_bind(ratls->intel, report_data);
    intel_make(ratls->intel, &ratls->plan);
    const struct vch_certificate_bytes *quote = &ratls->intel->set.files[DCAP_QUOTE];
    extension[0] = 0xd9;
    extension[1] = (uint8_t)(ratls->tag >> 8);
    extension[2] = (uint8_t)ratls->tag;
    writer.size = 3;
    vch_cbor_write_array(&writer, 2);
    vch_cbor_write_bytes(&writer, quote->bytes, quote->size);
    vch_cbor_write_bytes(&writer, claims, claims_size);
    if (ratls->is_longer) vch_cbor_write_uint(&writer, 0);
    CHECK_OK(vch_cbor_write_end(&writer, &size));
    authority_extend(certificate, "2.23.133.5.4.9", extension, size - (ratls->is_cut ? 1 : 0));
}

// DER; returns its size.
static inline size_t ratls_make(struct ratls *ratls, uint8_t *der, size_t room)
{
    const struct authority_plan leaf = {.name = "RATLS",
                                        .path_length = AUTHORITY_LEAF,
                                        .start_s = INTEL_START,
                                        .end_s = INTEL_END,
                                        .curve = "P-384",
                                        .extend = ratls_extend};
    struct authority made;

    ratls_at = ratls;
    authority_issue(&made, NULL, &leaf);
    size_t size = authority_der(&made, der, room);
    authority_release(&made);
    return size;
}
