// What rules are asked, once they have been read.
#include "attest/rules.h"

#include <string.h>

#include "crypto/transcript.h"

#define X(name, text) text,
static const char *const levels[] = {VCH_RULES_LEVELS(X)};
static const char *const classes[] = {VCH_RULES_CLASSES(X)};
#undef X

struct vch_digest vch_rules_digest(const void *policy, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/attest-policy/v1");
    vch_transcript_absorb(&transcript, "policy", policy, size);
    return vch_transcript_final(&transcript);
}

bool vch_rules_allows(const struct vch_rules *rules, enum vch_rules_class what,
                      enum vch_rules_level level)
{
    return what < VCH_RULES_CLASS_COUNT && level < VCH_RULES_LEVEL_COUNT &&
           (rules->levels[what] >> level & 1) != 0;
}

enum vch_rules_level vch_rules_level_of(enum vch_binder_kind kind)
{
    static const enum vch_rules_level worth[VCH_BINDER_KIND_END] = {
        [VCH_BINDER_SNP] = VCH_RULES_TEE, [VCH_BINDER_TDX] = VCH_RULES_TEE,
        [VCH_BINDER_SGX] = VCH_RULES_TEE, [VCH_BINDER_AZURE] = VCH_RULES_TEE,
        [VCH_BINDER_TPM] = VCH_RULES_TPM, [VCH_BINDER_NONE] = VCH_RULES_SANDBOX,
    };

    return kind < VCH_BINDER_KIND_END ? worth[kind] : VCH_RULES_SANDBOX;
}

bool vch_rules_kinds(bool out[VCH_BINDER_KIND_END], const struct vch_rules *rules,
                     enum vch_rules_class what)
{
    const bool has[VCH_BINDER_KIND_END] = {
        [VCH_BINDER_SNP] = rules->has_snp,
        [VCH_BINDER_TDX] = rules->has_tdx,
        [VCH_BINDER_SGX] = rules->has_sgx,
        [VCH_BINDER_TPM] = rules->has_tpm && (rules->tpm.aks & VCH_RULES_AK_ENROLLED) != 0,
        [VCH_BINDER_AZURE] = rules->has_tpm && (rules->tpm.aks & VCH_RULES_AK_IN_TEE) != 0 &&
                             (rules->has_snp || rules->has_tdx),
        [VCH_BINDER_NONE] = true,
    };
    bool is_any = false;

    for (unsigned kind = 0; kind < VCH_BINDER_KIND_END; kind++) {
        out[kind] = has[kind] && vch_rules_allows(rules, what, vch_rules_level_of(kind));
        is_any |= out[kind];
    }
    return is_any;
}

const struct vch_rules_machine *vch_rules_machine(const struct vch_rules *rules,
                                                  enum vch_rules_id kind, const void *id,
                                                  size_t size)
{
    for (size_t i = 0; i < rules->machine_count; i++) {
        const struct vch_rules_machine *machine = &rules->machines[i];
        if (machine->kind == kind && machine->id_size == size && memcmp(machine->id, id, size) == 0)
            return machine;
    }
    return NULL;
}

const struct vch_rules_tpm_key *vch_rules_tpm_key(const struct vch_rules *rules,
                                                  const uint8_t name[VCH_TPM_PUBLIC_NAME_SIZE])
{
    for (size_t i = 0; i < rules->tpm.key_count; i++)
        if (memcmp(rules->tpm.keys[i].name, name, VCH_TPM_PUBLIC_NAME_SIZE) == 0)
            return &rules->tpm.keys[i];
    return NULL;
}

const char *vch_rules_level_name(enum vch_rules_level level)
{
    return level < VCH_RULES_LEVEL_COUNT ? levels[level] : "?";
}

const char *vch_rules_class_name(enum vch_rules_class what)
{
    return what < VCH_RULES_CLASS_COUNT ? classes[what] : "?";
}

bool vch_rules_class_of(enum vch_rules_class *out, const char *name)
{
    for (unsigned i = 0; i < VCH_RULES_CLASS_COUNT; i++) {
        if (strcmp(classes[i], name) != 0) continue;
        *out = (enum vch_rules_class)i;
        return true;
    }
    return false;
}
