// How long a verdict holds: no longer than what it rests on.
#include "attest/result_parts.h"
#include "certificate/crl.h"
#include "certificate/revoked.h"

void vch_result_parts_until(struct vch_result_parts *parts, int64_t until_s)
{
    if (until_s < parts->result->until_s) parts->result->until_s = until_s;
}

void vch_result_parts_until_certificates(struct vch_result_parts *parts,
                                         const struct vch_certificate_bytes *bytes)
{
    struct vch_certificate_list list;
    int64_t start_s, end_s;

    vch_certificate_init(&list);
    (void)vch_is_ok(vch_certificate_read(&list, bytes->bytes, bytes->size, NULL));
    for (uint32_t i = 0; i < list.count; i++)
        if (vch_is_ok(vch_certificate_dates(list.items[i], &start_s, &end_s)))
            vch_result_parts_until(parts, end_s);
    vch_certificate_release(&list);
}

void vch_result_parts_until_crl(struct vch_result_parts *parts,
                                const struct vch_certificate_bytes *bytes)
{
    struct vch_crl_list list;
    int64_t start_s, end_s;

    vch_crl_init(&list);
    (void)vch_is_ok(vch_crl_read(&list, bytes->bytes, bytes->size, NULL));
    for (uint32_t i = 0; i < list.count; i++)
        if (vch_is_ok(vch_crl_dates(list.items[i], &start_s, &end_s)))
            vch_result_parts_until(parts, end_s);
    vch_crl_release(&list);
}

void vch_result_parts_until_own(struct vch_result_parts *parts,
                                const struct vch_certificate_bytes *certificates)
{
    struct vch_certificate_list list;
    struct vch_crl_list own;
    int64_t start_s, end_s;

    vch_certificate_init(&list);
    vch_crl_init(&own);
    (void)vch_is_ok(vch_certificate_read(&list, certificates->bytes, certificates->size, NULL));
    (void)vch_is_ok(vch_crl_read_own(&own, &parts->rules->own_crls, NULL));
    for (uint32_t i = 0; i < own.count; i++)
        if (vch_revoked_concerns(own.items[i], &list) &&
            vch_is_ok(vch_crl_dates(own.items[i], &start_s, &end_s)))
            vch_result_parts_until(parts, end_s);
    vch_crl_release(&own);
    vch_certificate_release(&list);
}
