// Whether certificates lead from a leaf to one pinned root, at a given time.
#pragma once

#include "certificate/certificate.h"
#include "certificate/crl.h"

// How certificates below the root, and revocation lists, may be signed; a set of bits.
enum vch_chain_signature {
    VCH_CHAIN_ECDSA_SHA256 = 1,
    VCH_CHAIN_ECDSA_SHA384 = 2,
    VCH_CHAIN_PSS_SHA384 = 4, // MGF1 with SHA-384 and a salt of 48 bytes, exactly
    VCH_CHAIN_PKCS1_SHA256 = 8,
    VCH_CHAIN_PKCS1_SHA384 = 16,
};

// Whose revocation lists have to be there. One that is there is always applied, whatever the rule:
// its signature, its dates and what it says. One that no authority of the chain issued says
// nothing.
enum vch_chain_crls {
    VCH_CHAIN_CRLS_IF_PRESENT,
    VCH_CHAIN_CRLS_OF_ROOT, // which covers the authority below it
    VCH_CHAIN_CRLS_OF_ALL,  // of every authority
};

// What the leaf's key is for, as far as its key usage says.
enum vch_chain_leaf {
    VCH_CHAIN_LEAF_SIGNS,
    VCH_CHAIN_LEAF_DECRYPTS, // or agrees on keys: TPMs' endorsement keys
};

struct vch_chain_rules {
    struct vch_certificate_bytes root; // DER; the only one that is trusted
    int64_t time_s;                    // since 1970
    unsigned signatures;               // allowed; 0 allows none
    const struct vch_crl_list *crls;   // NULL: none
    enum vch_chain_crls crl_rule;
    enum vch_chain_leaf leaf;
    // Lists of the verifier's own, which come beside those: what one of them revokes is revoked
    // (revoked.h), and those of their time are there, for the rule. NULL: it has none.
    const struct vch_crl_list *own;
};

// The list holds a leaf, then what issued it, and so on; last of all the root may stand, which must
// then be the pinned one, byte for byte. Every certificate has to have its place: nothing is
// searched for, nothing is left over. Judged are names, signatures, dates (of all, root included),
// CA bits (of authorities set, of the leaf not), path lengths, key usage where it is stated,
// unknown critical extensions, and revocation. BAD_PROOF, with a complaint that says which and why.
vch_status vch_chain_verify(const struct vch_certificate_list *list,
                            const struct vch_chain_rules *rules, struct vch_complaint *complaint);
