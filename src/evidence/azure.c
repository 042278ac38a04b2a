#include "evidence/azure.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "evidence/json.h"

enum {
    HCL_HEAD_SIZE = 32,
    HCL_REPORT_SIZE = 1184,
    HCL_RUNTIME_AT = HCL_HEAD_SIZE + HCL_REPORT_SIZE, // five numbers, then the JSON
    HCL_NUMBERS_SIZE = 20,
    HCL_SHA256 = 1,
    TDREPORT_SIZE = 1024,
};
enum { MODULUS_MAX = 512, EXPONENT = 65537 };

// "HCLA" little-endian; versions 1 and 2 differ in what follows the head's size, which is unused.
static bool is_hcl(const uint8_t *bytes, size_t size)
{
    return size >= HCL_RUNTIME_AT + HCL_NUMBERS_SIZE && memcmp(bytes, "HCLA", 4) == 0;
}

vch_status vch_azure_hcl_decode(struct vch_azure_hcl *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint)
{
    if (!is_hcl(bytes, size))
        return vch_complain(complaint,
                            size < HCL_RUNTIME_AT ? VCH_CODE_TRUNCATED : VCH_CODE_MALFORMED,
                            "expected a paravisor's report (HCLA), found %zu other bytes", size);
    const uint8_t *numbers = bytes + HCL_RUNTIME_AT;
    uint32_t kind = vch_get_u32le(numbers + 8), hash = vch_get_u32le(numbers + 12);
    uint32_t runtime_size = vch_get_u32le(numbers + 16);
    size_t left = size - HCL_RUNTIME_AT - HCL_NUMBERS_SIZE;

    if ((kind != VCH_AZURE_SNP && kind != VCH_AZURE_TDX) || hash != HCL_SHA256)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "expected a paravisor's report of SNP (2) or TDX (4) with SHA-256 (1), "
                            "found kind %u with hash %u",
                            kind, hash);
    if (runtime_size > left)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "expected %u bytes of runtime data, found %zu", runtime_size, left);
    if (!vch_is_zero(numbers + HCL_NUMBERS_SIZE + runtime_size, left - runtime_size))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected zeroes after the runtime data, found something else");
    *out = (struct vch_azure_hcl){
        .kind = (enum vch_azure_kind)kind,
        .report = bytes + HCL_HEAD_SIZE,
        .report_size = kind == VCH_AZURE_SNP ? HCL_REPORT_SIZE : TDREPORT_SIZE,
        .runtime = numbers + HCL_NUMBERS_SIZE,
        .runtime_size = runtime_size,
    };
    return VCH_OK;
}

// Base64 for URLs, without padding (RFC 7515), turned into the other kind.
static vch_status decode_url(uint8_t *out, size_t *size, const char *text, size_t text_size)
{
    char plain[VCH_BASE64_SIZE(MODULUS_MAX)];
    size_t padded = (text_size + 3) / 4 * 4;

    if (padded > sizeof plain) return VCH_FAIL(LIMIT);
    for (size_t i = 0; i < padded; i++) {
        char c = '=';

        if (i < text_size) c = text[i];
        if (i < text_size && (c == '+' || c == '/' || c == '=')) return VCH_FAIL(MALFORMED);
        if (c == '-') c = '+';
        if (c == '_') c = '/';
        plain[i] = c;
    }
    return vch_base64_decode(out, size, MODULUS_MAX, plain, padded);
}

static bool is_for_signing(const struct vch_json_value *key)
{
    const struct vch_json_value *uses = vch_json_member(key, "key_ops");

    return vch_json_is(uses, VCH_JSON_ARRAY) && uses->count == 1 &&
           vch_json_is_string(vch_json_first(uses), "sign");
}

static vch_status read_key(struct vch_spki *out, const struct vch_json_value *key)
{
    uint8_t modulus[MODULUS_MAX];
    size_t size, text_size;
    const char *text;

    if (!is_for_signing(key) || !vch_json_is_string(vch_json_member(key, "kty"), "RSA") ||
        !vch_json_is_string(vch_json_member(key, "e"), "AQAB") ||
        !vch_json_string(vch_json_member(key, "n"), &text, &text_size))
        return VCH_FAIL(MALFORMED);
    VCH_TRY(decode_url(modulus, &size, text, text_size));
    return vch_spki_of_rsa(out, modulus, size, EXPONENT);
}

// Exactly one key of that name: with two, whoever reads the first and whoever reads the last would
// see different machines.
static vch_status find_key(struct vch_spki *out, const struct vch_json_value *root)
{
    const struct vch_json_value *keys = vch_json_member(root, "keys"), *found = NULL, *key;

    if (!vch_json_is(keys, VCH_JSON_ARRAY)) return VCH_FAIL(MALFORMED);
    key = vch_json_first(keys);
    for (uint32_t i = 0; i < keys->count; i++, key = vch_json_next(key)) {
        if (!vch_json_is_string(vch_json_member(key, "kid"), "HCLAkPub")) continue;
        if (found != NULL) return VCH_FAIL(MALFORMED);
        found = key;
    }
    return found == NULL ? VCH_FAIL(MALFORMED) : read_key(out, found);
}

static void appraise_runtime(struct vch_appraisal *appraisal,
                             const uint8_t report_data[VCH_AZURE_REPORT_DATA_SIZE],
                             const uint8_t *runtime, size_t runtime_size)
{
    struct vch_digest digest = vch_hash_bytes(runtime, runtime_size);
    bool is_same =
        vch_is_equal(report_data, digest.bytes, VCH_DIGEST_SIZE) &&
        vch_is_zero(report_data + VCH_DIGEST_SIZE, VCH_AZURE_REPORT_DATA_SIZE - VCH_DIGEST_SIZE);

    vch_appraisal_check(appraisal, "azure.runtime", is_same,
                        "expected report_data to be SHA-256 of the runtime data and zeroes, found "
                        "another: the runtime data is of another machine or boot");
}

vch_status vch_azure_verify(struct vch_appraisal *appraisal, struct vch_spki *ak,
                            struct vch_arena *arena,
                            const uint8_t report_data[VCH_AZURE_REPORT_DATA_SIZE],
                            const uint8_t *runtime, size_t runtime_size,
                            struct vch_complaint *complaint)
{
    const struct vch_json_value *root;

    if (runtime_size > VCH_AZURE_RUNTIME_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected at most %d bytes of runtime data, found %zu",
                            VCH_AZURE_RUNTIME_MAX, runtime_size);
    VCH_TRY(vch_json_decode(&root, arena, runtime, runtime_size, complaint));
    appraise_runtime(appraisal, report_data, runtime, runtime_size);
    vch_appraisal_check(appraisal, "azure.ak", vch_is_ok(find_key(ak, root)),
                        "expected one RSA key HCLAkPub, for signing alone, in the runtime data");
    return vch_appraisal_status(appraisal);
}
