#include "attest/enrol.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"
#include "evidence/tpm_ek.h"

static vch_status read_chain(struct vch_certificate_list *list,
                             const struct vch_enrol_request *request,
                             const struct vch_enrol_trust *trust, struct vch_complaint *complaint)
{
    VCH_TRY(vch_certificate_read(list, request->ek, request->ek_size, complaint));
    for (uint32_t i = 0; i < trust->issuer_count; i++)
        VCH_TRY(
            vch_certificate_read(list, trust->issuers[i].bytes, trust->issuers[i].size, complaint));
    return VCH_OK;
}

// Whichever of the makers it is; where it is none, the last one's checks say why.
static vch_status verify_ek(struct vch_spki *ek, struct vch_appraisal *appraisal,
                            const struct vch_certificate_list *list,
                            const struct vch_enrol_trust *trust)
{
    const struct vch_appraisal before = *appraisal;
    vch_status status = VCH_FAIL(REFUSED);

    if (trust->maker_count == 0)
        vch_appraisal_check(appraisal, "tpm.ek.chain", false,
                            "expected a maker of TPMs to trust, found none");
    for (uint32_t i = 0; i < trust->maker_count && !vch_is_ok(status); i++) {
        const struct vch_chain_rules rules = {.root = trust->makers[i],
                                              .time_s = trust->time_s,
                                              .signatures =
                                                  VCH_CHAIN_PKCS1_SHA256 | VCH_CHAIN_PKCS1_SHA384 |
                                                  VCH_CHAIN_ECDSA_SHA256 | VCH_CHAIN_ECDSA_SHA384,
                                              .crls = trust->crls,
                                              .crl_rule = VCH_CHAIN_CRLS_IF_PRESENT,
                                              .leaf = VCH_CHAIN_LEAF_DECRYPTS};
        *appraisal = before;
        status = vch_tpm_ek_verify(appraisal, ek, list, &rules);
    }
    return status;
}

static vch_status verify(struct vch_spki *ek, struct vch_tpm_public *ak,
                         struct vch_appraisal *appraisal, const struct vch_enrol_request *request,
                         const struct vch_enrol_trust *trust, struct vch_complaint *complaint)
{
    struct vch_certificate_list list;

    VCH_TRY(vch_tpm_public_decode(ak, request->ak, request->ak_size, complaint));
    vch_certificate_init(&list);
    vch_status status = read_chain(&list, request, trust, complaint);
    if (vch_is_ok(status)) status = verify_ek(ek, appraisal, &list, trust);
    vch_certificate_release(&list);
    if (!vch_is_ok(status) && status.code != VCH_CODE_REFUSED) return status;
    vch_status appraised = vch_tpm_public_appraise(appraisal, ak);
    return vch_is_ok(status) ? appraised : status;
}

static struct vch_enrol_answer answer_for(const uint8_t name[static VCH_TPM_PUBLIC_NAME_SIZE],
                                          const uint8_t *secret, size_t size)
{
    struct vch_transcript transcript;
    struct vch_enrol_answer out;

    memcpy(out.name, name, sizeof out.name);
    vch_transcript_init(&transcript, "vouch/enrol-answer/v1");
    vch_transcript_absorb(&transcript, "name", name, VCH_TPM_PUBLIC_NAME_SIZE);
    vch_transcript_absorb(&transcript, "secret", secret, size);
    out.proof = vch_transcript_final(&transcript);
    return out;
}

vch_status vch_enrol_challenge(struct vch_enrol_challenge *challenge,
                               struct vch_enrol_pending *pending, struct vch_appraisal *appraisal,
                               const struct vch_enrol_request *request,
                               const struct vch_enrol_trust *trust,
                               const struct vch_enrol_random *random,
                               struct vch_complaint *complaint)
{
    struct vch_spki ek = {0};
    struct vch_tpm_public ak;

    VCH_TRY(verify(&ek, &ak, appraisal, request, trust, complaint));
    VCH_TRY(vch_tpm_credential_make(&challenge->credential, &ek, ak.name, random->secret,
                                    sizeof random->secret, &random->credential, complaint));
    memcpy(challenge->name, ak.name, sizeof challenge->name);
    pending->expected = answer_for(ak.name, random->secret, sizeof random->secret);
    pending->ek = vch_hash_bytes(ek.bytes, ek.size);
    pending->until_s = trust->time_s + trust->valid_s;
    return VCH_OK;
}

struct vch_enrol_answer vch_enrol_answer(const struct vch_enrol_challenge *challenge,
                                         const uint8_t *secret, size_t secret_size)
{
    return answer_for(challenge->name, secret, secret_size);
}

vch_status vch_enrol_accept(const struct vch_enrol_pending *pending,
                            const struct vch_enrol_answer *answer, int64_t time_s,
                            struct vch_complaint *complaint)
{
    if (time_s > pending->until_s)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the challenge was to be answered %lld seconds ago: make another",
                            (long long)(time_s - pending->until_s));
    if (memcmp(answer->name, pending->expected.name, sizeof answer->name) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the answer is for another attestation key than the challenge was");
    if (!vch_hash_is_equal(&answer->proof, &pending->expected.proof))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the answer is not what the challenged TPM says: it is another one's, "
                            "or to another challenge");
    return VCH_OK;
}
