// Any bytes at all as a draft and as a file: what is taken can be signed, and is then the same.
#include "attest/rules_lint.h"

#include <string.h>

#include "base/check.h"

static void look(const struct vch_rules *rules)
{
    struct vch_rules_lint lint;
    bool kinds[VCH_BINDER_KIND_END];

    vch_rules_lint(&lint, rules, 0);
    VCH_ASSERT(lint.count <= VCH_RULES_LINT_MAX);
    VCH_ASSERT(strlen(rules->name) > 0 && strlen(rules->name) <= VCH_RULES_TEXT_MAX);
    VCH_ASSERT(rules->environment == VCH_RULES_TEST || rules->anchors.are_vendors);
    VCH_ASSERT((rules->snp.products >> VCH_SNP_REPORT_MILAN & 1) == (rules->milan_reason != NULL));
    VCH_ASSERT((rules->tpm.log_pcrs & ~rules->tpm.pcrs) == 0);
    for (size_t i = 0; i < rules->machine_count; i++)
        VCH_ASSERT(rules->machines[i].id != NULL && rules->machines[i].kind < VCH_RULES_ID_COUNT);
    for (unsigned what = 0; what < VCH_RULES_CLASS_COUNT; what++)
        VCH_ASSERT(!vch_rules_kinds(kinds, rules, what) || rules->levels[what] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_rules rules, again;
    struct vch_secret_key key;
    char *file = NULL;
    size_t file_size = 0;

    vch_sign_key(&key, (const uint8_t[VCH_SIGN_SEED_SIZE]){1});
    struct vch_rules_trust trust = {&key.public_key, 1, 0};
    vch_arena_init(&arena, (size_t)3 * VCH_RULES_ARENA_SIZE);
    (void)vch_rules_decode(&again, data, size, &trust, &arena, NULL);
    if (vch_is_ok(vch_rules_draft(&rules, data, size, &arena, NULL))) {
        look(&rules);
        trust.time_s = rules.until_s;
        if (vch_is_ok(vch_rules_sign(&file, &file_size, data, size, &key, &arena, NULL)))
            VCH_ASSERT(vch_is_ok(vch_rules_decode(&again, file, file_size, &trust, &arena, NULL)) &&
                       vch_hash_is_equal(&again.id, &rules.id));
        else
            VCH_ASSERT(size > VCH_RULES_SIZE_MAX - 512);
    }
    vch_arena_release(&arena);
    return 0;
}
