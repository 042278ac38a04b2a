// The sections that are of no one kind of evidence.
#include <string.h>

#include "attest/facts.h"
#include "attest/rules_parts.h"

enum {
    DER_MAX = 4096,
    NONCE_MAX_S = 600,
    REATTEST_MAX_S = 86400,
    RESULT_MAX_S = 604800, // check: 7 * 86400
    REGISTRATION_MAX_S = RESULT_MAX_S,
};

struct gpu {
    bool is_required, takes_unjudged;
    struct vch_rules_list models;
};
static const struct vch_rules_object gpu_object = {
    "gpu", (const struct vch_rules_member[]){
               {"required", vch_rules_read_bool, offsetof(struct gpu, is_required), true, 0, NULL},
               {"unjudged_firmware", vch_rules_read_bool, offsetof(struct gpu, takes_unjudged),
                false, 0, NULL},
               {"models", vch_rules_read_texts, offsetof(struct gpu, models), false, 0, NULL},
               {0}}};

vch_status vch_rules_read_gpu(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    struct gpu gpu = {0};

    VCH_TRY(vch_rules_read_object(at->source, &gpu_object, value, &gpu));
    *(struct vch_rules_gpu *)out = (struct vch_rules_gpu){
        .is_required = gpu.is_required,
        .takes_unjudged_firmware = gpu.takes_unjudged,
        .models = gpu.models.items,
        .model_count = gpu.models.count,
    };
    return VCH_OK;
}

struct facts {
    struct vch_rules_choice builds, models, policies;
    uint64_t confinement;
};
static const struct vch_rules_name confinement[] = {
    {"no-dumps", VCH_FACTS_NO_DUMPS},
    {"no-new-privileges", VCH_FACTS_NO_NEW_PRIVILEGES},
    {"user-namespace", VCH_FACTS_USER_NAMESPACE},
    {"empty-root", VCH_FACTS_EMPTY_ROOT},
    {"process-namespace", VCH_FACTS_PROCESS_NAMESPACE},
    {"network-namespace", VCH_FACTS_NETWORK_NAMESPACE},
    {"ipc-namespace", VCH_FACTS_IPC_NAMESPACE},
    {"no-capabilities", VCH_FACTS_NO_CAPABILITIES},
    {"landlock", VCH_FACTS_LANDLOCK},
    {"seccomp", VCH_FACTS_SECCOMP},
    {"parser-apart", VCH_FACTS_PARSER_APART},
    {"keys-apart", VCH_FACTS_KEYS_APART},
    {"secret-memory", VCH_FACTS_SECRET_MEMORY},
    {"locked-memory", VCH_FACTS_LOCKED_MEMORY},
    {0},
};
static const struct vch_rules_object facts_object = {
    "facts", (const struct vch_rules_member[]){
                 {"builds", vch_rules_read_choice, offsetof(struct facts, builds), false,
                  VCH_DIGEST_SIZE, "any"},
                 {"models", vch_rules_read_choice, offsetof(struct facts, models), false,
                  VCH_DIGEST_SIZE, "any"},
                 {"policies", vch_rules_read_choice, offsetof(struct facts, policies), false,
                  VCH_DIGEST_SIZE, "any"},
                 {"confinement", vch_rules_read_names, offsetof(struct facts, confinement), true, 0,
                  confinement},
                 {0}}};

vch_status vch_rules_read_facts(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    struct facts facts = {0};

    VCH_TRY(vch_rules_read_object(at->source, &facts_object, value, &facts));
    *(struct vch_rules_facts *)out = (struct vch_rules_facts){
        .is_any_build = facts.builds.is_any,
        .is_any_model = facts.models.is_any,
        .is_any_policy = facts.policies.is_any,
        .builds = facts.builds.list.items, // a digest is its bytes
        .models = facts.models.list.items,
        .policies = facts.policies.list.items,
        .build_count = facts.builds.list.count,
        .model_count = facts.models.list.count,
        .policy_count = facts.policies.list.count,
        .confinement = (uint32_t)facts.confinement,
    };
    return VCH_OK;
}

static vch_rules_reader read_id;

#define AT(field) offsetof(struct vch_rules_machine, field)
static const struct vch_rules_object machine_object = {
    "hardware.machines", (const struct vch_rules_member[]){
                             {"chip_id", read_id, 0, false, VCH_SNP_REPORT_CHIP_ID_SIZE, NULL},
                             {"ppid", read_id, 0, false, 16, NULL},
                             {"piid", read_id, 0, false, 16, NULL},
                             {"ek", read_id, 0, false, VCH_DIGEST_SIZE, NULL},
                             {"ak", read_id, 0, false, VCH_TPM_PUBLIC_NAME_SIZE, NULL},
                             {"operator", vch_rules_read_text, AT(operator), true, 0, NULL},
                             {"site", vch_rules_read_text, AT(site), true, 0, NULL},
                             {0}}};

#define X(name, text) text,
static const char *const ids[] = {VCH_RULES_IDS(X)};
#undef X

static vch_status read_id(const struct vch_rules_at *at, const struct vch_json_value *value,
                          void *out)
{
    struct vch_rules_machine *machine = out;

    if (machine->id != NULL)
        return vch_rules_read_expected(at, "one way to know a machine by, not two,");
    while (strcmp(ids[machine->kind], at->member->key) != 0)
        machine->kind++;
    machine->id_size = at->member->limit;
    return vch_rules_read_bytes(at, value, &machine->id);
}

struct hardware {
    uint64_t registry;
    struct vch_rules_list machines;
};
static const struct vch_rules_name registries[] = {{"required", 1}, {"none", 0}, {0}};
static const struct vch_rules_object hardware_object = {
    "hardware",
    (const struct vch_rules_member[]){
        {"registry", vch_rules_read_name, offsetof(struct hardware, registry), true, 0, registries},
        {"machines", vch_rules_read_objects, offsetof(struct hardware, machines), false,
         sizeof(struct vch_rules_machine), &machine_object},
        {0}}};

vch_status vch_rules_read_hardware(const struct vch_rules_at *at,
                                   const struct vch_json_value *value, void *out)
{
    struct vch_rules *rules = out;
    struct hardware hardware = {0};

    VCH_TRY(vch_rules_read_object(at->source, &hardware_object, value, &hardware));
    rules->needs_machine = hardware.registry != 0;
    rules->machines = hardware.machines.items;
    rules->machine_count = hardware.machines.count;
    for (size_t i = 0; i < rules->machine_count; i++)
        if (rules->machines[i].id == NULL)
            return vch_rules_read_expected(at, "machines with chip_id, ppid, piid, ek or ak");
    return VCH_OK;
}

#undef AT
#define AT(field) offsetof(struct vch_rules_freshness, field)
static const struct vch_rules_object freshness_object = {
    "freshness",
    (const struct vch_rules_member[]){
        {"nonce_s", vch_rules_read_u32, AT(nonce_s), true, NONCE_MAX_S, NULL},
        {"reattest_s", vch_rules_read_u32, AT(reattest_s), true, REATTEST_MAX_S, NULL},
        {"result_s", vch_rules_read_u32, AT(result_s), true, RESULT_MAX_S, NULL},
        {"registration_s", vch_rules_read_u32, AT(registration_s), false, REGISTRATION_MAX_S, NULL},
        {0}}};

vch_status vch_rules_read_freshness(const struct vch_rules_at *at,
                                    const struct vch_json_value *value, void *out)
{
    return vch_rules_read_object(at->source, &freshness_object, value, out);
}

#undef AT
#define AT(field) offsetof(struct vch_rules_anchors, field)
#define ROOT(line) AT(amd.roots[VCH_SNP_REPORT_##line])
static const struct vch_rules_object anchors_object = {
    "anchors", (const struct vch_rules_member[]){
                   {"amd_milan", vch_rules_read_blob, ROOT(MILAN), false, DER_MAX, NULL},
                   {"amd_genoa", vch_rules_read_blob, ROOT(GENOA), false, DER_MAX, NULL},
                   {"amd_turin", vch_rules_read_blob, ROOT(TURIN), false, DER_MAX, NULL},
                   {"intel", vch_rules_read_blob, AT(intel), false, DER_MAX, NULL},
                   {"nvidia", vch_rules_read_blob, AT(nvidia), false, DER_MAX, NULL},
                   {0}}};

vch_status vch_rules_read_anchors(const struct vch_rules_at *at, const struct vch_json_value *value,
                                  void *out)
{
    struct vch_rules_anchors *anchors = out;

    *anchors = (struct vch_rules_anchors){.are_vendors = false};
    return vch_rules_read_object(at->source, &anchors_object, value, anchors);
}
