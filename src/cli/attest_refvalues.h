// vouch attest refvalues: what programs, models, boot logs and files will show, for a policy.
#pragma once

#include "cli/tool.h"

#define VCH_ATTEST_REFVALUES_OPTIONS \
    {"program", "FILE", "of refvalues: whose build (default: this program)", true}, \
        {"model", "M.vouch", "of refvalues: what is served", true}, \
        {"host-data", "FILE", "of refvalues: what a host passes in HOST_DATA, as its SHA-256", \
         true}, \
        {"eventlog", "FILE", "of refvalues: a boot log", false}, \
        {"pcr", "N", "of refvalues: of the boot log, only these registers", true}, \
        {"firmware", "FILE", "of refvalues: OVMF, of a guest that QEMU launches under SEV-SNP", \
         false}, \
        {"kernel", "FILE", "of refvalues: the guest's, measured with --initrd and --append", \
         false}, \
        {"initrd", "FILE", "of refvalues: the guest's", false}, \
        {"append", "TEXT", "of refvalues: the kernel's command line", false}, \
        {"vcpus", "N", "of refvalues: the guest's virtual processors (default: 1)", false}, \
        {"cpu", "F-M-S", \
         "of refvalues: their CPUID family, model, stepping (default: 19-11-0, EPYC-Genoa)", \
         false}, \
    { \
        "measured", "N=FILE", "of refvalues: extended into register N, in this order", true \
    }

vch_status vch_attest_refvalues_run(struct vch_tool *tool);
