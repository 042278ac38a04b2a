#include "evidence/tpm_quote.h"

#include <string.h>

#include "base/bytes.h"
#include "evidence/tpm_wire.h"

#define MAGIC 0xff544347u  // TPM_GENERATED_VALUE: no restricted key signs other bytes that start so
#define TYPE_QUOTE 0x8018u // TPM_ST_ATTEST_QUOTE
enum { NAME_MAX = 66, DATA_MAX = 66, DIGEST_MAX = 64, SELECT_MAX = 3 };

static vch_status read_clock(struct vch_reader *reader, struct vch_tpm_quote_clock *out)
{
    uint8_t is_safe;

    VCH_TRY(vch_tpm_wire_u64(reader, &out->clock_ms));
    VCH_TRY(vch_tpm_wire_u32(reader, &out->reset_count));
    VCH_TRY(vch_tpm_wire_u32(reader, &out->restart_count));
    VCH_TRY(vch_tpm_wire_u8(reader, &is_safe));
    if (is_safe > 1) return VCH_FAIL(MALFORMED);
    out->is_safe = is_safe;
    return VCH_OK;
}

// TPML_PCR_SELECTION
static vch_status read_banks(struct vch_reader *reader, struct vch_tpm_quote *out)
{
    VCH_TRY(vch_tpm_wire_u32(reader, &out->bank_count));
    if (out->bank_count > VCH_TPM_QUOTE_BANKS_MAX) return VCH_FAIL(LIMIT);
    for (uint32_t i = 0; i < out->bank_count; i++) {
        uint8_t size;
        const uint8_t *selected;

        VCH_TRY(vch_tpm_wire_u16(reader, &out->banks[i].algorithm));
        VCH_TRY(vch_tpm_wire_u8(reader, &size));
        if (size > SELECT_MAX) return VCH_FAIL(LIMIT);
        VCH_TRY(vch_reader_bytes(reader, size, &selected));
        out->banks[i].pcrs = 0;
        for (uint32_t k = 0; k < size; k++)
            out->banks[i].pcrs |= (uint32_t)selected[k] << 8 * k;
    }
    return VCH_OK;
}

static vch_status read_quote(struct vch_reader *reader, struct vch_tpm_quote *out)
{
    uint32_t magic;
    uint16_t type;

    VCH_TRY(vch_tpm_wire_u32(reader, &magic));
    VCH_TRY(vch_tpm_wire_u16(reader, &type));
    if (magic != MAGIC || type != TYPE_QUOTE) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_tpm_wire_sized(reader, NAME_MAX, &out->signer, &out->signer_size));
    VCH_TRY(vch_tpm_wire_sized(reader, DATA_MAX, &out->nonce, &out->nonce_size));
    VCH_TRY(read_clock(reader, &out->clock));
    VCH_TRY(vch_tpm_wire_u64(reader, &out->firmware));
    VCH_TRY(read_banks(reader, out));
    VCH_TRY(vch_tpm_wire_sized(reader, DIGEST_MAX, &out->pcr_digest, &out->pcr_digest_size));
    return reader->offset == reader->size ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_tpm_quote_decode(struct vch_tpm_quote *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};

    *out = (struct vch_tpm_quote){0};
    if (size > VCH_TPM_QUOTE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected a TPMS_ATTEST of at most %d bytes, found %zu",
                            VCH_TPM_QUOTE_SIZE_MAX, size);
    vch_status status = read_quote(&reader, out);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "expected a TPMS_ATTEST of a quote (it starts ff544347 8018) of "
                            "exactly its length, found something else at byte %zu of %zu",
                            reader.offset, size);
    return VCH_OK;
}

static void appraise_signature(struct vch_appraisal *appraisal,
                               const struct vch_tpm_quote_evidence *evidence,
                               const struct vch_spki *ak)
{
    struct vch_complaint why = {0};
    vch_status status = vch_tpm_signature_verify(&evidence->signature, ak, evidence->attest,
                                                 evidence->attest_size, &why);

    vch_appraisal_check(appraisal, "tpm.signature", vch_is_ok(status), "%s", why.text);
}

static void appraise_nonce(struct vch_appraisal *appraisal, const struct vch_tpm_quote *quote,
                           const struct vch_tpm_quote_expected *expected)
{
    bool is_same = expected->nonce_size > 0 && quote->nonce_size == expected->nonce_size &&
                   vch_is_equal(quote->nonce, expected->nonce, expected->nonce_size);

    vch_appraisal_check(appraisal, "tpm.nonce", is_same,
                        "expected the %zu bytes asked for, found %u others: an answer to somebody "
                        "else or an old one; ask again",
                        expected->nonce_size, quote->nonce_size);
}

// One bank, since several would leave open what the digest is over.
static bool appraise_selection(struct vch_appraisal *appraisal, const struct vch_tpm_quote *quote,
                               const struct vch_tpm_quote_expected *expected)
{
    uint32_t algorithm = quote->bank_count == 1 ? quote->banks[0].algorithm : 0;
    uint32_t pcrs = quote->bank_count == 1 ? quote->banks[0].pcrs : 0;

    bool is_bank = vch_appraisal_check(
        appraisal, "tpm.bank", algorithm == VCH_TPM_WIRE_SHA256,
        "expected PCRs of the SHA-256 bank alone, found %u banks, the first 0x%04x%s",
        quote->bank_count, quote->bank_count == 0 ? 0 : quote->banks[0].algorithm,
        algorithm == VCH_TPM_WIRE_SHA1 ? " (SHA-1, which can be collided)" : "");
    bool is_selection =
        vch_appraisal_check(appraisal, "tpm.selection", pcrs != 0 && pcrs == expected->pcrs,
                            "expected a quote of the PCRs 0x%06x, found 0x%06x; ask for all that "
                            "the policy names",
                            expected->pcrs, pcrs);
    return is_bank && is_selection;
}

static bool appraise_digest(struct vch_appraisal *appraisal, const struct vch_tpm_quote *quote,
                            const struct vch_digest *pcrs, uint32_t selected)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++)
        if ((selected >> i & 1) != 0) vch_hash_update(&hash, pcrs[i].bytes, sizeof pcrs[i].bytes);
    struct vch_digest digest = vch_hash_final(&hash);
    bool is_same = quote->pcr_digest_size == sizeof digest.bytes &&
                   vch_is_equal(quote->pcr_digest, digest.bytes, sizeof digest.bytes);
    return vch_appraisal_check(appraisal, "tpm.pcr.digest", is_same,
                               "the PCR values beside the quote are not those that it was made of");
}

static bool is_allowed(const struct vch_tpm_quote_pcr_rule *rule, const struct vch_digest *value)
{
    bool is_found = false;

    for (uint32_t i = 0; i < rule->count; i++)
        is_found |= vch_hash_is_equal(&rule->allowed[i], value);
    return is_found;
}

// Values that no quote covers are nobody's.
static void appraise_values(struct vch_appraisal *appraisal,
                            const struct vch_tpm_quote_evidence *evidence, bool are_quoted,
                            const struct vch_tpm_quote_expected *expected)
{
    for (uint32_t i = 0; i < expected->rule_count; i++) {
        const struct vch_tpm_quote_pcr_rule *rule = &expected->rules[i];
        bool is_quoted =
            are_quoted && rule->pcr < VCH_TPM_QUOTE_PCRS && (expected->pcrs >> rule->pcr & 1) != 0;

        if (is_quoted && is_allowed(rule, &evidence->pcrs[rule->pcr])) continue;
        char found[2 * VCH_DIGEST_SIZE + 1] = "no quoted value";
        if (is_quoted) vch_hex_encode(found, evidence->pcrs[rule->pcr].bytes, VCH_DIGEST_SIZE);
        vch_appraisal_add(appraisal, "tpm.pcr.value", VCH_APPRAISAL_FAILED,
                          "PCR %u: expected one of %u values, found %s", rule->pcr, rule->count,
                          found);
        return;
    }
    vch_appraisal_add(appraisal, "tpm.pcr.value",
                      expected->rule_count == 0 ? VCH_APPRAISAL_NOT_APPLICABLE
                                                : VCH_APPRAISAL_PASSED,
                      "%s", expected->rule_count == 0 ? "the policy expects no values" : "");
}

static bool is_same_boot(const struct vch_tpm_quote_clock *a, const struct vch_tpm_quote_clock *b)
{
    return a->reset_count == b->reset_count && a->restart_count == b->restart_count;
}

// A TPM's counters go one way. (The clock may fall at a reset that came without warning.)
static bool is_later(const struct vch_tpm_quote_clock *now, const struct vch_tpm_quote_clock *seen)
{
    if (now->reset_count != seen->reset_count) return now->reset_count > seen->reset_count;
    if (now->restart_count != seen->restart_count) return now->restart_count > seen->restart_count;
    return now->clock_ms >= seen->clock_ms;
}

static void appraise_history(struct vch_appraisal *appraisal, const struct vch_tpm_quote *quote,
                             const struct vch_tpm_quote_expected *expected)
{
    const struct vch_tpm_quote_clock *now = &quote->clock, *seen = expected->seen;

    if (seen == NULL) {
        vch_appraisal_add(appraisal, "tpm.history", VCH_APPRAISAL_NOT_APPLICABLE, "first quote");
    } else {
        vch_appraisal_check(appraisal, "tpm.history", is_later(now, seen),
                            "expected nothing before reset %u, restart %u, found reset %u, restart "
                            "%u: an old quote, or a TPM set back",
                            seen->reset_count, seen->restart_count, now->reset_count,
                            now->restart_count);
    }
    if (!expected->is_session) {
        vch_appraisal_add(appraisal, "tpm.session", VCH_APPRAISAL_NOT_APPLICABLE, "no session");
        return;
    }
    vch_appraisal_check(appraisal, "tpm.session", seen != NULL && is_same_boot(now, seen),
                        "expected the boot that the session began with, found reset %u, restart "
                        "%u; begin a new session",
                        now->reset_count, now->restart_count);
}

vch_status vch_tpm_quote_verify(struct vch_appraisal *appraisal, struct vch_tpm_quote *out,
                                const struct vch_tpm_quote_evidence *evidence,
                                const struct vch_spki *ak,
                                const struct vch_tpm_quote_expected *expected,
                                struct vch_complaint *complaint)
{
    VCH_TRY(vch_tpm_quote_decode(out, evidence->attest, evidence->attest_size, complaint));
    appraise_signature(appraisal, evidence, ak);
    appraise_nonce(appraisal, out, expected);
    bool are_quoted = appraise_selection(appraisal, out, expected);
    uint32_t selected = out->bank_count == 1 ? out->banks[0].pcrs : 0;
    are_quoted &= appraise_digest(appraisal, out, evidence->pcrs, selected);
    appraise_values(appraisal, evidence, are_quoted, expected);
    appraise_history(appraisal, out, expected);
    return vch_appraisal_status(appraisal);
}
