// One question to this machine's hardware, asked in a confined process (confine/starter.h) that
// lives for it alone.
#pragma once

#include <stdint.h>

#include "collect/collector.h"
#include "evidence/tpm_credential.h"

enum vch_inquiry_job {
    VCH_INQUIRY_PROBE,    // who the hardware is
    VCH_INQUIRY_COLLECT,  // evidence for a block
    VCH_INQUIRY_ACTIVATE, // TPM: the secret of a credential
    VCH_INQUIRY_SWEEP,    // configfs-tsm: remove the entry that an inquiry left
};

#define VCH_INQUIRY_ENTRY_SIZE 48

struct vch_inquiry_request {
    enum vch_inquiry_job job;
    uint64_t deadline_us;               // by the monotonic clock
    char entry[VCH_INQUIRY_ENTRY_SIZE]; // configfs-tsm: a name that nobody else takes
    uint8_t binder[VCH_BINDER_SIZE];
    struct vch_tpm_credential credential;
};

// Then follow the two collections, where they have any bytes.
struct vch_inquiry_reply {
    vch_status status;
    struct vch_complaint complaint;
    enum vch_binder_kind kind;
    uint32_t evidence_size, endorsements_size;
    uint8_t secret[VCH_TPM_CREDENTIAL_SECRET_MAX];
    uint32_t secret_size;
};

struct vch_inquiry_piece {
    const char *label;
    const uint8_t *bytes;
    size_t size;
};

// What all inquiries of a collector work with: what it was set up with, and the files that were
// read then.
struct vch_inquiry_plan {
    const struct vch_collector_setup *setup;
    struct vch_inquiry_piece given[VCH_CMW_ITEMS_MAX]; // endorsements; and the event log
    uint32_t given_count;
    int file; // of the TPM; -1: none
};

// For the starter: opens the TPM. The context of both is the plan.
vch_status vch_inquiry_open(int *descriptor, void *context, struct vch_complaint *complaint);
// The process' work: one request, one reply.
int vch_inquiry_run(int channel, void *context);
