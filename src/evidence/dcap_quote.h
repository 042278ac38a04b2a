// Intel's quotes of SGX enclaves and TDX domains: version 3 (SGX), 4 (SGX, TDX 1.0), 5 (also TDX
// 1.5), with keys of ECDSA on P-256. specs/evidence.md has the layout.
//
// Decoding says where things lie and nothing of whether they are true: dcap.h does. One text has
// one reading: lengths fit exactly, the quote is followed by zeros alone (collectors hand out a
// padded buffer), and no other kind of certification data is taken than a chain in PEM.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_DCAP_QUOTE_SIZE_MAX (32u << 10)
#define VCH_DCAP_QUOTE_ENCLAVE_SIZE 384u
#define VCH_DCAP_QUOTE_DATA_SIZE 64u // of the report data
#define VCH_DCAP_QUOTE_HASH_SIZE 48u // of a TD's measurements
#define VCH_DCAP_QUOTE_SVN_SIZE 16u
#define VCH_DCAP_QUOTE_CONFIG_SIZE 64u
#define VCH_DCAP_QUOTE_PRODUCT_SIZE 16u

enum vch_dcap_quote_tee {
    VCH_DCAP_QUOTE_SGX = 0,
    VCH_DCAP_QUOTE_TDX = 0x81,
};

// What the processor says of an enclave. Borrowed from the quote, as everything here.
struct vch_dcap_quote_enclave {
    const uint8_t *bytes;                     // the report, VCH_DCAP_QUOTE_ENCLAVE_SIZE
    const uint8_t *misc_select;               // 4
    const uint8_t *attributes;                // 16
    const uint8_t *measurement;               // 32: MRENCLAVE
    const uint8_t *signer;                    // 32: MRSIGNER
    const uint8_t *report_data;               // 64
    const uint8_t *config;                    // 64: CONFIGID, of whoever started it
    const uint8_t *extended_product, *family; // 16 each: ISVEXTPRODID, ISVFAMILYID
    uint16_t product, svn, config_svn;        // ISVPRODID, ISVSVN, CONFIGSVN
};

// And of a trust domain.
struct vch_dcap_quote_domain {
    const uint8_t *tcb_svn;           // 16: TEE_TCB_SVN, as of when the domain was made
    const uint8_t *module;            // 48: MRSEAM
    const uint8_t *module_signer;     // 48: MRSIGNERSEAM
    const uint8_t *module_attributes; // 8
    const uint8_t *attributes;        // 8
    const uint8_t *features;          // 8: XFAM
    const uint8_t *measurement;       // 48: MRTD
    const uint8_t *config_id, *owner, *owner_config; // 48 each
    const uint8_t *registers[4];                     // 48 each: RTMR
    const uint8_t *report_data;                      // 64
    const uint8_t *tcb_svn_now; // 16: TEE_TCB_SVN_2, after updates since; NULL before TDX 1.5
    const uint8_t *service;     // 48: MRSERVICETD; likewise
};

struct vch_dcap_quote {
    uint16_t version;
    enum vch_dcap_quote_tee tee;
    const uint8_t *vendor; // 16: of the quoting enclave
    union {
        struct vch_dcap_quote_enclave enclave; // VCH_DCAP_QUOTE_SGX
        struct vch_dcap_quote_domain domain;   // VCH_DCAP_QUOTE_TDX
    };
    const uint8_t *report_data; // 64, of either
    const uint8_t *signed_bytes;
    size_t signed_size;
    const uint8_t *signature;              // 64, over signed_bytes, by `key`
    const uint8_t *key;                    // 64: the attestation key, X and Y
    struct vch_dcap_quote_enclave quoting; // the enclave that holds it
    const uint8_t *quoting_signature;      // 64, over its report, by the PCK
    const uint8_t *authenticated;          // is hashed with the key into quoting's report data
    size_t authenticated_size;
    const char *chain; // PEM: PCK, its CA, root; without the zeros that may follow
    size_t chain_size;
    size_t size; // without padding
};

vch_status vch_dcap_quote_decode(struct vch_dcap_quote *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);
