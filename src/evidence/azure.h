// Azure's confidential machines: a paravisor inside the TEE keeps a vTPM, and the hardware report
// names its attestation key. SNP or TDX report -> SHA-256(runtime data) -> AK -> quote -> PCRs.
//
// The report itself is verified by snp.h or dcap.h; what is judged here starts at its report_data.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "certificate/spki.h"
#include "evidence/appraisal.h"

#define VCH_AZURE_REPORT_DATA_SIZE 64
#define VCH_AZURE_RUNTIME_MAX 16384

enum vch_azure_kind { VCH_AZURE_SNP = 2, VCH_AZURE_TDX = 4 };

struct vch_azure_hcl { // all borrowed
    enum vch_azure_kind kind;
    const uint8_t *report; // SNP report, or TDREPORT, that a quote is made of
    size_t report_size;
    const uint8_t *runtime; // JSON, whose SHA-256 the report carries
    size_t runtime_size;
};

// The paravisor's blob ("HCLA"), as it lies in the vTPM's index 0x01400001.
vch_status vch_azure_hcl_decode(struct vch_azure_hcl *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint);

// Checks "azure.runtime" (report_data is SHA-256 of the runtime data, then zeros) and "azure.ak"
// (it names exactly one HCLAkPub, for signing). The key comes out in `ak`; quotes are
// tpm_quote.h's.
vch_status vch_azure_verify(struct vch_appraisal *appraisal, struct vch_spki *ak,
                            struct vch_arena *arena,
                            const uint8_t report_data[VCH_AZURE_REPORT_DATA_SIZE],
                            const uint8_t *runtime, size_t runtime_size,
                            struct vch_complaint *complaint);
