// What OVMF says of itself at its end, for whoever launches it under SEV-SNP: a table of GUIDs, and
// which pages it needs (edk2, OvmfPkg/ResetVector).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"

#define VCH_SNP_FIRMWARE_GUID 16
#define VCH_SNP_FIRMWARE_SECTIONS_MAX 32u

enum vch_snp_firmware_section_type {
    VCH_SNP_FIRMWARE_MEMORY = 1,
    VCH_SNP_FIRMWARE_SECRETS = 2,
    VCH_SNP_FIRMWARE_CPUID = 3,
    VCH_SNP_FIRMWARE_CALLING_AREA = 4, // of an SVSM
    VCH_SNP_FIRMWARE_HASHES = 0x10,    // of a kernel
};

struct vch_snp_firmware_section {
    uint32_t address, size; // of whole pages
    enum vch_snp_firmware_section_type type;
};

struct vch_snp_firmware {
    uint32_t reset;  // where processors start but the first; 0: it does not say
    uint32_t hashes; // where the table of hashes lies; 0: nowhere
    uint32_t section_count;
    struct vch_snp_firmware_section sections[VCH_SNP_FIRMWARE_SECTIONS_MAX]; // in its order
};

// Of whole pages. MALFORMED: it is no OVMF, or none for SEV-SNP. LIMIT.
vch_status vch_snp_firmware_read(struct vch_snp_firmware *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);
