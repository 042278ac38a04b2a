// What Intel says, signed, about its platforms: TCB Info (which security versions are good enough)
// and the identity of quoting enclaves. Read strictly from the bytes as Intel's service sends them:
// {"tcbInfo":{...},"signature":"..."} and {"enclaveIdentity":{...},"signature":"..."}.
//
// Decoding says nothing of signatures and dates: dcap.h does. What is not known is skipped where
// Intel may add to it, and never guessed: a status without a name here is MALFORMED.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "evidence/json.h"

#define VCH_DCAP_COLLATERAL_LEVELS_MAX 256u // of one list
#define VCH_DCAP_COLLATERAL_MODULES_MAX 32u
#define VCH_DCAP_COLLATERAL_COMPONENTS 16u
#define VCH_DCAP_COLLATERAL_SIGNATURE_SIZE 64u

// From best to worst.
#define VCH_DCAP_COLLATERAL_STATUSES(X) \
    X(UP_TO_DATE, "UpToDate") \
    X(SW_HARDENING_NEEDED, "SWHardeningNeeded") \
    X(CONFIGURATION_NEEDED, "ConfigurationNeeded") \
    X(CONFIGURATION_AND_SW_HARDENING_NEEDED, "ConfigurationAndSWHardeningNeeded") \
    X(OUT_OF_DATE, "OutOfDate") \
    X(OUT_OF_DATE_CONFIGURATION_NEEDED, "OutOfDateConfigurationNeeded") \
    X(REVOKED, "Revoked")

enum vch_dcap_collateral_status {
#define X(name, text) VCH_DCAP_COLLATERAL_##name,
    VCH_DCAP_COLLATERAL_STATUSES(X)
#undef X
};

// The document around: what was signed, by whom it has to be, and when it holds.
struct vch_dcap_collateral_document {
    const uint8_t *signed_bytes; // borrowed
    size_t signed_size;
    uint8_t signature[VCH_DCAP_COLLATERAL_SIGNATURE_SIZE]; // ECDSA on P-256: r, s
    char id[8]; // "SGX", "TDX", "QE", "TD_QE"; empty in version 2 of TCB Info
    uint32_t version;
    int64_t issued_s, next_s;
    uint32_t evaluation; // tcbEvaluationDataNumber
};

struct vch_dcap_collateral_level {
    uint8_t sgx[VCH_DCAP_COLLATERAL_COMPONENTS], tdx[VCH_DCAP_COLLATERAL_COMPONENTS]; // at least
    uint16_t svn; // at least: PCESVN of a platform, ISVSVN of a module or an enclave
    enum vch_dcap_collateral_status status;
    const struct vch_json_value *advisories; // an array of strings; NULL: none
};

struct vch_dcap_collateral_levels {
    const struct vch_dcap_collateral_level *items; // the first that is reached counts
    uint32_t count;
};

// Who signed a TDX module, and which of its attributes are set.
struct vch_dcap_collateral_module {
    char id[8]; // "TDX_03"
    uint8_t signer[48], attributes[8], attributes_mask[8];
    struct vch_dcap_collateral_levels levels;
};

struct vch_dcap_collateral_tcb_info {
    struct vch_dcap_collateral_document document;
    uint8_t fmspc[6], pce_id[2];
    uint32_t tcb_type;
    bool has_module;                                  // TDX
    struct vch_dcap_collateral_module module;         // of major version 0; without levels
    const struct vch_dcap_collateral_module *modules; // of others
    uint32_t module_count;
    struct vch_dcap_collateral_levels levels;
};

struct vch_dcap_collateral_identity {
    struct vch_dcap_collateral_document document;
    uint8_t misc_select[4], misc_select_mask[4], attributes[16], attributes_mask[16], signer[32];
    uint16_t product;
    struct vch_dcap_collateral_levels levels;
};

// Versions 2 (of SGX alone) and 3. The bytes and the arena outlive the result.
vch_status vch_dcap_collateral_decode_tcb_info(struct vch_dcap_collateral_tcb_info *out,
                                               struct vch_arena *arena, const uint8_t *bytes,
                                               size_t size, struct vch_complaint *complaint);
vch_status vch_dcap_collateral_decode_identity(struct vch_dcap_collateral_identity *out,
                                               struct vch_arena *arena, const uint8_t *bytes,
                                               size_t size, struct vch_complaint *complaint);

const char *vch_dcap_collateral_status_text(enum vch_dcap_collateral_status status);

// What two parts of one platform come to: the worse one, and nothing that either needs forgotten.
enum vch_dcap_collateral_status vch_dcap_collateral_worst(enum vch_dcap_collateral_status a,
                                                          enum vch_dcap_collateral_status b);
