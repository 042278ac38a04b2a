// Intel's extension of a PCK certificate, 1.2.840.113741.1.13.1: which platform a provisioning
// certification key is of, and the security versions that it was certified for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_DCAP_PCK_OID "1.2.840.113741.1.13.1"
#define VCH_DCAP_PCK_COMPONENTS 16u

enum vch_dcap_pck_type {
    VCH_DCAP_PCK_STANDARD,
    VCH_DCAP_PCK_SCALABLE,
    VCH_DCAP_PCK_SCALABLE_WITH_INTEGRITY,
};

struct vch_dcap_pck {
    uint8_t ppid[16];
    uint8_t components[VCH_DCAP_PCK_COMPONENTS];
    uint16_t pce_svn;
    uint8_t cpu_svn[16];
    uint8_t pce_id[2];
    uint8_t fmspc[6];
    enum vch_dcap_pck_type type;
    bool has_instance;
    uint8_t instance[16]; // of the platform
};

// DER, exactly: the extension's value. Every field once; fields that are not known are MALFORMED.
vch_status vch_dcap_pck_decode(struct vch_dcap_pck *out, const uint8_t *bytes, size_t size,
                               struct vch_complaint *complaint);
