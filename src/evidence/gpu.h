// Verifies evidence of an NVIDIA GPU: its report, and the certificates of the key that signed it;
// against NVIDIA's root, a policy and a time, all handed in.
//
// It shows a genuine GPU that answered this nonce. It does not show that the GPU's firmware is
// good: NVIDIA's reference values and its word on revoked keys are to be had online alone. Nor that
// the GPU is in the machine that speaks, or still is: only the machine's own evidence can say that,
// by what it measured. Both are said as warnings, which are the policy's to take or not.
#pragma once

#include "certificate/certificate.h"
#include "crypto/hash.h"
#include "evidence/appraisal.h"
#include "evidence/gpu_report.h"

#define VCH_GPU_NAME_SIZE 16u // of a chip: "GH100"

struct vch_gpu_evidence {
    struct vch_certificate_bytes report; // request and response
    struct vch_certificate_bytes chain;  // PEM: the report's key first, then what issued it
};

enum vch_gpu_architecture {
    VCH_GPU_HOPPER,
    VCH_GPU_BLACKWELL,
    VCH_GPU_ARCHITECTURES,
    VCH_GPU_UNKNOWN = VCH_GPU_ARCHITECTURES, // a switch, say: same root, and no GPU
};

// What is allowed. All zeroes allow nothing.
struct vch_gpu_policy {
    unsigned architectures; // 1 << enum vch_gpu_architecture
};

// What the evidence had to be made for.
struct vch_gpu_question {
    struct vch_certificate_bytes root;        // DER; roots.h has NVIDIA's
    int64_t time_s;                           // since 1970
    uint8_t nonce[VCH_GPU_REPORT_NONCE_SIZE]; // vch_binder_gpu_nonce
    struct vch_digest key;                    // the one that the statement names (facts.h)
};

// Who the GPU is: keys as digests of their SubjectPublicKeyInfo. The one that signs reports changes
// with the firmware that runs first; the device's, which issued it, never does: it is what
// registries of hardware list.
struct vch_gpu_identity {
    enum vch_gpu_architecture architecture;
    char chip[VCH_GPU_NAME_SIZE];
    struct vch_digest key, device;
};

// "Hopper".
const char *vch_gpu_architecture_name(enum vch_gpu_architecture architecture);

// What the certificates claim, for statements and for telling GPUs apart. Believe it only after
// vch_gpu_verify. MALFORMED or LIMIT.
vch_status vch_gpu_identify(struct vch_gpu_identity *out, const struct vch_certificate_bytes *chain,
                            struct vch_complaint *complaint);

// Enters every check, named "gpu....", behind what the appraisal has. `report` borrows from the
// evidence. What cannot be read is TRUNCATED, MALFORMED, LIMIT or UNSUPPORTED, with a complaint;
// else the status of the checks entered here.
vch_status vch_gpu_verify(struct vch_appraisal *appraisal, struct vch_gpu_report *report,
                          struct vch_gpu_identity *identity,
                          const struct vch_gpu_evidence *evidence,
                          const struct vch_gpu_question *question,
                          const struct vch_gpu_policy *policy, struct vch_complaint *complaint);
