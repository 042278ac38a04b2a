#include "sealing/grant.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"

static const char magic[] = "VOUCH-SEAL-GRANT";
static const char purpose[] = "vouch-seal-v1";

enum {
    VERSION = 1,
    AT_VERSION = 16,
    AT_BINDER = 24,
    AT_AAD = 56, // manifest, policy, time, expiry
    TERMS_TIME = 2 * VCH_DIGEST_SIZE,
    TERMS_EXPIRY = TERMS_TIME + 8,
    AAD = TERMS_EXPIRY + 8,
    AT_ENCAPSULATED = AT_AAD + AAD,
    AT_SEALED = AT_ENCAPSULATED + VCH_HPKE_KEY_SIZE,
    SEALED = VCH_SEALED_KEY_SIZE + VCH_HPKE_TAG_SIZE,
    INFO = sizeof purpose - 1 + VCH_DIGEST_SIZE,
};
_Static_assert(AT_SEALED + SEALED == VCH_GRANT_SIZE, "the layout");

static void put_terms(uint8_t out[static AAD], const struct vch_grant_terms *terms)
{
    memcpy(out, terms->manifest.bytes, VCH_DIGEST_SIZE);
    memcpy(out + VCH_DIGEST_SIZE, terms->policy.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + TERMS_TIME, terms->time_s);
    vch_put_u64le(out + TERMS_EXPIRY, terms->expiry_s);
}

static void get_terms(struct vch_grant_terms *out, const uint8_t bytes[static AAD])
{
    memcpy(out->manifest.bytes, bytes, VCH_DIGEST_SIZE);
    memcpy(out->policy.bytes, bytes + VCH_DIGEST_SIZE, VCH_DIGEST_SIZE);
    out->time_s = vch_get_u64le(bytes + TERMS_TIME);
    out->expiry_s = vch_get_u64le(bytes + TERMS_EXPIRY);
}

static void make_info(uint8_t out[static INFO], const struct vch_digest *binder)
{
    memcpy(out, purpose, sizeof purpose - 1);
    memcpy(out + sizeof purpose - 1, binder->bytes, VCH_DIGEST_SIZE);
}

static bool is_accepted(const struct vch_grant_basis *basis,
                        const struct vch_appraisal_check *check)
{
    for (size_t i = 0; i < basis->accepted_count; i++)
        if (strcmp(basis->accepted[i], check->name) == 0) return true;
    return false;
}

// Affirming: all was checked, nothing failed, nothing is worse than the best but what whoever
// releases has named, and the evidence was made for this block.
static vch_status check_verdict(const struct vch_grant_basis *basis,
                                struct vch_complaint *complaint)
{
    const struct vch_appraisal *verdict = basis->verdict;
    const struct vch_appraisal_check *binding = vch_appraisal_find(verdict, "binding.evidence");

    if (binding == NULL || binding->result != VCH_APPRAISAL_PASSED)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "nothing shows that the evidence was made for this connection: the "
                            "key stays here");
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct vch_appraisal_check *check = &verdict->checks[i];
        bool is_warned = check->result == VCH_APPRAISAL_WARNED && !is_accepted(basis, check);
        if (check->result == VCH_APPRAISAL_FAILED || is_warned)
            return vch_complain(complaint, VCH_CODE_REFUSED,
                                "a key is released after an affirming verdict alone; %s: %s",
                                check->name, check->text);
    }
    if (!vch_is_ok(vch_appraisal_status(verdict)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a key is released after an affirming verdict alone");
    return VCH_OK;
}

static vch_status check_terms(const struct vch_grant_terms *terms, const struct vch_binder *binder,
                              const struct vch_sealed *sealed, uint64_t policy_end_s,
                              struct vch_complaint *complaint)
{
    struct vch_digest manifest = vch_sealed_digest(sealed);

    if (!vch_hash_is_equal(&terms->policy, &binder->policy))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the evidence was asked for under another policy");
    if (!vch_hash_is_equal(&terms->manifest, &manifest))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the release names another manifest than the one at hand");
    if (terms->expiry_s > policy_end_s || terms->expiry_s <= terms->time_s)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a release made at %" PRIu64 " under a policy that ends at %" PRIu64
                            " cannot last until %" PRIu64,
                            terms->time_s, policy_end_s, terms->expiry_s);
    return VCH_OK;
}

static vch_status seal_key(uint8_t *out, const struct vch_binder *binder, const uint8_t *key,
                           const uint8_t *seed)
{
    struct vch_hpke_public recipient;
    uint8_t info[INFO];
    struct vch_digest block;
    struct vch_hpke hpke;

    memcpy(block.bytes, out + AT_BINDER, VCH_DIGEST_SIZE);
    make_info(info, &block);
    memcpy(recipient.bytes, binder->sealing_key, sizeof recipient.bytes);
    VCH_TRY(
        vch_hpke_init_sender(&hpke, out + AT_ENCAPSULATED, &recipient, info, sizeof info, seed));
    vch_status status =
        vch_hpke_seal(&hpke, out + AT_SEALED, key, VCH_SEALED_KEY_SIZE, out + AT_AAD, AAD);
    vch_wipe(&hpke, sizeof hpke);
    return status;
}

vch_status vch_grant_make(uint8_t out[static VCH_GRANT_SIZE], const struct vch_grant_basis *basis,
                          const struct vch_sealed *sealed, const struct vch_grant_terms *terms,
                          const uint8_t key[static VCH_SEALED_KEY_SIZE],
                          const uint8_t seed[static VCH_HPKE_SEED_SIZE],
                          struct vch_complaint *complaint)
{
    struct vch_digest block = vch_binder_digest(basis->binder), check = vch_sealed_key_check(key);
    struct vch_binder bound;

    VCH_TRY(check_verdict(basis, complaint));
    VCH_TRY(vch_binder_decode(&bound, basis->binder, VCH_BINDER_SIZE, complaint));
    VCH_TRY(check_terms(terms, &bound, sealed, basis->policy_end_s, complaint));
    if (!vch_hash_is_equal(&check, &sealed->key_check))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this is not the key that the weights are sealed under");
    memcpy(out, magic, AT_VERSION);
    vch_put_u64le(out + AT_VERSION, VERSION);
    memcpy(out + AT_BINDER, block.bytes, VCH_DIGEST_SIZE);
    put_terms(out + AT_AAD, terms);
    if (!vch_is_ok(seal_key(out, &bound, key, seed)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the sealing key shown is of small order: anybody could open what is "
                            "sealed to it");
    return VCH_OK;
}

static vch_status open_key(uint8_t *key, const uint8_t *grant, const struct vch_hpke_secret *secret,
                           const struct vch_digest *block)
{
    struct vch_hpke hpke;
    uint8_t info[INFO];

    make_info(info, block);
    VCH_TRY(vch_hpke_init_recipient(&hpke, grant + AT_ENCAPSULATED, secret, info, sizeof info));
    vch_status status = vch_hpke_open(&hpke, key, grant + AT_SEALED, SEALED, grant + AT_AAD, AAD);
    vch_wipe(&hpke, sizeof hpke);
    return status;
}

static vch_status check_form(const uint8_t *grant, size_t size, struct vch_complaint *complaint)
{
    if (size < VCH_GRANT_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED, "a release has %d bytes, found %zu",
                            VCH_GRANT_SIZE, size);
    if (size > VCH_GRANT_SIZE || memcmp(grant, magic, AT_VERSION) != 0 ||
        vch_get_u64le(grant + AT_VERSION) != VERSION)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not a release of version %d: expected %d bytes that begin with %s, "
                            "found %zu",
                            VERSION, VCH_GRANT_SIZE, magic, size);
    return VCH_OK;
}

vch_status vch_grant_open(uint8_t key[static VCH_SEALED_KEY_SIZE], struct vch_grant_terms *terms,
                          const void *grant, size_t size, const struct vch_hpke_secret *secret,
                          const uint8_t binder[static VCH_BINDER_SIZE],
                          const struct vch_sealed *sealed, uint64_t time_s,
                          struct vch_complaint *complaint)
{
    const uint8_t *bytes = grant;
    struct vch_digest block = vch_binder_digest(binder);
    struct vch_binder bound;

    VCH_TRY(check_form(bytes, size, complaint));
    VCH_TRY(vch_binder_decode(&bound, binder, VCH_BINDER_SIZE, complaint));
    get_terms(terms, bytes + AT_AAD);
    if (!vch_is_equal(bytes + AT_BINDER, block.bytes, VCH_DIGEST_SIZE))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the key was released to another connection or another key: attest "
                            "again and ask again");
    VCH_TRY(check_terms(terms, &bound, sealed, UINT64_MAX, complaint));
    if (time_s >= terms->expiry_s)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the release was good until %" PRIu64 ", and it is %" PRIu64
                            ": ask again",
                            terms->expiry_s, time_s);
    vch_status status = open_key(key, bytes, secret, &block);
    if (!vch_is_ok(status))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the release does not open: it was changed on its way");
    struct vch_digest check = vch_sealed_key_check(key);
    if (vch_hash_is_equal(&check, &sealed->key_check)) return VCH_OK;
    vch_wipe(key, VCH_SEALED_KEY_SIZE);
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "what was released is not the key that the weights are sealed under");
}
