// The rules by which a verifier judges evidence: a signed file, a function of nothing else
// (specs/rules.md). The word policy is taken: voucher/policy.h says which votes a reader counts.
//
// What the file does not say is not allowed. A list of what is allowed may be left out, and then
// allows nothing; what narrows (floors, what is denied) has to be written down, even where it is
// empty; a member that is not known is refused, so that a mistyped rule cannot be one that is not
// there. Nothing of the rules comes from whoever is judged.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "crypto/sign.h"
#include "evidence/dcap.h"
#include "evidence/eventlog.h"
#include "evidence/snp.h"
#include "evidence/tpm_public.h"
#include "evidence/tpm_quote.h"

#define VCH_RULES_SIZE_MAX (256u << 10)  // of the file
#define VCH_RULES_ARENA_SIZE (24u << 20) // what decoding takes at most
#define VCH_RULES_TEXT_MAX 128           // of a name, an operator, a site, a reason

// What evidence may be worth. A sandbox is a machine's signed word about itself and no evidence.
#define VCH_RULES_LEVELS(X) X(SANDBOX, "sandbox") X(TPM, "tpm") X(TEE, "tee")
// What somebody wants to hand over.
#define VCH_RULES_CLASSES(X) \
    X(PROMPTS, "prompts") \
    X(OPEN_WEIGHTS, "weights:open") \
    X(PRIVATE_WEIGHTS, "weights:private")
// Where a TPM is. Software is one without hardware under it, for tests: a production file that
// names it is refused.
#define VCH_RULES_TPMS(X) \
    X(DISCRETE, "dtpm") X(FIRMWARE, "ftpm") X(IN_TEE, "vtpm-in-tee") X(SOFTWARE, "software")
// By what hardware is known.
#define VCH_RULES_IDS(X) X(CHIP, "chip_id") X(PPID, "ppid") X(PIID, "piid") X(EK, "ek") X(AK, "ak")

#define X(name, text) VCH_RULES_##name,
enum vch_rules_level { VCH_RULES_LEVELS(X) VCH_RULES_LEVEL_COUNT };
enum vch_rules_class { VCH_RULES_CLASSES(X) VCH_RULES_CLASS_COUNT };
#undef X
#define X(name, text) VCH_RULES_TPM_##name,
enum vch_rules_tpm_place { VCH_RULES_TPMS(X) VCH_RULES_TPM_PLACE_COUNT };
#undef X
#define X(name, text) VCH_RULES_ID_##name,
enum vch_rules_id { VCH_RULES_IDS(X) VCH_RULES_ID_COUNT };
#undef X

enum vch_rules_environment { VCH_RULES_PRODUCTION, VCH_RULES_TEST };
enum vch_rules_ak { VCH_RULES_AK_ENROLLED = 1, VCH_RULES_AK_IN_TEE = 2 }; // whose quotes are taken

// An attestation key that was enrolled, by credential activation.
struct vch_rules_tpm_key {
    uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE];
    enum vch_rules_tpm_place place;
};

struct vch_rules_tpm {
    unsigned aks;    // of vch_rules_ak; IN_TEE: the key that a paravisor's hardware report names
    unsigned places; // 1 << enum vch_rules_tpm_place
    const struct vch_rules_tpm_key *keys;
    size_t key_count;
    const struct vch_certificate_bytes *makers; // roots of endorsement certificates, DER
    size_t maker_count;
    uint32_t pcrs; // that a quote has to cover: those with a rule. 0: no quote is taken
    const struct vch_tpm_quote_pcr_rule *pcr_rules;
    uint32_t pcr_rule_count;
    bool needs_log;                         // the boot log has to be shown, and explain `log_pcrs`
    uint32_t log_pcrs;                      // within `pcrs`
    const struct vch_eventlog_rule *events; // that the log has to have
    uint32_t event_count;
};

struct vch_rules_gpu {
    bool is_required;
    bool takes_unjudged_firmware; // nobody has compared what its firmware measured: without this,
                                  // no GPU is taken
    const char *const *models;    // how the names of chips may begin: "GH100"
    size_t model_count;
};

// The statement of whoever is attested (facts.h).
struct vch_rules_facts {
    bool is_any_build, is_any_model, is_any_policy; // written "any"
    const struct vch_digest *builds, *models, *policies;
    size_t build_count, model_count, policy_count;
    uint32_t confinement; // bits of vch_facts_confinement that have to be set
};

// A machine whose place and owner somebody vouches for.
struct vch_rules_machine {
    enum vch_rules_id kind;
    const uint8_t
        *id; // chip 64 bytes; PPID, PIID 16; EK: SHA-256 of its SPKI, 32; AK: its name, 34
    size_t id_size;
    const char *operator, * site;
};

struct vch_rules_freshness {
    uint32_t nonce_s;        // an answer later than that is not read
    uint32_t reattest_s;     // on an open connection
    uint32_t result_s;       // how long a verdict may be used
    uint32_t registration_s; // age of evidence without a connection; 0: none is taken
};

// Whom to believe: the vendors' own, or, in environment "test" alone, others.
struct vch_rules_anchors {
    bool are_vendors; // false: every verdict has to say that its roots are a test's
    struct vch_snp_anchors amd;
    struct vch_certificate_bytes intel, nvidia;
};

struct vch_rules {
    struct vch_digest id; // of the policy's bytes: what a verifier asks for and a block binds
    struct vch_public_key signer;
    const char *name;
    enum vch_rules_environment environment;
    int64_t until_s;                         // the last second
    unsigned levels[VCH_RULES_CLASS_COUNT];  // 1 << enum vch_rules_level
    bool has_snp, has_tdx, has_sgx, has_tpm; // there is a section; without one it is all zeroes
    struct vch_snp_policy snp;
    struct vch_dcap_policy dcap;
    struct vch_rules_tpm tpm;
    struct vch_rules_gpu gpu;
    struct vch_rules_facts facts;
    bool needs_machine; // only hardware that is listed
    const struct vch_rules_machine *machines;
    size_t machine_count;
    struct vch_rules_freshness freshness;
    struct vch_rules_anchors anchors;
    // Revocation lists of the verifier's own: in no file that somebody signed, and for whoever has
    // them to add. They only ever narrow, but for being there where rules ask for lists.
    struct vch_crl_own own_crls;
    const char *milan_reason; // why Milan is taken though its root key is out; NULL: it is not
};

// Who may sign rules, and what time it is.
struct vch_rules_trust {
    const struct vch_public_key *signers;
    size_t signer_count;
    int64_t time_s; // since 1970
};

// Everything in `out` lies in the arena. MALFORMED, UNSUPPORTED (another version) or LIMIT: the
// complaint says which member. BAD_PROOF: not signed by its key. REFUSED: by a key that is not
// trusted, over, or what no rules may say (other anchors or software TPMs in production, a guest
// that can be debugged, Milan without a reason).
vch_status vch_rules_decode(struct vch_rules *out, const void *bytes, size_t size,
                            const struct vch_rules_trust *trust, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// The policy's value alone, a JSON object that nobody has signed: for the tools of who writes
// rules. No verifier judges by it. Neither signer nor time is looked at.
vch_status vch_rules_draft(struct vch_rules *out, const void *policy, size_t size,
                           struct vch_arena *arena, struct vch_complaint *complaint);

// A draft to a file, NUL-terminated, in the arena. What nobody could decode is not signed.
vch_status vch_rules_sign(char **out, size_t *out_size, const void *policy, size_t size,
                          const struct vch_secret_key *key, struct vch_arena *arena,
                          struct vch_complaint *complaint);

// Who claims to have signed the file, for its author's tools. MALFORMED: nobody.
vch_status vch_rules_claimed_signer(struct vch_public_key *out, const void *bytes, size_t size,
                                    struct vch_arena *arena, struct vch_complaint *complaint);

// Digest and message of the signature, of the bytes of the policy's value.
struct vch_digest vch_rules_digest(const void *policy, size_t size);

bool vch_rules_allows(const struct vch_rules *rules, enum vch_rules_class what,
                      enum vch_rules_level level);

// What evidence of this kind is worth at best: az-vtpm is a TEE, for its report is one's.
enum vch_rules_level vch_rules_level_of(enum vch_binder_kind kind);

// The kinds that could do for that class: what to ask for. False: none.
bool vch_rules_kinds(bool out[VCH_BINDER_KIND_END], const struct vch_rules *rules,
                     enum vch_rules_class what);

// NULL: it is not listed.
const struct vch_rules_machine *vch_rules_machine(const struct vch_rules *rules,
                                                  enum vch_rules_id kind, const void *id,
                                                  size_t size);
const struct vch_rules_tpm_key *vch_rules_tpm_key(const struct vch_rules *rules,
                                                  const uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE]);

const char *vch_rules_level_name(enum vch_rules_level level);
const char *vch_rules_class_name(enum vch_rules_class what);
bool vch_rules_class_of(enum vch_rules_class *out, const char *name); // false: there is none such
