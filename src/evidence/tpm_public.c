#include "evidence/tpm_public.h"

#include <string.h>

#include "base/bytes.h"
#include "evidence/tpm_wire.h"

enum { RSA = 0x0001, ECC = 0x0023, NONE = 0x0010 };        // TPM_ALG_ID
enum { RSASSA = 0x0014, RSAPSS = 0x0016, ECDSA = 0x0018 }; // TPM_ALG_ID, schemes that sign
enum { AES = 0x0006, CFB = 0x0043 };
enum { P256 = 0x0003 }; // TPM_ECC_NIST_P256
enum { MODULUS_MAX = 512, COORDINATE_SIZE = 32, POLICY_MAX = 64, EXPONENT = 65537 };

// TPMT_SYM_DEF_OBJECT: storage keys have one, signing keys none.
static vch_status read_symmetric(struct vch_reader *reader)
{
    uint16_t algorithm, bits, mode;

    VCH_TRY(vch_tpm_wire_u16(reader, &algorithm));
    if (algorithm == NONE) return VCH_OK;
    if (algorithm != AES) return VCH_FAIL(UNSUPPORTED);
    VCH_TRY(vch_tpm_wire_u16(reader, &bits));
    VCH_TRY(vch_tpm_wire_u16(reader, &mode));
    return (bits == 128 || bits == 256) && mode == CFB ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

// TPMT_ASYM_SCHEME: of those that sign, the hash behind them, which has to be SHA-256.
static vch_status read_scheme(struct vch_reader *reader, uint16_t *scheme)
{
    uint16_t hash;

    VCH_TRY(vch_tpm_wire_u16(reader, scheme));
    if (*scheme == NONE) return VCH_OK;
    if (*scheme != RSASSA && *scheme != RSAPSS && *scheme != ECDSA) return VCH_FAIL(UNSUPPORTED);
    VCH_TRY(vch_tpm_wire_u16(reader, &hash));
    return hash == VCH_TPM_WIRE_SHA256 ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

static vch_status read_rsa(struct vch_reader *reader, struct vch_spki *out)
{
    const uint8_t *modulus;
    uint32_t exponent;
    uint16_t bits, size;

    VCH_TRY(vch_tpm_wire_u16(reader, &bits));
    VCH_TRY(vch_tpm_wire_u32(reader, &exponent)); // 0 is the default
    VCH_TRY(vch_tpm_wire_sized(reader, MODULUS_MAX, &modulus, &size));
    if (bits != 8 * size) return VCH_FAIL(MALFORMED);
    if (exponent != 0 && exponent != EXPONENT) return VCH_FAIL(UNSUPPORTED);
    return vch_spki_of_rsa(out, modulus, size, EXPONENT);
}

static vch_status read_ecc(struct vch_reader *reader, struct vch_spki *out)
{
    uint8_t x_y[2 * COORDINATE_SIZE];
    uint16_t curve, kdf;

    VCH_TRY(vch_tpm_wire_u16(reader, &curve));
    VCH_TRY(vch_tpm_wire_u16(reader, &kdf));
    if (curve != P256 || kdf != NONE) return VCH_FAIL(UNSUPPORTED);
    VCH_TRY(vch_tpm_wire_number(reader, x_y, COORDINATE_SIZE));
    VCH_TRY(vch_tpm_wire_number(reader, x_y + COORDINATE_SIZE, COORDINATE_SIZE));
    return vch_spki_of_point(out, VCH_SPKI_P256, x_y);
}

static vch_status read_public(struct vch_tpm_public *out, struct vch_reader *reader)
{
    const uint8_t *policy;
    uint16_t kind, hash, policy_size;

    VCH_TRY(vch_tpm_wire_u16(reader, &kind));
    VCH_TRY(vch_tpm_wire_u16(reader, &hash));
    if ((kind != RSA && kind != ECC) || hash != VCH_TPM_WIRE_SHA256) return VCH_FAIL(UNSUPPORTED);
    VCH_TRY(vch_tpm_wire_u32(reader, &out->attributes));
    VCH_TRY(vch_tpm_wire_sized(reader, POLICY_MAX, &policy, &policy_size));
    VCH_TRY(read_symmetric(reader));
    VCH_TRY(read_scheme(reader, &out->scheme));
    VCH_TRY(kind == RSA ? read_rsa(reader, &out->key) : read_ecc(reader, &out->key));
    return reader->offset == reader->size ? VCH_OK : VCH_FAIL(MALFORMED);
}

// A TPMT_PUBLIC starts with the kind of key; a TPM2B_PUBLIC with its length, which is never as
// small as those two numbers for a key that is supported.
static struct vch_reader skip_length(const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    uint16_t length = size < 2 ? 0 : (uint16_t)(bytes[0] << 8 | bytes[1]);

    if (length != RSA && length != ECC && length + 2u == size)
        reader = (struct vch_reader){.bytes = bytes + 2, .size = size - 2};
    return reader;
}

vch_status vch_tpm_public_decode(struct vch_tpm_public *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    if (size > VCH_TPM_PUBLIC_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected a TPMT_PUBLIC of at most %d bytes, found %zu",
                            VCH_TPM_PUBLIC_SIZE_MAX, size);
    struct vch_reader reader = skip_length(bytes, size);
    vch_status status = read_public(out, &reader);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "expected a TPMT_PUBLIC of an RSA or P-256 key with SHA-256 "
                            "throughout, found something else at byte %zu of %zu",
                            reader.offset, size);
    struct vch_digest digest = vch_hash_bytes(reader.bytes, reader.size);
    out->name[0] = (uint8_t)(VCH_TPM_WIRE_SHA256 >> 8);
    out->name[1] = (uint8_t)VCH_TPM_WIRE_SHA256;
    memcpy(out->name + 2, digest.bytes, sizeof digest.bytes);
    return VCH_OK;
}

vch_status vch_tpm_public_appraise(struct vch_appraisal *appraisal, const struct vch_tpm_public *ak)
{
    static const uint32_t fixed = VCH_TPM_PUBLIC_FIXED_TPM | VCH_TPM_PUBLIC_FIXED_PARENT;
    uint32_t has = ak->attributes;

    vch_appraisal_check(appraisal, "tpm.ak.fixed", (has & fixed) == fixed,
                        "expected fixedTPM and fixedParent, found attributes 0x%08x: the key may "
                        "be copied out; create one that cannot",
                        has);
    vch_appraisal_check(appraisal, "tpm.ak.origin",
                        (has & VCH_TPM_PUBLIC_SENSITIVE_DATA_ORIGIN) != 0,
                        "expected sensitiveDataOrigin, found attributes 0x%08x: the key was made "
                        "elsewhere and brought in",
                        has);
    vch_appraisal_check(appraisal, "tpm.ak.restricted", (has & VCH_TPM_PUBLIC_RESTRICTED) != 0,
                        "expected a restricted key, found attributes 0x%08x: it signs whatever it "
                        "is given, look-alikes of quotes too",
                        has);
    vch_appraisal_check(appraisal, "tpm.ak.signing",
                        (has & VCH_TPM_PUBLIC_SIGN) != 0 && (has & VCH_TPM_PUBLIC_DECRYPT) == 0,
                        "expected a key that signs and does not decrypt, found attributes 0x%08x",
                        has);
    return vch_appraisal_status(appraisal);
}

vch_status vch_tpm_public_match(struct vch_appraisal *appraisal, const struct vch_tpm_public *ak,
                                const uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE])
{
    bool is_same = vch_is_equal(ak->name, name, VCH_TPM_PUBLIC_NAME_SIZE);

    vch_appraisal_check(appraisal, "tpm.ak.enrolled", is_same,
                        "expected the attestation key that was enrolled, found another; enrol "
                        "this one by credential activation");
    return vch_appraisal_status(appraisal);
}
