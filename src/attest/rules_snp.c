// The section "snp".
#include <string.h>

#include "attest/rules_parts.h"

enum { HASH = 48, HOST_DATA = 32, VMPL_MAX = 3, ZEN5 = 0x1a };

struct guest {
    uint32_t min_svn;
    uint64_t allowed, required;
};
struct platform {
    uint64_t required, forbidden, unknown;
};
struct mitigations {
    uint64_t launch, current;
};
struct floor {
    uint32_t given; // bit i: the member i of the table below
    uint8_t versions[5];
};
struct section {
    uint64_t products, signers, crls;
    const char *milan;
    uint32_t vmpls;
    struct vch_rules_list csp_ids, measurements, host_data, id_keys, author_keys, abi, floors;
    struct guest guest;
    struct platform platform;
    struct mitigations mitigations;
    bool is_provisional;
};

static const struct vch_rules_name products[] = {
    {"Milan", 1u << VCH_SNP_REPORT_MILAN},
    {"Genoa", 1u << VCH_SNP_REPORT_GENOA},
    {"Turin", 1u << VCH_SNP_REPORT_TURIN},
    {0},
};
static const struct vch_rules_name signers[] = {
    {"vcek", 1u << VCH_SNP_REPORT_VCEK},
    {"vlek", 1u << VCH_SNP_REPORT_VLEK},
    {0},
};
static const struct vch_rules_name permissions[] = {
    {"smt", VCH_SNP_POLICY_SMT},
    {"migrate_ma", VCH_SNP_POLICY_MIGRATE_MA},
    {"cxl", VCH_SNP_POLICY_CXL},
    {0},
};
static const struct vch_rules_name demands[] = {
    {"single_socket", VCH_SNP_POLICY_SINGLE_SOCKET},
    {"aes_256_xts", VCH_SNP_POLICY_AES_256_XTS},
    {"rapl_disabled", VCH_SNP_POLICY_RAPL_DISABLED},
    {"ciphertext_hiding", VCH_SNP_POLICY_CIPHERTEXT_HIDING},
    {"page_swap_disabled", VCH_SNP_POLICY_PAGE_SWAP_DISABLED},
    {0},
};
static const struct vch_rules_name platform_bits[] = {
    {"smt", VCH_SNP_PLATFORM_SMT},
    {"tsme", VCH_SNP_PLATFORM_TSME},
    {"ecc", VCH_SNP_PLATFORM_ECC},
    {"rapl_disabled", VCH_SNP_PLATFORM_RAPL_DISABLED},
    {"ciphertext_hiding", VCH_SNP_PLATFORM_CIPHERTEXT_HIDING},
    {"alias_check", VCH_SNP_PLATFORM_ALIAS_CHECK},
    {"tio", VCH_SNP_PLATFORM_TIO},
    {0},
};
static const struct vch_rules_name unknown[] = {{"refuse", 0}, {"ignore", 1}, {0}};
static const struct vch_rules_name crls[] = {
    {"if-present", VCH_CHAIN_CRLS_IF_PRESENT},
    {"of-root", VCH_CHAIN_CRLS_OF_ROOT},
    {"of-all", VCH_CHAIN_CRLS_OF_ALL},
    {0},
};

static const struct vch_rules_object guest_object = {
    "snp.guest",
    (const struct vch_rules_member[]){
        {"debug", vch_rules_read_never, 0, false, 0, NULL},
        {"min_svn", vch_rules_read_u32, offsetof(struct guest, min_svn), true, UINT32_MAX, NULL},
        {"allowed", vch_rules_read_names, offsetof(struct guest, allowed), false, 0, permissions},
        {"required", vch_rules_read_names, offsetof(struct guest, required), true, 0, demands},
        {0}}};

static const struct vch_rules_object platform_object = {
    "snp.platform",
    (const struct vch_rules_member[]){
        {"required", vch_rules_read_names, offsetof(struct platform, required), true, 0,
         platform_bits},
        {"forbidden", vch_rules_read_names, offsetof(struct platform, forbidden), true, 0,
         platform_bits},
        {"unknown", vch_rules_read_name, offsetof(struct platform, unknown), true, 0, unknown},
        {0}}};

static const struct vch_rules_object mitigations_object = {
    "snp.mitigations",
    (const struct vch_rules_member[]){
        {"launch", vch_rules_read_mask, offsetof(struct mitigations, launch), true, 0, NULL},
        {"current", vch_rules_read_mask, offsetof(struct mitigations, current), true, 0, NULL},
        {0}}};

static vch_rules_reader read_version, read_floors;

static const struct vch_rules_object floor_object = {
    "snp.min_tcb", (const struct vch_rules_member[]){{"fmc", read_version, 0, false, 0, NULL},
                                                     {"bl", read_version, 0, true, 1, NULL},
                                                     {"tee", read_version, 0, true, 2, NULL},
                                                     {"snp", read_version, 0, true, 3, NULL},
                                                     {"ucode", read_version, 0, true, 4, NULL},
                                                     {0}}};

static vch_rules_reader read_abi;

static const struct vch_rules_object snp_object = {
    "snp",
    (const struct vch_rules_member[]){
        {"products", vch_rules_read_names, offsetof(struct section, products), false, 0, products},
        {"milan", vch_rules_read_text, offsetof(struct section, milan), false, 0, NULL},
        {"signers", vch_rules_read_names, offsetof(struct section, signers), false, 0, signers},
        {"csp_ids", vch_rules_read_texts, offsetof(struct section, csp_ids), false, 0, NULL},
        {"vmpls", vch_rules_read_bits, offsetof(struct section, vmpls), false, VMPL_MAX, NULL},
        {"measurements", vch_rules_read_values, offsetof(struct section, measurements), false, HASH,
         NULL},
        {"host_data", vch_rules_read_values, offsetof(struct section, host_data), false, HOST_DATA,
         NULL},
        {"id_keys", vch_rules_read_values, offsetof(struct section, id_keys), false, HASH, NULL},
        {"author_keys", vch_rules_read_values, offsetof(struct section, author_keys), false, HASH,
         NULL},
        {"guest", vch_rules_read_inside, offsetof(struct section, guest), true, 0, &guest_object},
        {"platform", vch_rules_read_inside, offsetof(struct section, platform), true, 0,
         &platform_object},
        {"min_abi", read_abi, offsetof(struct section, abi), true, 0, NULL},
        {"min_tcb", read_floors, offsetof(struct section, floors), false, 0, NULL},
        {"provisional", vch_rules_read_bool, offsetof(struct section, is_provisional), false, 0,
         NULL},
        {"mitigations", vch_rules_read_inside, offsetof(struct section, mitigations), true, 0,
         &mitigations_object},
        {"crls", vch_rules_read_name, offsetof(struct section, crls), true, 0, crls},
        {0}}};

// `limit` is which of the versions.
static vch_status read_version(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    struct floor *floor = out;

    floor->given |= 1u << at->member->limit;
    return vch_rules_read_u8(at, value, &floor->versions[at->member->limit]);
}

// [1, 55]: major, minor.
static vch_status read_abi(const struct vch_rules_at *at, const struct vch_json_value *value,
                           void *out)
{
    struct vch_rules_list *list = out;

    if (!vch_json_is(value, VCH_JSON_ARRAY) || value->count != 2)
        return vch_rules_read_expected(at, "major and minor version, such as [1, 55],");
    uint8_t *abi = vch_rules_read_room(at, 2, 1);
    if (abi == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_json_value *major = vch_json_first(value);
    VCH_TRY(vch_rules_read_u8(at, major, abi));
    VCH_TRY(vch_rules_read_u8(at, vch_json_next(major), abi + 1));
    *list = (struct vch_rules_list){abi, 2};
    return VCH_OK;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

// "19-a0": family and model of a processor, in hexadecimal.
static bool read_model(struct vch_snp_floor *out, const struct vch_json_value *value)
{
    int digits[5];

    if (value->key_size != 5 || value->key[2] != '-') return false;
    for (int i = 0; i < 5; i++) {
        digits[i] = i == 2 ? 0 : digit_of(value->key[i]);
        if (digits[i] < 0) return false;
    }
    out->cpu_family = (uint8_t)(digits[0] << 4 | digits[1]);
    out->cpu_model = (uint8_t)(digits[3] << 4 | digits[4]);
    return true;
}

static vch_status read_floor(const struct vch_rules_at *at, const struct vch_json_value *value,
                             struct vch_snp_floor *out)
{
    struct floor floor = {0};

    if (!read_model(out, value))
        return vch_rules_read_expected(at, "processors such as \"19-11\" (CPUID family and model)");
    VCH_TRY(vch_rules_read_object(at->source, &floor_object, value, &floor));
    if ((floor.given & 1) != (out->cpu_family == ZEN5))
        return vch_rules_read_expected(at, "\"fmc\" for family 1a and for no other");
    out->tcb = (struct vch_snp_report_tcb){floor.versions[0], floor.versions[1], floor.versions[2],
                                           floor.versions[3], floor.versions[4]};
    return VCH_OK;
}

static vch_status read_floors(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    struct vch_rules_list *list = out;

    if (!vch_json_is(value, VCH_JSON_OBJECT))
        return vch_rules_read_expected(at, "an object of processors");
    struct vch_snp_floor *floors = vch_rules_read_room(at, value->count, sizeof *floors);
    if (floors == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside))
        VCH_TRY(read_floor(at, inside, &floors[i]));
    *list = (struct vch_rules_list){floors, value->count};
    return VCH_OK;
}

static struct vch_snp_values values_of(const struct vch_rules_list *list)
{
    return (struct vch_snp_values){list->items, list->count};
}

static void take(struct vch_snp_policy *out, const struct section *section)
{
    const uint8_t *abi = section->abi.items;

    *out = (struct vch_snp_policy){
        .products = (unsigned)section->products,
        .signers = (unsigned)section->signers,
        .csp_ids = section->csp_ids.items,
        .csp_id_count = section->csp_ids.count,
        .vmpls = section->vmpls,
        .measurements = values_of(&section->measurements),
        .host_data = values_of(&section->host_data),
        .id_key_digests = values_of(&section->id_keys),
        .author_key_digests = values_of(&section->author_keys),
        .guest_svn_min = section->guest.min_svn,
        .guest_allowed = section->guest.allowed,
        .guest_required = section->guest.required,
        .abi_min_major = abi[0],
        .abi_min_minor = abi[1],
        .platform_required = section->platform.required,
        .platform_forbidden = section->platform.forbidden,
        .ignores_unknown_platform = section->platform.unknown != 0,
        .floors = section->floors.items,
        .floor_count = section->floors.count,
        .takes_provisional = section->is_provisional,
        .launch_mitigations = section->mitigations.launch,
        .current_mitigations = section->mitigations.current,
        .crl_rule = (enum vch_chain_crls)section->crls,
    };
}

vch_status vch_rules_read_snp(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    struct vch_rules *rules = out;
    struct section section = {0};

    VCH_TRY(vch_rules_read_object(at->source, &snp_object, value, &section));
    if ((section.products >> VCH_SNP_REPORT_MILAN & 1) != (section.milan != NULL))
        return vch_complain(at->source->complaint, VCH_CODE_REFUSED,
                            "any report of a Milan can be forged, for its root key can be taken "
                            "out by software (arXiv 2605.12990): leave it out of \"products\", or "
                            "say in \"milan\" of \"snp\" why it is taken, and only then");
    rules->milan_reason = section.milan;
    rules->has_snp = true;
    take(&rules->snp, &section);
    return VCH_OK;
}
