#include "evidence/dcap.h"

#include "certificate/revoked.h"
#include "evidence/dcap_parts.h"

struct input {
    const struct vch_certificate_bytes *quote;
    const struct vch_dcap_collateral *collateral;
    struct vch_arena *arena;
};

// The first piece that cannot be read decides what is returned; the rest is looked at all the same.
static void keep(vch_status *first, vch_status status)
{
    if (vch_is_ok(*first)) *first = status;
}

static vch_status read_crl(struct vch_dcap_parts *parts, const struct vch_certificate_bytes *crl,
                           struct vch_complaint *complaint)
{
    return vch_crl_read(&parts->crls, crl->bytes, crl->size, complaint);
}

static vch_status read_parts(struct vch_dcap_parts *parts, const struct input *input,
                             struct vch_dcap_collateral_tcb_info *info,
                             struct vch_dcap_collateral_identity *identity,
                             struct vch_complaint *complaint)
{
    const struct vch_dcap_quote *quote = &parts->claims->quote;
    const struct vch_dcap_collateral *collateral = input->collateral;
    vch_status first = VCH_OK, status;

    keep(&first, vch_certificate_read(&parts->pck, (const uint8_t *)quote->chain, quote->chain_size,
                                      complaint));
    keep(&first, vch_certificate_read(&parts->signer, collateral->signer.bytes,
                                      collateral->signer.size, complaint));
    keep(&first, read_crl(parts, &collateral->root_crl, complaint));
    keep(&first, read_crl(parts, &collateral->pck_crl, complaint));
    keep(&first, vch_crl_read_own(&parts->own, &parts->question->own, complaint));
    status = vch_dcap_collateral_decode_tcb_info(info, input->arena, collateral->tcb_info.bytes,
                                                 collateral->tcb_info.size, complaint);
    parts->tcb_info = vch_is_ok(status) ? info : NULL;
    keep(&first, status);
    status = vch_dcap_collateral_decode_identity(identity, input->arena, collateral->identity.bytes,
                                                 collateral->identity.size, complaint);
    parts->identity = vch_is_ok(status) ? identity : NULL;
    keep(&first, status);
    return first;
}

static void claim_dates(struct vch_dcap_claims *claims,
                        const struct vch_dcap_collateral_document *info,
                        const struct vch_dcap_collateral_document *identity)
{
    claims->evaluation =
        info->evaluation < identity->evaluation ? info->evaluation : identity->evaluation;
    claims->until_s = info->next_s < identity->next_s ? info->next_s : identity->next_s;
}

static void end_by(struct vch_dcap_claims *claims, int64_t end_s)
{
    if (end_s < claims->until_s) claims->until_s = end_s;
}

static void end_by_certificates(struct vch_dcap_claims *claims,
                                const struct vch_certificate_list *list)
{
    int64_t start_s, end_s;

    for (uint32_t i = 0; i < list->count; i++)
        if (vch_is_ok(vch_certificate_dates(list->items[i], &start_s, &end_s)))
            end_by(claims, end_s);
}

// What a verdict rests on, beside Intel's documents.
static void claim_ends(struct vch_dcap_claims *claims, const struct vch_dcap_parts *parts)
{
    int64_t start_s, end_s;

    end_by_certificates(claims, &parts->pck);
    end_by_certificates(claims, &parts->signer);
    for (uint32_t i = 0; i < parts->crls.count; i++)
        if (vch_is_ok(vch_crl_dates(parts->crls.items[i], &start_s, &end_s))) end_by(claims, end_s);
    for (uint32_t i = 0; i < parts->own.count; i++)
        if ((vch_revoked_concerns(parts->own.items[i], &parts->pck) ||
             vch_revoked_concerns(parts->own.items[i], &parts->signer)) &&
            vch_is_ok(vch_crl_dates(parts->own.items[i], &start_s, &end_s)))
            end_by(claims, end_s);
}

static void release(struct vch_dcap_parts *parts)
{
    vch_certificate_release(&parts->pck);
    vch_certificate_release(&parts->signer);
    vch_crl_release(&parts->crls);
    vch_crl_release(&parts->own);
}

vch_status vch_dcap_verify(struct vch_appraisal *appraisal, struct vch_dcap_claims *claims,
                           const struct vch_certificate_bytes *quote,
                           const struct vch_dcap_collateral *collateral,
                           const struct vch_dcap_question *question, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    const struct input input = {quote, collateral, arena};
    struct vch_dcap_parts parts = {.appraisal = appraisal, .claims = claims, .question = question};
    struct vch_dcap_collateral_tcb_info info = {0};
    struct vch_dcap_collateral_identity identity = {0};

    vch_appraisal_init(appraisal);
    *claims = (struct vch_dcap_claims){0};
    VCH_TRY(vch_dcap_quote_decode(&claims->quote, quote->bytes, quote->size, complaint));
    parts.rules = claims->quote.tee == VCH_DCAP_QUOTE_TDX ? &question->policy->tdx.rules
                                                          : &question->policy->sgx.rules;
    vch_certificate_init(&parts.pck);
    vch_certificate_init(&parts.signer);
    vch_crl_init(&parts.crls);
    vch_crl_init(&parts.own);

    vch_status status = read_parts(&parts, &input, &info, &identity, complaint);
    vch_dcap_parts_check_quote(&parts);
    vch_dcap_parts_check_collateral(&parts);
    vch_dcap_parts_check_levels(&parts);
    vch_dcap_parts_check_policy(&parts);
    if (parts.tcb_info != NULL && parts.identity != NULL)
        claim_dates(claims, &info.document, &identity.document);
    claim_ends(claims, &parts);
    release(&parts);
    return vch_is_ok(status) ? vch_appraisal_status(appraisal) : status;
}
