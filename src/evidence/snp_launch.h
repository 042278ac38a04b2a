// The measurement that a guest of SEV-SNP will have, from what it is launched of: for policies, so
// that whoever writes them need not take a measurement from a machine they have yet to judge.
//
// As QEMU launches guests: firmware (OVMF) below 4 GiB, the pages that its metadata asks for, and
// the state of each virtual processor (AMD's publication 56860, section 8.17; QEMU's
// target/i386/sev.c). Other launchers set processors up in other ways.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "evidence/snp_report.h"

#define VCH_SNP_LAUNCH_FIRMWARE_MAX (16u << 20)
#define VCH_SNP_LAUNCH_VCPUS_MAX 512u

struct vch_snp_launch_file {
    const uint8_t *bytes; // NULL: there is none
    size_t size;
};

struct vch_snp_launch {
    struct vch_snp_launch_file firmware;
    struct vch_snp_launch_file kernel; // measured too where the firmware has room for hashes of it;
                                       // none: booted from a disk, which no measurement covers
    struct vch_snp_launch_file initrd;
    const char *command_line;                    // of the kernel; NULL: empty
    uint32_t vcpus;                              // at least 1
    uint8_t cpu_family, cpu_model, cpu_stepping; // of the virtual processors, as CPUID says them
    uint64_t features;                           // SEV_FEATURES: bit 0 is SNP itself
};

// MALFORMED: the firmware is none for SEV-SNP. REFUSED: it has no room for a kernel's hashes, so a
// kernel would not be measured. LIMIT, USAGE.
vch_status vch_snp_launch_measure(uint8_t out[static VCH_SNP_REPORT_MEASUREMENT_SIZE],
                                  const struct vch_snp_launch *launch,
                                  struct vch_complaint *complaint);
