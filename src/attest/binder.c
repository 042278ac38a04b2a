#include "attest/binder.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"

static const char magic[] = "VOUCH-ATTEST-BND";
enum { MAGIC = sizeof magic - 1, VERSION = 1, HEAD = MAGIC + 4, FIELD = 32, FIELDS = 8 };
_Static_assert(HEAD + FIELDS * FIELD == VCH_BINDER_SIZE, "the layout");

// The fields of 32 bytes, in their order.
static const size_t fields[FIELDS] = {
    offsetof(struct vch_binder, nonce),       offsetof(struct vch_binder, exporter),
    offsetof(struct vch_binder, own),         offsetof(struct vch_binder, peer),
    offsetof(struct vch_binder, sealing_key), offsetof(struct vch_binder, node),
    offsetof(struct vch_binder, facts),       offsetof(struct vch_binder, policy),
};

const char *vch_binder_kind_name(enum vch_binder_kind kind)
{
    static const char *const names[VCH_BINDER_KIND_END] = {
        [VCH_BINDER_SNP] = "snp",  [VCH_BINDER_TDX] = "tdx",       [VCH_BINDER_SGX] = "sgx",
        [VCH_BINDER_TPM] = "tpm2", [VCH_BINDER_AZURE] = "az-vtpm", [VCH_BINDER_NONE] = "none",
    };

    return kind >= VCH_BINDER_SNP && kind < VCH_BINDER_KIND_END ? names[kind] : "unknown";
}

// What is wrong with it; NULL: nothing.
static const char *wrong(const struct vch_binder *binder)
{
    bool is_channel = binder->mode == VCH_BINDER_CHANNEL;

    if (!is_channel && binder->mode != VCH_BINDER_REGISTRATION) return "its mode is unknown";
    if (binder->role != VCH_BINDER_SERVER && binder->role != VCH_BINDER_CLIENT)
        return "its role is unknown";
    if (binder->kind < VCH_BINDER_SNP || binder->kind >= VCH_BINDER_KIND_END)
        return "its kind of evidence is unknown";
    if (vch_is_zero(binder->nonce, FIELD)) return "it has no nonce";
    if (vch_is_zero(binder->sealing_key, FIELD)) return "it has no sealing key";
    if (vch_is_zero(binder->node, FIELD)) return "it names no node";
    if (vch_is_zero(binder->own.bytes, FIELD)) return "it names no key of the attested end";
    if (vch_is_zero(binder->exporter, FIELD) == is_channel)
        return is_channel ? "it is of a channel and has no exporter"
                          : "it is of no channel and has an exporter";
    if (!is_channel && !vch_is_zero(binder->peer.bytes, FIELD))
        return "it is of no channel and names a peer";
    return NULL;
}

vch_status vch_binder_encode(uint8_t out[static VCH_BINDER_SIZE], const struct vch_binder *binder)
{
    if (wrong(binder) != NULL) return VCH_FAIL(USAGE);
    memcpy(out, magic, MAGIC);
    out[MAGIC] = VERSION;
    out[MAGIC + 1] = (uint8_t)binder->mode;
    out[MAGIC + 2] = (uint8_t)binder->role;
    out[MAGIC + 3] = (uint8_t)binder->kind;
    for (size_t i = 0; i < FIELDS; i++)
        memcpy(out + HEAD + i * FIELD, (const uint8_t *)binder + fields[i], FIELD);
    return VCH_OK;
}

vch_status vch_binder_decode(struct vch_binder *out, const void *bytes, size_t size,
                             struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;

    if (size < VCH_BINDER_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED, "a binding block has %d bytes, not %zu",
                            VCH_BINDER_SIZE, size);
    if (size > VCH_BINDER_SIZE || memcmp(at, magic, MAGIC) != 0 || at[MAGIC] != VERSION)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not a binding block of version %d: expected %d bytes that begin with "
                            "%s, found %zu",
                            VERSION, VCH_BINDER_SIZE, magic, size);
    out->mode = at[MAGIC + 1];
    out->role = at[MAGIC + 2];
    out->kind = at[MAGIC + 3];
    for (size_t i = 0; i < FIELDS; i++)
        memcpy((uint8_t *)out + fields[i], at + HEAD + i * FIELD, FIELD);
    const char *why = wrong(out);
    if (why != NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "not a binding block: %s", why);
    return VCH_OK;
}

struct vch_digest vch_binder_nonce(const uint8_t occasion[static 32], const uint8_t salt[static 32])
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/attest-nonce/v1");
    vch_transcript_absorb(&transcript, "occasion", occasion, FIELD);
    vch_transcript_absorb(&transcript, "salt", salt, FIELD);
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_binder_identity(const uint8_t key[static 32])
{
    // RFC 8410: SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING }
    uint8_t spki[12 + FIELD] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                0x2b, 0x65, 0x70, 0x03, 0x21, 0};

    memcpy(spki + 12, key, FIELD);
    return vch_hash_bytes(spki, sizeof spki);
}

void vch_binder_report(uint8_t out[static VCH_BINDER_REPORT_SIZE],
                       const uint8_t binder[static VCH_BINDER_SIZE])
{
    (void)SHA512(binder, VCH_BINDER_SIZE, out);
}

static struct vch_digest tagged(const char *tag, const uint8_t *binder)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, tag, strlen(tag));
    vch_hash_update(&hash, binder, VCH_BINDER_SIZE);
    return vch_hash_final(&hash);
}

struct vch_digest vch_binder_qualifier(const uint8_t binder[static VCH_BINDER_SIZE])
{
    return tagged("tpm2", binder);
}

struct vch_digest vch_binder_gpu_nonce(const uint8_t binder[static VCH_BINDER_SIZE])
{
    return tagged("nv-spdm", binder);
}

struct vch_digest vch_binder_digest(const uint8_t binder[static VCH_BINDER_SIZE])
{
    return vch_hash_bytes(binder, VCH_BINDER_SIZE);
}

// The first bytes of both in the text, for whoever has to find out which part was another.
static bool check_equal(struct vch_appraisal *appraisal, const char *name, const uint8_t *expected,
                        size_t expected_size, const uint8_t *found, size_t found_size)
{
    enum { SHOWN = 8 };
    char want[2 * SHOWN + 1], got[2 * SHOWN + 1];
    bool holds = found_size == expected_size && vch_is_equal(found, expected, expected_size);

    vch_hex_encode(want, expected, SHOWN);
    vch_hex_encode(got, found, found_size < SHOWN ? found_size : SHOWN);
    return vch_appraisal_check(appraisal, name, holds,
                               "expected %zu bytes %s..., found %zu bytes %s...: made for another "
                               "connection, key, node, statement or nonce; attest again",
                               expected_size, want, found_size, got);
}

bool vch_binder_check(struct vch_appraisal *appraisal, const uint8_t binder[static VCH_BINDER_SIZE],
                      const void *found, size_t found_size)
{
    static const char name[] = "binding.evidence";
    uint8_t report[VCH_BINDER_REPORT_SIZE];
    struct vch_digest qualifier;

    switch (binder[MAGIC + 3]) {
    case VCH_BINDER_SNP:
    case VCH_BINDER_TDX:
    case VCH_BINDER_SGX:
        vch_binder_report(report, binder);
        return check_equal(appraisal, name, report, sizeof report, found, found_size);
    case VCH_BINDER_TPM:
    case VCH_BINDER_AZURE:
        qualifier = vch_binder_qualifier(binder);
        return check_equal(appraisal, name, qualifier.bytes, sizeof qualifier.bytes, found,
                           found_size);
    default:
        return vch_appraisal_check(appraisal, name, false,
                                   "a statement without evidence is bound to nothing");
    }
}

bool vch_binder_check_runtime(struct vch_appraisal *appraisal, const void *runtime,
                              size_t runtime_size, const void *report_data, size_t report_size)
{
    uint8_t expected[VCH_BINDER_REPORT_SIZE] = {0};
    struct vch_digest digest = vch_hash_bytes(runtime, runtime_size);

    memcpy(expected, digest.bytes, sizeof digest.bytes);
    return check_equal(appraisal, "binding.runtime", expected, sizeof expected, report_data,
                       report_size);
}

bool vch_binder_check_gpu(struct vch_appraisal *appraisal,
                          const uint8_t binder[static VCH_BINDER_SIZE], const void *found,
                          size_t found_size)
{
    struct vch_digest nonce = vch_binder_gpu_nonce(binder);

    return check_equal(appraisal, "binding.gpu", nonce.bytes, sizeof nonce.bytes, found,
                       found_size);
}
