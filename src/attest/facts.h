// What a node says of itself: which program, which policy, which model, how confined. It is
// evidence of nothing, until evidence is bound to it (specs/attest.md, section 4; attest/binder.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"

#define VCH_FACTS_SIZE_MAX 160

enum vch_facts_confinement {
    VCH_FACTS_NO_DUMPS = 1,
    VCH_FACTS_NO_NEW_PRIVILEGES = 2,
    VCH_FACTS_USER_NAMESPACE = 4,
    VCH_FACTS_EMPTY_ROOT = 8,
    VCH_FACTS_PROCESS_NAMESPACE = 16,
    VCH_FACTS_NETWORK_NAMESPACE = 32,
    VCH_FACTS_IPC_NAMESPACE = 64,
    VCH_FACTS_NO_CAPABILITIES = 128,
    VCH_FACTS_LANDLOCK = 256,
    VCH_FACTS_SECCOMP = 512,
    VCH_FACTS_PARSER_APART = 1024,
    VCH_FACTS_KEYS_APART = 2048,
    VCH_FACTS_SECRET_MEMORY = 4096,
    VCH_FACTS_LOCKED_MEMORY = 8192,
    VCH_FACTS_ALL = 16383,
};

struct vch_facts {
    struct vch_digest build;  // of the program's image
    struct vch_digest policy; // that the node holds others to
    struct vch_digest model;  // identity of what it serves; zero: nothing
    bool has_gpu;
    struct vch_digest gpu; // of the key that signs the GPU's reports (vch_gpu_identify)
    uint32_t confinement;  // sum of vch_facts_confinement
};

// USAGE: no build, or confinement that is not in the table.
vch_status vch_facts_encode(uint8_t out[static VCH_FACTS_SIZE_MAX], size_t *size,
                            const struct vch_facts *facts);

// The one encoding: TRUNCATED, MALFORMED, UNSUPPORTED (another version) or LIMIT.
vch_status vch_facts_decode(struct vch_facts *out, const void *bytes, size_t size,
                            struct vch_complaint *complaint);

// In words, for people: of one bit of confinement. NULL: there is none such.
const char *vch_facts_text(uint32_t confinement_bit);
