#include "evidence/nitro.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "certificate/chain.h"
#include "evidence/cbor.h"

enum { MS = 1000, IMAGE_PCRS = 3 }; // PCRs 0 to 2: the enclave's image, kernel and application

// The key's certificate, then the bundle from its end: what issued the key first, the root last.
static vch_status read_chain(struct vch_certificate_list *list, struct vch_spki *key,
                             const struct vch_nitro_document *document,
                             struct vch_complaint *complaint)
{
    VCH_TRY(vch_certificate_read(list, document->certificate.bytes, document->certificate.size,
                                 complaint));
    for (uint32_t i = document->bundle_count; i-- > 0;)
        VCH_TRY(vch_certificate_read(list, document->bundle[i].bytes, document->bundle[i].size,
                                     complaint));
    if (list->count != 1 + document->bundle_count ||
        !vch_is_ok(vch_certificate_spki(list->items[0], key)) || key->kind != VCH_SPKI_P384)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected one certificate a place, and a key of P-384");
    return VCH_OK;
}

static void judge_chain(struct vch_appraisal *appraisal, const struct vch_certificate_list *list,
                        const struct vch_nitro_question *question)
{
    struct vch_complaint why = {0};
    const struct vch_chain_rules rules = {
        .root = question->root, .time_s = question->time_s, .signatures = VCH_CHAIN_ECDSA_SHA384};
    bool has_root = question->root.size > 0;
    bool is_good = has_root && vch_is_ok(vch_chain_verify(list, &rules, &why));

    vch_appraisal_check(appraisal, "nitro.chain", is_good, "%s",
                        has_root ? why.text : "no root is known");
}

// COSE's Sig_structure (RFC 9052, section 4.4).
static bool is_signed(const struct vch_nitro_document *document, const struct vch_spki *key)
{
    static const char context[] = "Signature1";
    uint8_t message[VCH_NITRO_SIZE_MAX + 64];
    size_t size = 0;
    struct vch_cbor_writer writer = {message, sizeof message, 0};
    const struct vch_spki_ecdsa numbers = {document->signature,
                                           document->signature + VCH_NITRO_SIGNATURE_SIZE / 2,
                                           VCH_NITRO_SIGNATURE_SIZE / 2, false};

    vch_cbor_write_array(&writer, 4);
    vch_cbor_write_text(&writer, context, sizeof context - 1);
    vch_cbor_write_bytes(&writer, document->protected.bytes, document->protected.size);
    vch_cbor_write_bytes(&writer, NULL, 0);
    vch_cbor_write_bytes(&writer, document->payload.bytes, document->payload.size);
    return vch_is_ok(vch_cbor_write_end(&writer, &size)) &&
           vch_is_ok(vch_spki_verify_ecdsa(key, &numbers, message, size));
}

static void judge_time(struct vch_appraisal *appraisal, const struct vch_nitro_document *document,
                       const struct vch_nitro_question *question,
                       const struct vch_nitro_policy *policy)
{
    int64_t made_s = (int64_t)(document->timestamp_ms / MS);
    int64_t age_s = question->time_s - made_s;

    vch_appraisal_check(appraisal, "nitro.time", age_s >= 0 && age_s < policy->age_max_s,
                        "the document is %" PRId64 " s old; less than %u are allowed: ask again",
                        age_s, policy->age_max_s);
}

// The hypervisor shows zeroes for an enclave whose console can be read.
static bool can_be_debugged(const struct vch_nitro_document *document)
{
    for (uint32_t i = 0; i < IMAGE_PCRS; i++)
        if (document->pcrs[i] != NULL && !vch_is_zero(document->pcrs[i], VCH_NITRO_PCR_SIZE))
            return false;
    return true;
}

static bool is_allowed(const struct vch_nitro_document *document, const struct vch_nitro_rule *rule)
{
    const uint8_t *value = rule->pcr < VCH_NITRO_PCRS ? document->pcrs[rule->pcr] : NULL;

    for (size_t i = 0; value != NULL && i < rule->count; i++)
        if (memcmp(value, rule->values + i * VCH_NITRO_PCR_SIZE, VCH_NITRO_PCR_SIZE) == 0)
            return true;
    return false;
}

static void judge_enclave(struct vch_appraisal *appraisal,
                          const struct vch_nitro_document *document,
                          const struct vch_nitro_policy *policy)
{
    size_t good = 0;

    vch_appraisal_check(appraisal, "nitro.debug", !can_be_debugged(document),
                        "the enclave can be debugged: its parent reads what it prints, and no "
                        "policy can allow that");
    while (good < policy->rule_count && is_allowed(document, &policy->rules[good]))
        good++;
    vch_appraisal_check(appraisal, "nitro.pcrs",
                        policy->rule_count > 0 && good == policy->rule_count,
                        "PCR %u has none of the values that are allowed",
                        good < policy->rule_count ? policy->rules[good].pcr : 0);
}

vch_status vch_nitro_verify(struct vch_appraisal *appraisal, struct vch_nitro_document *out,
                            const uint8_t *bytes, size_t size,
                            const struct vch_nitro_question *question,
                            const struct vch_nitro_policy *policy, struct vch_complaint *complaint)
{
    struct vch_certificate_list list;
    struct vch_spki key;

    vch_appraisal_init(appraisal);
    VCH_TRY(vch_nitro_decode(out, bytes, size, complaint));
    vch_certificate_init(&list);
    vch_status status = read_chain(&list, &key, out, complaint);
    if (vch_is_ok(status)) {
        judge_chain(appraisal, &list, question);
        vch_appraisal_check(appraisal, "nitro.signature", is_signed(out, &key),
                            "the certificate's key did not sign this document");
        judge_time(appraisal, out, question, policy);
        judge_enclave(appraisal, out, policy);
        vch_appraisal_check(
            appraisal, "nitro.user_data",
            out->user_data.size == sizeof question->user_data &&
                vch_is_equal(out->user_data.bytes, question->user_data, sizeof question->user_data),
            "the document was made for something else than what was asked for");
        status = vch_appraisal_status(appraisal);
    }
    vch_certificate_release(&list);
    return status;
}
