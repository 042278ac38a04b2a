// What the files of result.h share: one verdict in the making.
#pragma once

#include "attest/result.h"
#include "certificate/certificate.h"

struct vch_result_parts {
    struct vch_result *result;
    struct vch_appraisal *appraisal; // the result's
    const struct vch_exchange_response *response;
    const uint8_t *bytes; // the block, and the same decoded
    struct vch_binder binder;
    const struct vch_rules *rules;
    const struct vch_result_history *history; // never NULL
    int64_t time_s;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// An item's bytes; none where there is no item of that label.
struct vch_certificate_bytes vch_result_parts_item(const struct vch_cmw *collection,
                                                   const char *label);

// The verifiers of kinds: enter their checks, fill in hardware, history and the time until when
// what they looked at holds. VCH_OK and REFUSED: judged; else not evidence, with a complaint.
vch_status vch_result_parts_snp(struct vch_result_parts *parts);
vch_status vch_result_parts_dcap(struct vch_result_parts *parts);
vch_status vch_result_parts_tpm(struct vch_result_parts *parts);
vch_status vch_result_parts_azure(struct vch_result_parts *parts);

// A quote by a key that is believed for a reason of its own, the values beside it, and the log that
// explains them.
vch_status vch_result_parts_quote(struct vch_result_parts *parts, const struct vch_spki *ak);

// The verdict holds no longer than what it rests on.
void vch_result_parts_until(struct vch_result_parts *parts, int64_t until_s);
void vch_result_parts_until_certificates(struct vch_result_parts *parts,
                                         const struct vch_certificate_bytes *bytes);
void vch_result_parts_until_crl(struct vch_result_parts *parts,
                                const struct vch_certificate_bytes *bytes);
// As long as the verifier's own lists of what the issuers of these certificates revoked.
void vch_result_parts_until_own(struct vch_result_parts *parts,
                                const struct vch_certificate_bytes *certificates);

// Which machine: of the ids that evidence shows, one that the rules list comes before any other.
void vch_result_parts_machine(struct vch_result_parts *parts, enum vch_rules_id kind,
                              const void *id, size_t size);

// Checks "result.statement", "result.build", "result.model", "result.enforces",
// "result.confinement".
void vch_result_parts_statement(struct vch_result_parts *parts);
// Checks of gpu.h, and "gpu.there", "gpu.form", "gpu.model", "gpu.firmware.taken", "binding.gpu".
void vch_result_parts_gpu(struct vch_result_parts *parts);
// Check "result.machine".
void vch_result_parts_registry(struct vch_result_parts *parts);
