// How current a platform is: Intel's lists of levels, from the newest, against what was certified
// and what the processor says of itself.
#include <stdio.h>
#include <string.h>

#include "evidence/dcap_parts.h"

typedef struct vch_dcap_collateral_level tcb_level;

// The first two components of a TD's TEE_TCB_SVN: the module's own version.
enum { MODULE_MINOR, MODULE_MAJOR, MODULE_COMPONENTS };

static bool reaches(const uint8_t *has, const uint8_t *needs, size_t first)
{
    for (size_t i = first; i < VCH_DCAP_COLLATERAL_COMPONENTS; i++)
        if (has[i] < needs[i]) return false;
    return true;
}

static const tcb_level *find_svn(const struct vch_dcap_collateral_levels *levels, unsigned svn)
{
    for (uint32_t i = 0; i < levels->count; i++)
        if (svn >= levels->items[i].svn) return &levels->items[i];
    return NULL;
}

// A module of a major version has levels of its own, so those of the platform leave it out.
static const tcb_level *find_platform(const struct vch_dcap_parts *parts)
{
    const struct vch_dcap_collateral_tcb_info *info = parts->tcb_info;
    const struct vch_dcap_quote *quote = &parts->claims->quote;
    const struct vch_dcap_pck *pck = &parts->claims->pck;
    bool is_tdx = quote->tee == VCH_DCAP_QUOTE_TDX;

    if (info == NULL || !parts->claims->is_pck_known || info->has_module != is_tdx) return NULL;
    for (uint32_t i = 0; i < info->levels.count; i++) {
        const tcb_level *level = &info->levels.items[i];
        if (!reaches(pck->components, level->sgx, 0) || pck->pce_svn < level->svn) continue;
        if (!is_tdx) return level;
        const uint8_t *svn = quote->domain.tcb_svn;
        if (reaches(svn, level->tdx, svn[MODULE_MAJOR] > 0 ? MODULE_COMPONENTS : 0)) return level;
    }
    return NULL;
}

// Enters what a status comes to; `level` NULL: there is none.
static void judge(struct vch_dcap_parts *parts, const char *name, bool is_known,
                  enum vch_dcap_collateral_status found, unsigned allowed)
{
    struct vch_appraisal *appraisal = parts->appraisal;

    if (!is_known) {
        vch_appraisal_add(appraisal, name, VCH_APPRAISAL_FAILED,
                          "Intel lists no level that it reaches: update firmware and microcode, or "
                          "fetch the right collateral");
        return;
    }
    bool is_allowed = found != VCH_DCAP_COLLATERAL_REVOKED && (allowed & VCH_DCAP_BIT(found)) != 0;
    if (is_allowed && found == VCH_DCAP_COLLATERAL_UP_TO_DATE)
        vch_appraisal_add(appraisal, name, VCH_APPRAISAL_PASSED, "%s", "");
    else if (found == VCH_DCAP_COLLATERAL_UP_TO_DATE)
        vch_appraisal_add(appraisal, name, VCH_APPRAISAL_FAILED,
                          "UpToDate, which policy does not list: its signer has to");
    else
        vch_appraisal_add(appraisal, name, is_allowed ? VCH_APPRAISAL_WARNED : VCH_APPRAISAL_FAILED,
                          "%s, which policy %s: update firmware and microcode, then register the "
                          "platform again",
                          vch_dcap_collateral_status_text(found), is_allowed ? "takes" : "refuses");
}

static bool is_masked(const uint8_t *found, const uint8_t *mask, const uint8_t *expected,
                      size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((found[i] & mask[i]) != expected[i]) return false;
    return true;
}

static const tcb_level *check_quoting(struct vch_dcap_parts *parts)
{
    const struct vch_dcap_quote_enclave *quoting = &parts->claims->quote.quoting;
    const struct vch_dcap_collateral_identity *identity = parts->identity;
    struct vch_appraisal *appraisal = parts->appraisal;
    static const struct vch_dcap_collateral_identity none = {0};
    bool is_known = identity != NULL;

    if (!is_known) identity = &none;
    (void)vch_appraisal_check(
        appraisal, "dcap.quoting.signer",
        is_known && memcmp(quoting->signer, identity->signer, sizeof identity->signer) == 0,
        "the quoting enclave's MRSIGNER is not the one that Intel states");
    (void)vch_appraisal_check(appraisal, "dcap.quoting.product",
                              is_known && quoting->product == identity->product,
                              "expected a quoting enclave of ISVPRODID %u, found %u",
                              identity->product, quoting->product);
    (void)vch_appraisal_check(appraisal, "dcap.quoting.misc_select",
                              is_known &&
                                  is_masked(quoting->misc_select, identity->misc_select_mask,
                                            identity->misc_select, sizeof identity->misc_select),
                              "the quoting enclave's MISCSELECT is not as Intel states");
    (void)vch_appraisal_check(appraisal, "dcap.quoting.attributes",
                              is_known &&
                                  is_masked(quoting->attributes, identity->attributes_mask,
                                            identity->attributes, sizeof identity->attributes),
                              "the quoting enclave's attributes are not as Intel states");
    const tcb_level *level = find_svn(&identity->levels, quoting->svn);
    judge(parts, "dcap.quoting.level", level != NULL, level != NULL ? level->status : 0,
          parts->rules->quoting_statuses);
    return level;
}

static const struct vch_dcap_collateral_module *find_module(const struct vch_dcap_parts *parts)
{
    const struct vch_dcap_collateral_tcb_info *info = parts->tcb_info;
    unsigned major = parts->claims->quote.domain.tcb_svn[MODULE_MAJOR];
    char id[8];

    if (info == NULL || !info->has_module) return NULL;
    if (major == 0) return &info->module;
    (void)snprintf(id, sizeof id, "TDX_%02X", major);
    for (uint32_t i = 0; i < info->module_count; i++)
        if (strcmp(info->modules[i].id, id) == 0) return &info->modules[i];
    return NULL;
}

// Sets `is_judged` where the module has a status of its own.
static const tcb_level *check_module(struct vch_dcap_parts *parts, bool *is_judged)
{
    const struct vch_dcap_quote_domain *domain = &parts->claims->quote.domain;
    struct vch_appraisal *appraisal = parts->appraisal;

    *is_judged = parts->claims->quote.tee == VCH_DCAP_QUOTE_TDX;
    if (!*is_judged) {
        vch_appraisal_add(appraisal, "dcap.module.identity", VCH_APPRAISAL_NOT_APPLICABLE, "%s",
                          "");
        vch_appraisal_add(appraisal, "dcap.module.level", VCH_APPRAISAL_NOT_APPLICABLE, "%s", "");
        return NULL;
    }
    const struct vch_dcap_collateral_module *module = find_module(parts);
    bool holds = module != NULL &&
                 memcmp(domain->module_signer, module->signer, sizeof module->signer) == 0 &&
                 is_masked(domain->module_attributes, module->attributes_mask, module->attributes,
                           sizeof module->attributes);
    (void)vch_appraisal_check(appraisal, "dcap.module.identity", holds,
                              "the TDX module of major version %u has no identity in Intel's TCB "
                              "Info, or another signer or attributes than there",
                              domain->tcb_svn[MODULE_MAJOR]);
    *is_judged = domain->tcb_svn[MODULE_MAJOR] > 0;
    if (!*is_judged) { // the platform's levels cover it
        vch_appraisal_add(appraisal, "dcap.module.level", VCH_APPRAISAL_NOT_APPLICABLE, "%s", "");
        return NULL;
    }
    const tcb_level *level =
        module != NULL ? find_svn(&module->levels, domain->tcb_svn[MODULE_MINOR]) : NULL;
    judge(parts, "dcap.module.level", level != NULL, level != NULL ? level->status : 0,
          parts->rules->module_statuses);
    return level;
}

static bool is_denied(const struct vch_dcap_rules *rules, const tcb_level *level)
{
    const struct vch_json_value *list = level != NULL ? level->advisories : NULL;

    if (list == NULL) return false;
    const struct vch_json_value *item = vch_json_first(list);
    for (uint32_t i = 0; i < list->count; i++, item = vch_json_next(item))
        for (uint32_t k = 0; k < rules->denied_advisory_count; k++)
            if (vch_json_is_string(item, rules->denied_advisories[k])) return true;
    return false;
}

void vch_dcap_parts_check_levels(struct vch_dcap_parts *parts)
{
    struct vch_dcap_claims *claims = parts->claims;
    bool has_module_status = false;
    const tcb_level *quoting = check_quoting(parts), *platform = find_platform(parts);

    (void)vch_appraisal_check(parts->appraisal, "dcap.platform.level", platform != NULL,
                              "Intel lists no level that it reaches: update firmware and "
                              "microcode, or fetch the right TCB Info");
    const tcb_level *module = check_module(parts, &has_module_status);

    claims->is_status_known =
        quoting != NULL && platform != NULL && (module != NULL || !has_module_status);
    if (claims->is_status_known) {
        claims->quoting = quoting->status;
        claims->platform = platform->status;
        claims->module = module != NULL ? module->status : VCH_DCAP_COLLATERAL_UP_TO_DATE;
        claims->status = vch_dcap_collateral_worst(
            vch_dcap_collateral_worst(claims->platform, claims->module), claims->quoting);
    }
    judge(parts, "dcap.status", claims->is_status_known, claims->status, parts->rules->statuses);
    (void)vch_appraisal_check(parts->appraisal, "dcap.advisories",
                              !is_denied(parts->rules, platform) &&
                                  !is_denied(parts->rules, module) &&
                                  !is_denied(parts->rules, quoting),
                              "an advisory that policy denies is open on this platform: update it");
}
