// The section "tpm".
#include <stdio.h>
#include <string.h>

#include "attest/rules_parts.h"

enum {
    DER_MAX = 4096,
    PCR_MAX = VCH_TPM_QUOTE_PCRS - 1,
};

struct key {
    const uint8_t *name;
    uint64_t place;
};
struct event {
    uint32_t pcr, type;
    const uint8_t *digest;
};
struct log {
    uint32_t pcrs;
    struct vch_rules_list events;
};
struct section {
    uint64_t aks, places;
    struct vch_rules_list keys, makers;
    struct vch_rules_list pcrs; // of struct vch_tpm_quote_pcr_rule
    bool has_log;
    struct log log;
};

#define X(name, text) {text, 1u << VCH_RULES_TPM_##name},
static const struct vch_rules_name places[] = {VCH_RULES_TPMS(X){0}};
#undef X
#define X(name, text) {text, VCH_RULES_TPM_##name},
static const struct vch_rules_name place_numbers[] = {VCH_RULES_TPMS(X){0}};
#undef X
static const struct vch_rules_name aks[] = {
    {"enrolled", VCH_RULES_AK_ENROLLED},
    {"in-tee", VCH_RULES_AK_IN_TEE},
    {0},
};

static vch_rules_reader read_pcrs, read_log;

static const struct vch_rules_object key_object = {
    "tpm.keys",
    (const struct vch_rules_member[]){
        {"name", vch_rules_read_bytes, offsetof(struct key, name), true, VCH_TPM_PUBLIC_NAME_SIZE,
         NULL},
        {"place", vch_rules_read_name, offsetof(struct key, place), true, 0, place_numbers},
        {0}}};

static const struct vch_rules_object event_object = {
    "tpm.log.events",
    (const struct vch_rules_member[]){
        {"pcr", vch_rules_read_u32, offsetof(struct event, pcr), true, PCR_MAX, NULL},
        {"type", vch_rules_read_u32, offsetof(struct event, type), true, UINT32_MAX, NULL},
        {"digest", vch_rules_read_bytes, offsetof(struct event, digest), true, VCH_DIGEST_SIZE,
         NULL},
        {0}}};

static const struct vch_rules_object log_object = {
    "tpm.log", (const struct vch_rules_member[]){
                   {"pcrs", vch_rules_read_bits, offsetof(struct log, pcrs), true, PCR_MAX, NULL},
                   {"events", vch_rules_read_objects, offsetof(struct log, events), true,
                    sizeof(struct event), &event_object},
                   {0}}};

static const struct vch_rules_object tpm_object = {
    "tpm",
    (const struct vch_rules_member[]){
        {"aks", vch_rules_read_names, offsetof(struct section, aks), false, 0, aks},
        {"places", vch_rules_read_names, offsetof(struct section, places), false, 0, places},
        {"keys", vch_rules_read_objects, offsetof(struct section, keys), false, sizeof(struct key),
         &key_object},
        {"makers", vch_rules_read_blobs, offsetof(struct section, makers), false, DER_MAX, NULL},
        {"pcrs", read_pcrs, offsetof(struct section, pcrs), false, VCH_DIGEST_SIZE, NULL},
        {"log", read_log, 0, true, 0, NULL},
        {0}}};

// The key of a member, as the number of a PCR in its one form.
static bool read_pcr(uint32_t *out, const struct vch_json_value *value)
{
    char text[8];

    for (*out = 0; *out <= PCR_MAX; (*out)++) {
        int size = snprintf(text, sizeof text, "%u", *out);
        if ((size_t)size == value->key_size && memcmp(text, value->key, value->key_size) == 0)
            return true;
    }
    return false;
}

// {"4": ["..."], ...}: every value that a register may have.
static vch_status read_pcrs(const struct vch_rules_at *at, const struct vch_json_value *value,
                            void *out)
{
    struct vch_rules_list *list = out, values;

    if (!vch_json_is(value, VCH_JSON_OBJECT))
        return vch_rules_read_expected(at, "an object of PCRs");
    struct vch_tpm_quote_pcr_rule *rules = vch_rules_read_room(at, value->count, sizeof *rules);
    if (rules == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside)) {
        if (!read_pcr(&rules[i].pcr, inside))
            return vch_rules_read_expected(at, "PCRs \"0\" to \"23\"");
        VCH_TRY(vch_rules_read_values(at, inside, &values));
        rules[i].allowed = values.items; // a digest is its bytes
        rules[i].count = (uint32_t)values.count;
    }
    *list = (struct vch_rules_list){rules, value->count};
    return VCH_OK;
}

static vch_status read_log(const struct vch_rules_at *at, const struct vch_json_value *value,
                           void *out)
{
    struct section *section = out;

    if (vch_json_is_string(value, "none")) return VCH_OK;
    section->has_log = true;
    return vch_rules_read_object(at->source, &log_object, value, &section->log);
}

static vch_status take_keys(const struct vch_rules_at *at, struct vch_rules_tpm *out,
                            const struct vch_rules_list *list)
{
    const struct key *found = list->items;
    struct vch_rules_tpm_key *keys = vch_rules_read_room(at, list->count, sizeof *keys);

    if (keys == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < list->count; i++) {
        memcpy(keys[i].name, found[i].name, sizeof keys[i].name);
        keys[i].place = (enum vch_rules_tpm_place)found[i].place;
    }
    out->keys = keys;
    out->key_count = list->count;
    return VCH_OK;
}

static vch_status take_log(const struct vch_rules_at *at, struct vch_rules_tpm *out,
                           const struct log *log)
{
    const struct event *found = log->events.items;
    struct vch_eventlog_rule *events = vch_rules_read_room(at, log->events.count, sizeof *events);

    if (events == NULL) return VCH_FAIL(NO_MEMORY);
    if (log->events.count > VCH_EVENTLOG_RULES_MAX)
        return vch_rules_read_expected(at, "at most 64 events");
    for (size_t i = 0; i < log->events.count; i++) {
        events[i] = (struct vch_eventlog_rule){.pcr = found[i].pcr, .type = found[i].type};
        memcpy(events[i].digest.bytes, found[i].digest, VCH_DIGEST_SIZE);
        if ((log->pcrs >> found[i].pcr & 1) == 0)
            return vch_rules_read_expected(at, "events only of PCRs that the log has to explain");
    }
    if (log->pcrs == 0 || (log->pcrs & ~out->pcrs) != 0)
        return vch_rules_read_expected(at, "\"none\", or one or more PCRs of \"pcrs\"");
    out->needs_log = true;
    out->log_pcrs = log->pcrs;
    out->events = events;
    out->event_count = (uint32_t)log->events.count;
    return VCH_OK;
}

vch_status vch_rules_read_tpm(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    struct vch_rules *rules = out;
    struct section section = {0};

    VCH_TRY(vch_rules_read_object(at->source, &tpm_object, value, &section));
    rules->has_tpm = true;
    rules->tpm = (struct vch_rules_tpm){
        .aks = (unsigned)section.aks,
        .places = (unsigned)section.places,
        .makers = section.makers.items,
        .maker_count = section.makers.count,
        .pcr_rules = section.pcrs.items,
        .pcr_rule_count = (uint32_t)section.pcrs.count,
    };
    for (uint32_t i = 0; i < rules->tpm.pcr_rule_count; i++)
        rules->tpm.pcrs |= 1u << rules->tpm.pcr_rules[i].pcr;
    VCH_TRY(take_keys(at, &rules->tpm, &section.keys));
    return section.has_log ? take_log(at, &rules->tpm, &section.log) : VCH_OK;
}
