#include "evidence/ratls.h"

#include <string.h>

#include "base/bytes.h"
#include "evidence/cbor.h"
#include "evidence/cbor_head.h"

enum { TAG = 60000, SHA256 = 1 }; // the latter as IANA's registry of named information has it

static const char evidence_oid[] = "2.23.133.5.4.9";
static const char key_claim[] = "pubkey-hash";

static vch_status refuse(struct vch_complaint *complaint, enum vch_code code, const char *what)
{
    return vch_complain(complaint, code, "not an RA-TLS certificate: %s", what);
}

// 60000([quote, claims])
static vch_status read_evidence(struct vch_ratls *out, const struct vch_certificate_bytes *value,
                                struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {value->bytes, value->size, 0};
    struct vch_cbor_head tag;
    size_t items = 0;

    if (!vch_is_ok(vch_cbor_head(&reader, &tag)) || tag.type != VCH_CBOR_TAG)
        return refuse(complaint, VCH_CODE_MALFORMED, "its evidence has no tag");
    if (tag.value != TAG)
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "its evidence is no quote (tag 60000)");
    if (!vch_is_ok(vch_cbor_read_array(&reader, &items)) || items != 2 ||
        !vch_is_ok(vch_cbor_read_bytes(&reader, &out->quote.bytes, &out->quote.size)) ||
        !vch_is_ok(vch_cbor_read_bytes(&reader, &out->claims.bytes, &out->claims.size)) ||
        !vch_is_ok(vch_cbor_read_end(&reader)))
        return refuse(complaint, VCH_CODE_MALFORMED,
                      "expected a quote and claims as its evidence, and nothing else");
    return VCH_OK;
}

// [hash, digest], as bytes within the claims.
static vch_status read_claimed(struct vch_ratls *out, const uint8_t *bytes, size_t size,
                               struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {bytes, size, 0};
    uint64_t hash = 0;
    size_t items = 0;

    if (!vch_is_ok(vch_cbor_read_array(&reader, &items)) || items != 2 ||
        !vch_is_ok(vch_cbor_read_uint(&reader, &hash)))
        return refuse(complaint, VCH_CODE_MALFORMED, "its claim of a key is not [hash, digest]");
    if (hash != SHA256)
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "its claim of a key is not by SHA-256");
    if (!vch_is_ok(vch_cbor_read_exactly(&reader, out->claimed.bytes, VCH_DIGEST_SIZE)) ||
        !vch_is_ok(vch_cbor_read_end(&reader)))
        return refuse(complaint, VCH_CODE_MALFORMED, "its claim of a key has no digest of SHA-256");
    return VCH_OK;
}

// A map from texts to bytes. Not in our one form of CBOR: others do not order their keys, and the
// quote covers the bytes as they are.
static vch_status read_claims(struct vch_ratls *out, struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {out->claims.bytes, out->claims.size, 0};
    size_t pairs = 0, keys = 0;

    if (!vch_is_ok(vch_cbor_read_map(&reader, &pairs)))
        return refuse(complaint, VCH_CODE_MALFORMED, "its claims are no map");
    if (pairs > VCH_RATLS_CLAIMS_MAX)
        return refuse(complaint, VCH_CODE_LIMIT, "it has more than 16 claims");
    for (size_t i = 0; i < pairs; i++) {
        const char *name = NULL;
        const uint8_t *value = NULL;
        size_t name_size = 0, size = 0;
        if (!vch_is_ok(vch_cbor_read_text(&reader, &name, &name_size)) ||
            !vch_is_ok(vch_cbor_read_bytes(&reader, &value, &size)))
            return refuse(complaint, VCH_CODE_MALFORMED, "a claim is not a text and bytes");
        if (name_size != sizeof key_claim - 1 || memcmp(name, key_claim, name_size) != 0) continue;
        keys++;
        VCH_TRY(read_claimed(out, value, size, complaint));
    }
    if (keys != 1 || !vch_is_ok(vch_cbor_read_end(&reader)))
        return refuse(complaint, VCH_CODE_MALFORMED, "its claims do not name one key");
    return VCH_OK;
}

vch_status vch_ratls_decode(struct vch_ratls *out, const struct vch_certificate_bytes *certificate,
                            struct vch_complaint *complaint)
{
    struct vch_certificate_bytes value = {0};
    struct vch_spki key;

    *out = (struct vch_ratls){0};
    vch_certificate_init(&out->certificate);
    VCH_TRY(
        vch_certificate_read(&out->certificate, certificate->bytes, certificate->size, complaint));
    if (out->certificate.count != 1)
        return refuse(complaint, VCH_CODE_MALFORMED, "expected one, which signs itself");
    const struct x509_st *only = out->certificate.items[0];
    if (!vch_is_ok(vch_certificate_extension(only, evidence_oid, &value)))
        return refuse(complaint, VCH_CODE_MALFORMED, "it has no evidence, or twice");
    VCH_TRY(read_evidence(out, &value, complaint));
    VCH_TRY(read_claims(out, complaint));
    if (!vch_is_ok(vch_certificate_spki(only, &key)))
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "its key is none of P-256, P-384 and RSA");
    if (!vch_is_ok(vch_certificate_dates(only, &out->start_s, &out->end_s)))
        return refuse(complaint, VCH_CODE_MALFORMED, "its dates cannot be read");
    out->key = vch_hash_bytes(key.bytes, key.size);
    out->is_signed_by_itself = vch_is_ok(vch_certificate_verify_own(out->certificate.items[0]));
    return VCH_OK;
}

void vch_ratls_release(struct vch_ratls *certificate)
{
    vch_certificate_release(&certificate->certificate);
}

static void judge(struct vch_appraisal *appraisal, const struct vch_ratls *certificate,
                  int64_t time_s, bool is_for_private_data)
{
    vch_appraisal_check(appraisal, "ratls.signature", certificate->is_signed_by_itself,
                        "the certificate's own key did not sign it");
    vch_appraisal_check(appraisal, "ratls.dates",
                        certificate->start_s <= time_s && time_s <= certificate->end_s,
                        "the certificate has ended, or has not begun");
    vch_appraisal_check(
        appraisal, "ratls.key",
        vch_is_equal(certificate->key.bytes, certificate->claimed.bytes, VCH_DIGEST_SIZE),
        "the quote vouches for another key than the certificate's");
    vch_appraisal_add(appraisal, "ratls.binding",
                      is_for_private_data ? VCH_APPRAISAL_FAILED : VCH_APPRAISAL_WARNED,
                      "the evidence is bound to a key and not to this connection%s",
                      is_for_private_data ? ": attest over the channel before sending anything "
                                            "private"
                                          : "");
}

vch_status vch_ratls_verify(struct vch_appraisal *appraisal, struct vch_dcap_claims *claims,
                            const struct vch_ratls *certificate,
                            const struct vch_dcap_collateral *collateral,
                            const struct vch_dcap_question *question, bool is_for_private_data,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    uint8_t report_data[VCH_DCAP_QUOTE_DATA_SIZE] = {0};
    struct vch_dcap_question own = *question;
    struct vch_digest digest = vch_hash_bytes(certificate->claims.bytes, certificate->claims.size);

    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    own.report_data = report_data;
    vch_status status =
        vch_dcap_verify(appraisal, claims, &certificate->quote, collateral, &own, arena, complaint);
    if (appraisal->count > 0) judge(appraisal, certificate, question->time_s, is_for_private_data);
    return vch_is_ok(status) ? vch_appraisal_status(appraisal) : status;
}
