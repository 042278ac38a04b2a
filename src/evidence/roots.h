// The vendors' root certificates, compiled in: a root is never taken from evidence.
#pragma once

#include "certificate/certificate.h"

enum vch_roots_name {
    VCH_ROOTS_ARK_MILAN,
    VCH_ROOTS_ARK_GENOA,
    VCH_ROOTS_ARK_TURIN,
    VCH_ROOTS_INTEL_SGX,
    VCH_ROOTS_NVIDIA_DEVICE,
    VCH_ROOTS_AWS_NITRO,
    VCH_ROOTS_COUNT,
};

struct vch_roots_root {
    const char *common_name;
    struct vch_certificate_bytes certificate; // DER
    const char *fingerprint; // SHA-256 of it, lower-case hexadecimal, as the vendors publish it
};

// Static memory. roots_test shows that each certificate is what its fingerprint says.
const struct vch_roots_root *vch_roots_get(enum vch_roots_name name);
