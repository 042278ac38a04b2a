// The sections of the rules, each with its reader: a member of the policy's object into its place
// in struct vch_rules.
#pragma once

#include "attest/rules_read.h"

vch_rules_reader vch_rules_read_snp;       // struct vch_rules
vch_rules_reader vch_rules_read_tdx;       // struct vch_rules
vch_rules_reader vch_rules_read_sgx;       // struct vch_rules
vch_rules_reader vch_rules_read_tpm;       // struct vch_rules
vch_rules_reader vch_rules_read_gpu;       // struct vch_rules_gpu
vch_rules_reader vch_rules_read_facts;     // struct vch_rules_facts
vch_rules_reader vch_rules_read_hardware;  // struct vch_rules
vch_rules_reader vch_rules_read_freshness; // struct vch_rules_freshness
vch_rules_reader vch_rules_read_anchors;   // struct vch_rules_anchors
