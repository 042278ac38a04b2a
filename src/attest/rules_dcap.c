// The sections "tdx" and "sgx", which have the platform's rules in common.
#include "attest/rules_parts.h"

enum {
    HASH = VCH_DCAP_QUOTE_HASH_SIZE,
    ENCLAVE_HASH = 32,
    VERSION_MAX = 5,
    DAYS_MAX = 3650,
    DAY_S = 86400,
    REGISTERS = 4,
};

struct section {
    uint32_t versions, min_evaluation, age_days;
    uint64_t statuses, module_statuses, quoting_statuses, types;
    struct vch_rules_list advisories;
    // TDX
    struct vch_rules_list domains, services;
    struct vch_rules_choice modules;
    uint64_t needed, allowed, features;
    // SGX
    struct vch_rules_list enclaves;
    bool may_provision;
};

#define X(name, text) {text, VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_##name)},
static const struct vch_rules_name statuses[] = {VCH_DCAP_COLLATERAL_STATUSES(X){0}};
#undef X
static const struct vch_rules_name types[] = {
    {"standard", VCH_DCAP_BIT(VCH_DCAP_PCK_STANDARD)},
    {"scalable", VCH_DCAP_BIT(VCH_DCAP_PCK_SCALABLE)},
    {"scalable-with-integrity", VCH_DCAP_BIT(VCH_DCAP_PCK_SCALABLE_WITH_INTEGRITY)},
    {0},
};
// Intel TDX Module 1.5 ABI, ATTRIBUTES; debugging has no name here.
static const struct vch_rules_name attributes[] = {
    {"sept_ve_disable", UINT64_C(1) << 28},
    {"migratable", UINT64_C(1) << 29},
    {"pks", UINT64_C(1) << 30},
    {"kl", UINT64_C(1) << 31},
    {"perfmon", UINT64_C(1) << 63},
    {0},
};

// The verifier would refuse it anyway; whoever writes it should hear.
static vch_status read_statuses(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    VCH_TRY(vch_rules_read_names(at, value, out));
    if ((*(uint64_t *)out & VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_REVOKED)) == 0) return VCH_OK;
    return vch_complain(at->source->complaint, VCH_CODE_REFUSED,
                        "\"%s\" of \"%s\" lists Revoked, which no rules can allow: leave it out",
                        at->member->key, at->object);
}

#define AT(field) offsetof(struct section, field)
#define PLATFORM \
    {"quote_versions", vch_rules_read_bits, AT(versions), false, VERSION_MAX, NULL}, \
        {"statuses", read_statuses, AT(statuses), false, 0, statuses}, \
        {"quoting_statuses", read_statuses, AT(quoting_statuses), false, 0, statuses}, \
        {"types", vch_rules_read_names, AT(types), false, 0, types}, \
        {"min_evaluation", vch_rules_read_u32, AT(min_evaluation), true, UINT32_MAX, NULL}, \
        {"collateral_days", vch_rules_read_u32, AT(age_days), true, DAYS_MAX, NULL}, \
    { \
        "denied_advisories", vch_rules_read_texts, AT(advisories), true, 0, NULL \
    }

static vch_rules_reader read_registers;

#define OF(field) offsetof(struct vch_dcap_domain, field)
static const struct vch_rules_object domain_object = {
    "tdx.domains", (const struct vch_rules_member[]){
                       {"mrtd", vch_rules_read_bytes, OF(measurement), true, HASH, NULL},
                       {"rtmrs", read_registers, OF(registers), true, HASH, NULL},
                       {"mrconfigid", vch_rules_read_bytes, OF(config_id), true, HASH, NULL},
                       {"mrowner", vch_rules_read_bytes, OF(owner), true, HASH, NULL},
                       {"mrownerconfig", vch_rules_read_bytes, OF(owner_config), true, HASH, NULL},
                       {0}}};
#undef OF

static const struct vch_rules_object tdx_object = {
    "tdx", (const struct vch_rules_member[]){
               PLATFORM,
               {"debug", vch_rules_read_never, 0, false, 0, NULL},
               {"module_statuses", read_statuses, AT(module_statuses), false, 0, statuses},
               {"domains", vch_rules_read_objects, AT(domains), false,
                sizeof(struct vch_dcap_domain), &domain_object},
               {"modules", vch_rules_read_choice, AT(modules), false, HASH, "known"},
               {"services", vch_rules_read_values, AT(services), false, HASH, NULL},
               {"attributes_needed", vch_rules_read_names, AT(needed), true, 0, attributes},
               {"attributes_allowed", vch_rules_read_names, AT(allowed), false, 0, attributes},
               {"features_allowed", vch_rules_read_mask, AT(features), false, 0, NULL},
               {0}}};

static vch_rules_reader read_u16;

#define OF(field) offsetof(struct vch_dcap_enclave, field)
static const struct vch_rules_object enclave_object = {
    "sgx.enclaves",
    (const struct vch_rules_member[]){
        {"mrenclave", vch_rules_read_bytes, OF(measurement), false, ENCLAVE_HASH, NULL},
        {"mrsigner", vch_rules_read_bytes, OF(signer), false, ENCLAVE_HASH, NULL},
        {"product", read_u16, OF(product), false, 0, NULL},
        {"min_svn", read_u16, OF(min_svn), false, 0, NULL},
        {0}}};
#undef OF

static vch_rules_reader read_enclaves;

static const struct vch_rules_object sgx_object = {
    "sgx", (const struct vch_rules_member[]){
               PLATFORM,
               {"debug", vch_rules_read_never, 0, false, 0, NULL},
               {"enclaves", read_enclaves, AT(enclaves), false, sizeof(struct vch_dcap_enclave),
                &enclave_object},
               {"provision_key", vch_rules_read_bool, AT(may_provision), false, 0, NULL},
               {0}}};

static vch_status read_registers(const struct vch_rules_at *at, const struct vch_json_value *value,
                                 void *out)
{
    const uint8_t **registers = out;
    struct vch_rules_list list = {0};

    VCH_TRY(vch_rules_read_values(at, value, &list));
    if (list.count != REGISTERS) return vch_rules_read_expected(at, "four values, RTMR 0 to 3,");
    for (size_t i = 0; i < REGISTERS; i++)
        registers[i] = (const uint8_t *)list.items + i * HASH;
    return VCH_OK;
}

static vch_status read_u16(const struct vch_rules_at *at, const struct vch_json_value *value,
                           void *out)
{
    uint64_t number = 0;

    if (!vch_json_u64(value, UINT16_MAX, &number))
        return vch_rules_read_expected(at, "a number of 0 to 65535");
    *(uint16_t *)out = (uint16_t)number;
    return VCH_OK;
}

static bool has(const struct vch_json_value *value, const char *key)
{
    return vch_json_member(value, key) != NULL;
}

// By the measurement alone, or by signer, product and least version together.
static vch_status read_enclaves(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    VCH_TRY(vch_rules_read_objects(at, value, out));
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside)) {
        bool is_measured = has(inside, "mrenclave") && inside->count == 1;
        bool is_signed = has(inside, "mrsigner") && has(inside, "product") &&
                         has(inside, "min_svn") && inside->count == 3;
        if (!is_measured && !is_signed)
            return vch_rules_read_expected(at,
                                           "either \"mrenclave\", or \"mrsigner\", \"product\" and "
                                           "\"min_svn\",");
    }
    return VCH_OK;
}

static struct vch_dcap_rules platform_of(const struct section *section)
{
    return (struct vch_dcap_rules){
        .versions = section->versions,
        .statuses = (unsigned)section->statuses,
        .module_statuses = (unsigned)section->module_statuses,
        .quoting_statuses = (unsigned)section->quoting_statuses,
        .types = (unsigned)section->types,
        .min_evaluation = section->min_evaluation,
        .collateral_age_max_s = (int64_t)section->age_days * DAY_S,
        .denied_advisories = section->advisories.items,
        .denied_advisory_count = (uint32_t)section->advisories.count,
    };
}

vch_status vch_rules_read_tdx(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    struct vch_rules *rules = out;
    struct section section = {0};

    VCH_TRY(vch_rules_read_object(at->source, &tdx_object, value, &section));
    rules->has_tdx = true;
    rules->dcap.tdx = (struct vch_dcap_tdx_policy){
        .rules = platform_of(&section),
        .domains = section.domains.items,
        .domain_count = (uint32_t)section.domains.count,
        .is_any_module = section.modules.is_any,
        .modules = vch_rules_read_pointers(at->source, &section.modules.list, HASH),
        .module_count = (uint32_t)section.modules.list.count,
        .services = vch_rules_read_pointers(at->source, &section.services, HASH),
        .service_count = (uint32_t)section.services.count,
        .attributes_needed = section.needed,
        .attributes_allowed = section.allowed,
        .features_allowed = section.features,
    };
    return rules->dcap.tdx.modules == NULL || rules->dcap.tdx.services == NULL ? VCH_FAIL(NO_MEMORY)
                                                                               : VCH_OK;
}

vch_status vch_rules_read_sgx(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    struct vch_rules *rules = out;
    struct section section = {0};

    VCH_TRY(vch_rules_read_object(at->source, &sgx_object, value, &section));
    rules->has_sgx = true;
    rules->dcap.sgx = (struct vch_dcap_sgx_policy){
        .rules = platform_of(&section),
        .enclaves = section.enclaves.items,
        .enclave_count = (uint32_t)section.enclaves.count,
        .may_provision = section.may_provision,
    };
    return VCH_OK;
}
