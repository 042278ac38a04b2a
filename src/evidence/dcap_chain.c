// Signatures, from Intel's root down to the quote and to the collateral.
#include <string.h>

#include "base/bytes.h"
#include "certificate/chain.h"
#include "crypto/hash.h"
#include "evidence/dcap_parts.h"

enum { COORDINATE_SIZE = 32, NAME_SIZE = 64 };

static const uint8_t intel_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                         0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static bool is_signed(const struct vch_spki *key, const uint8_t *signature, const uint8_t *bytes,
                      size_t size)
{
    struct vch_spki_ecdsa numbers = {.r = signature,
                                     .s = signature + COORDINATE_SIZE,
                                     .size = COORDINATE_SIZE,
                                     .is_little_endian = false};

    return key->kind == VCH_SPKI_P256 &&
           vch_is_ok(vch_spki_verify_ecdsa(key, &numbers, bytes, size));
}

static void check_chain(struct vch_dcap_parts *parts, const char *name,
                        const struct vch_certificate_list *list, enum vch_chain_crls rule)
{
    struct vch_complaint why = {0};
    const struct vch_chain_rules rules = {.root = parts->question->root,
                                          .time_s = parts->question->time_s,
                                          .signatures = VCH_CHAIN_ECDSA_SHA256,
                                          .crls = &parts->crls,
                                          .crl_rule = rule,
                                          .own = &parts->own};
    bool holds = list->count > 0 && vch_is_ok(vch_chain_verify(list, &rules, &why));

    (void)vch_appraisal_check(parts->appraisal, name, holds, "%s",
                              list->count > 0 ? why.text : "there are no readable certificates");
}

// A certificate says by its names what it is for: without this, whoever gets at the key of one
// platform could sign collateral.
static bool is_named(const struct vch_certificate_list *list, const char *subject,
                     const char *const issuers[2])
{
    char found[NAME_SIZE], issuer[NAME_SIZE];

    return list->count > 0 &&
           vch_is_ok(vch_certificate_subject_name(list->items[0], found, sizeof found)) &&
           vch_is_ok(vch_certificate_issuer_name(list->items[0], issuer, sizeof issuer)) &&
           strcmp(found, subject) == 0 &&
           (strcmp(issuer, issuers[0]) == 0 || strcmp(issuer, issuers[1]) == 0);
}

static void read_pck(struct vch_dcap_parts *parts)
{
    struct vch_certificate_bytes extension = {0};
    struct vch_complaint why = {0};
    struct vch_dcap_claims *claims = parts->claims;

    if (parts->pck.count > 0 &&
        vch_is_ok(vch_certificate_extension(parts->pck.items[0], VCH_DCAP_PCK_OID, &extension)))
        claims->is_pck_known =
            vch_is_ok(vch_dcap_pck_decode(&claims->pck, extension.bytes, extension.size, &why));
    (void)vch_appraisal_check(parts->appraisal, "dcap.pck.extension", claims->is_pck_known, "%s",
                              why.text[0] != '\0' ? why.text
                                                  : "the PCK certificate has no SGX extension");
    (void)vch_appraisal_check(parts->appraisal, "dcap.pck.type",
                              claims->is_pck_known &&
                                  (parts->rules->types & VCH_DCAP_BIT(claims->pck.type)) != 0,
                              "the platform's type %d (0 standard, 1 scalable, 2 with integrity) "
                              "is not allowed by policy",
                              claims->is_pck_known ? (int)claims->pck.type : -1);
}

static void check_quoting(struct vch_dcap_parts *parts)
{
    const struct vch_dcap_quote *quote = &parts->claims->quote;
    const struct vch_dcap_quote_enclave *quoting = &quote->quoting;
    struct vch_spki key = {0};
    struct vch_hash hash;

    bool holds =
        parts->pck.count > 0 && vch_is_ok(vch_certificate_spki(parts->pck.items[0], &key)) &&
        is_signed(&key, quote->quoting_signature, quoting->bytes, VCH_DCAP_QUOTE_ENCLAVE_SIZE);
    (void)vch_appraisal_check(parts->appraisal, "dcap.quoting.signature", holds,
                              "the PCK did not sign the quoting enclave's report");

    vch_hash_init(&hash);
    vch_hash_update(&hash, quote->key, (size_t)2 * COORDINATE_SIZE);
    vch_hash_update(&hash, quote->authenticated, quote->authenticated_size);
    struct vch_digest digest = vch_hash_final(&hash);
    holds = memcmp(quoting->report_data, digest.bytes, sizeof digest.bytes) == 0 &&
            vch_is_zero(quoting->report_data + sizeof digest.bytes, sizeof digest.bytes);
    (void)vch_appraisal_check(parts->appraisal, "dcap.quoting.key", holds,
                              "the quoting enclave does not vouch for the quote's key");

    holds = vch_is_ok(vch_spki_of_point(&key, VCH_SPKI_P256, quote->key)) &&
            is_signed(&key, quote->signature, quote->signed_bytes, quote->signed_size);
    (void)vch_appraisal_check(parts->appraisal, "dcap.quote.signature", holds,
                              "the quote's key did not sign it");
}

void vch_dcap_parts_check_quote(struct vch_dcap_parts *parts)
{
    static const char *const issuers[] = {"Intel SGX PCK Platform CA",
                                          "Intel SGX PCK Processor CA"};
    const struct vch_dcap_quote *quote = &parts->claims->quote;

    (void)vch_appraisal_check(parts->appraisal, "dcap.quote.version",
                              (parts->rules->versions & VCH_DCAP_BIT(quote->version)) != 0,
                              "quotes of version %u are not allowed by policy", quote->version);
    (void)vch_appraisal_check(parts->appraisal, "dcap.quote.vendor",
                              memcmp(quote->vendor, intel_vendor, sizeof intel_vendor) == 0,
                              "expected a quoting enclave of Intel, by its vendor id");
    check_chain(parts, "dcap.pck.chain", &parts->pck, VCH_CHAIN_CRLS_OF_ALL);
    (void)vch_appraisal_check(parts->appraisal, "dcap.pck.name",
                              is_named(&parts->pck, "Intel SGX PCK Certificate", issuers),
                              "expected a certificate named Intel SGX PCK Certificate, by Intel's "
                              "platform or processor CA");
    read_pck(parts);
    check_quoting(parts);
}

static void check_dates(struct vch_dcap_parts *parts, const char *name,
                        const struct vch_dcap_collateral_document *document, bool is_read)
{
    enum { DAY_S = 86400 };
    struct vch_appraisal *appraisal = parts->appraisal;
    const int64_t now = parts->question->time_s, allowed_s = parts->rules->collateral_age_max_s;

    if (!is_read)
        (void)vch_appraisal_check(appraisal, name, false, "it cannot be read");
    else if (now < document->issued_s)
        (void)vch_appraisal_check(
            appraisal, name, false,
            "it was issued after the time that it is judged at: see the clock");
    else if (now > document->next_s)
        (void)vch_appraisal_check(appraisal, name, false, "the next one was due %lld days ago",
                                  (long long)((now - document->next_s) / DAY_S));
    else
        (void)vch_appraisal_check(
            appraisal, name, allowed_s > 0 && now - document->issued_s <= allowed_s,
            "expected one of the last %lld days, by policy, found one issued %lld days ago",
            (long long)(allowed_s / DAY_S), (long long)((now - document->issued_s) / DAY_S));
}

static void check_document(struct vch_dcap_parts *parts, const char *const names[4],
                           const struct vch_dcap_collateral_document *document, const char *id,
                           uint32_t version)
{
    const struct vch_dcap_rules *rules = parts->rules;
    struct vch_appraisal *appraisal = parts->appraisal;
    static const struct vch_dcap_collateral_document none = {0};
    bool is_read = document != NULL;

    if (!is_read) document = &none;
    bool holds = is_read && parts->has_signer_key &&
                 is_signed(&parts->signer_key, document->signature, document->signed_bytes,
                           document->signed_size);
    (void)vch_appraisal_check(appraisal, names[0], holds,
                              is_read ? "Intel's signer did not sign these bytes; fetch them again"
                                      : "it cannot be read; fetch it again");
    holds = is_read && strcmp(document->id, id) == 0 && document->version == version;
    (void)vch_appraisal_check(appraisal, names[1], holds,
                              "expected \"%s\" of version %u, found \"%s\" of version %u", id,
                              version, document->id, document->version);
    check_dates(parts, names[2], document, is_read);
    holds = is_read && rules->min_evaluation > 0 && document->evaluation >= rules->min_evaluation;
    (void)vch_appraisal_check(appraisal, names[3], holds,
                              "tcbEvaluationDataNumber is %u, and policy asks for %u at least (0: "
                              "it states no floor): fetch the newest",
                              document->evaluation, rules->min_evaluation);
}

static void check_platform_is_meant(struct vch_dcap_parts *parts)
{
    const struct vch_dcap_collateral_tcb_info *info = parts->tcb_info;
    const struct vch_dcap_pck *pck = &parts->claims->pck;
    char expected[13], found[13] = "none";
    bool is_known = info != NULL && parts->claims->is_pck_known;

    vch_hex_encode(expected, pck->fmspc, sizeof pck->fmspc);
    if (info != NULL) vch_hex_encode(found, info->fmspc, sizeof info->fmspc);
    (void)vch_appraisal_check(parts->appraisal, "dcap.tcb_info.fmspc",
                              is_known && memcmp(info->fmspc, pck->fmspc, sizeof pck->fmspc) == 0,
                              "expected TCB Info of FMSPC %s, found %s: fetch that one", expected,
                              found);
    (void)vch_appraisal_check(parts->appraisal, "dcap.tcb_info.pce",
                              is_known && info->tcb_type == 0 &&
                                  memcmp(info->pce_id, pck->pce_id, sizeof pck->pce_id) == 0,
                              "expected TCB Info of type 0 and of the PCK's PCEID");
}

void vch_dcap_parts_check_collateral(struct vch_dcap_parts *parts)
{
    static const char *const issuers[] = {"Intel SGX Root CA", "Intel SGX Root CA"};
    static const char *const info_names[] = {"dcap.tcb_info.signature", "dcap.tcb_info.kind",
                                             "dcap.tcb_info.dates", "dcap.tcb_info.evaluation"};
    static const char *const identity_names[] = {"dcap.identity.signature", "dcap.identity.kind",
                                                 "dcap.identity.dates", "dcap.identity.evaluation"};
    bool is_tdx = parts->claims->quote.tee == VCH_DCAP_QUOTE_TDX;

    check_chain(parts, "dcap.signer.chain", &parts->signer, VCH_CHAIN_CRLS_OF_ROOT);
    (void)vch_appraisal_check(parts->appraisal, "dcap.signer.name",
                              is_named(&parts->signer, "Intel SGX TCB Signing", issuers),
                              "expected a certificate named Intel SGX TCB Signing, by Intel SGX "
                              "Root CA itself");
    parts->has_signer_key =
        parts->signer.count > 0 &&
        vch_is_ok(vch_certificate_spki(parts->signer.items[0], &parts->signer_key));
    check_document(parts, info_names, parts->tcb_info != NULL ? &parts->tcb_info->document : NULL,
                   is_tdx ? "TDX" : "SGX", 3);
    check_platform_is_meant(parts);
    check_document(parts, identity_names,
                   parts->identity != NULL ? &parts->identity->document : NULL,
                   is_tdx ? "TD_QE" : "QE", 2);
}
