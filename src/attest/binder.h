// What ties evidence to one connection, one key, one node and one statement: 276 bytes of fixed
// layout (specs/attest.md, section 3) whose hash stands in the evidence.
//
// They are never sent. Whoever verifies makes them from what it knows itself: the nonce it sent,
// the exporter and the certificates of its own end of the connection, the identity it has
// registered. So evidence that was made for somebody else, or relayed from elsewhere, does not
// match.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "evidence/appraisal.h"

#define VCH_BINDER_SIZE 276       // check: 16 + 4 + 8 * 32
#define VCH_BINDER_REPORT_SIZE 64 // report_data of SNP, TDX and SGX
#define VCH_BINDER_EXPORTER_LABEL "EXPORTER-vouch-attest-v1"

enum vch_binder_mode {
    VCH_BINDER_CHANNEL = 1,      // after a handshake, over its connection
    VCH_BINDER_REGISTRATION = 2, // no connection: exporter and peer are zero
};

enum vch_binder_role { VCH_BINDER_SERVER = 1, VCH_BINDER_CLIENT = 2 }; // of who is attested

enum vch_binder_kind {
    VCH_BINDER_SNP = 1,
    VCH_BINDER_TDX,
    VCH_BINDER_SGX,
    VCH_BINDER_TPM,
    VCH_BINDER_AZURE, // SNP or TDX under a paravisor whose vTPM signs for the guest
    VCH_BINDER_NONE,  // a statement and nothing that shows it
    VCH_BINDER_KIND_END,
};

// As specs/attest.md has it: "snp".
const char *vch_binder_kind_name(enum vch_binder_kind kind);

struct vch_binder {
    enum vch_binder_mode mode;
    enum vch_binder_role role;
    enum vch_binder_kind kind;
    uint8_t nonce[32];        // of the verifier, used once
    uint8_t exporter[32];     // of TLS 1.3, its context the nonce
    struct vch_digest own;    // of the attested end's SubjectPublicKeyInfo
    struct vch_digest peer;   // of the other end's; zero where it showed no certificate
    uint8_t sealing_key[32];  // X25519: what is sealed for the attested end is sealed to this
    uint8_t node[32];         // Ed25519: who answers for it
    struct vch_digest facts;  // of the statement's bytes
    struct vch_digest policy; // that the verifier asked for
};

// USAGE: a mode, role or kind that is none; a channel without exporter or own key; a registration
// with an exporter or a peer; no nonce, sealing key or node.
vch_status vch_binder_encode(uint8_t out[static VCH_BINDER_SIZE], const struct vch_binder *binder);

// The same rules for bytes that were kept: TRUNCATED or MALFORMED.
vch_status vch_binder_decode(struct vch_binder *out, const void *bytes, size_t size,
                             struct vch_complaint *complaint);

// The nonce of a request: fresh by `salt`, random bytes drawn for it alone, and made on one
// occasion, 32 bytes that are shown to whoever is to see that the evidence is of no other one. Of a
// job these are its nonce (Job.nonce, unknown to nodes until they have attested); zeroes where
// nobody will ask.
struct vch_digest vch_binder_nonce(const uint8_t occasion[static 32],
                                   const uint8_t salt[static 32]);

// SHA-256 of the SubjectPublicKeyInfo of an Ed25519 key: `own` or `peer` where an end's certificate
// is of its identity, as all of vouch's are.
struct vch_digest vch_binder_identity(const uint8_t key[static 32]);

// What stands in the evidence.
void vch_binder_report(uint8_t out[static VCH_BINDER_REPORT_SIZE],
                       const uint8_t binder[static VCH_BINDER_SIZE]); // SNP, TDX, SGX
struct vch_digest vch_binder_qualifier(const uint8_t binder[static VCH_BINDER_SIZE]); // TPM, Azure
struct vch_digest vch_binder_gpu_nonce(const uint8_t binder[static VCH_BINDER_SIZE]); // NVIDIA
// Under what a block is named elsewhere, such as in what is sealed for its key.
struct vch_digest vch_binder_digest(const uint8_t binder[static VCH_BINDER_SIZE]);

// Enters "binding.evidence": that `found`, the whole field of evidence of the block's own kind, is
// what it has to be. Without evidence (VCH_BINDER_NONE) the check fails: a statement shows nothing.
// Returns whether it holds.
bool vch_binder_check(struct vch_appraisal *appraisal, const uint8_t binder[static VCH_BINDER_SIZE],
                      const void *found, size_t found_size);

// Enters "binding.runtime": that the report_data of a paravisor's hardware report is the digest of
// this runtime data, which names the vTPM's key, and zeroes.
bool vch_binder_check_runtime(struct vch_appraisal *appraisal, const void *runtime,
                              size_t runtime_size, const void *report_data, size_t report_size);

// Enters "binding.gpu": the nonce of a GPU's report.
bool vch_binder_check_gpu(struct vch_appraisal *appraisal,
                          const uint8_t binder[static VCH_BINDER_SIZE], const void *found,
                          size_t found_size);
