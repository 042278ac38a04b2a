#include "evidence/eventlog.h"

#include <string.h>

#include "base/bytes.h"
#include "evidence/tpm_wire.h"

// TCG PC Client Platform Firmware Profile, section 10.
#define EV_NO_ACTION 0x3u
#define EV_SEPARATOR 0x4u
#define EV_S_CRTM_VERSION 0x8u
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u
#define EV_EFI_GPT_EVENT 0x80000006u
#define EV_EFI_ACTION 0x80000007u
#define EV_EFI_VARIABLE_AUTHORITY 0x800000e0u
enum { SHA1_SIZE = 20, DIGEST_MAX = 64, NAME_SIZE = 16, LAUNCH_PCR = 17, LAUNCH_PCRS = 6 };

static const uint8_t spec_name[NAME_SIZE] = "Spec ID Event03";
static const uint8_t locality_name[NAME_SIZE] = "StartupLocality";

// TCG_EfiSpecIDEvent
static vch_status read_spec(struct vch_eventlog *out, const uint8_t *bytes, uint32_t size)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    const uint8_t *head, *vendor;
    uint8_t vendor_size;
    uint32_t count;
    bool has_sha256 = false;

    VCH_TRY(vch_reader_bytes(&reader, NAME_SIZE + 8, &head));
    if (memcmp(head, spec_name, NAME_SIZE) != 0) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_reader_u32le(&reader, &count));
    if (count == 0 || count > VCH_EVENTLOG_ALGORITHMS_MAX) return VCH_FAIL(LIMIT);
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(vch_reader_u16le(&reader, &out->algorithms[i].id));
        VCH_TRY(vch_reader_u16le(&reader, &out->algorithms[i].size));
        bool is_sha256 = out->algorithms[i].id == VCH_TPM_WIRE_SHA256;
        if (out->algorithms[i].size > DIGEST_MAX || (is_sha256 && has_sha256) ||
            (is_sha256 && out->algorithms[i].size != VCH_DIGEST_SIZE))
            return VCH_FAIL(MALFORMED);
        has_sha256 |= is_sha256;
    }
    VCH_TRY(vch_tpm_wire_u8(&reader, &vendor_size));
    VCH_TRY(vch_reader_bytes(&reader, vendor_size, &vendor));
    if (reader.offset != size) return VCH_FAIL(MALFORMED);
    out->algorithm_count = count;
    return has_sha256 ? VCH_OK : VCH_FAIL(UNSUPPORTED);
}

// The first event has the older form, with a SHA-1 digest of zeroes.
static vch_status read_head(struct vch_eventlog *out)
{
    const uint8_t *digest, *data;
    uint32_t pcr, type, size;

    VCH_TRY(vch_reader_u32le(&out->reader, &pcr));
    VCH_TRY(vch_reader_u32le(&out->reader, &type));
    VCH_TRY(vch_reader_bytes(&out->reader, SHA1_SIZE, &digest));
    VCH_TRY(vch_reader_u32le(&out->reader, &size));
    if (type != EV_NO_ACTION) return VCH_FAIL(UNSUPPORTED);
    if (pcr != 0 || !vch_is_zero(digest, SHA1_SIZE)) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_reader_bytes(&out->reader, size, &data));
    return read_spec(out, data, size);
}

vch_status vch_eventlog_open(struct vch_eventlog *out, const uint8_t *bytes, size_t size,
                             struct vch_complaint *complaint)
{
    *out = (struct vch_eventlog){.reader = {.bytes = bytes, .size = size}};
    if (size > VCH_EVENTLOG_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected a boot log of at most %u bytes, found %zu",
                            VCH_EVENTLOG_SIZE_MAX, size);
    vch_status status = read_head(out);
    if (status.code == VCH_CODE_UNSUPPORTED)
        return vch_complain(complaint, status.code,
                            "expected a boot log with SHA-256 (it starts with a Spec ID Event03), "
                            "found one without; have the firmware log crypto-agile events");
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "expected the Spec ID Event03 of a boot log, found something else at "
                            "byte %zu of %zu",
                            out->reader.offset, size);
    return VCH_OK;
}

// TPML_DIGEST_VALUES: one digest of each algorithm of the head, in any order.
static vch_status read_digests(struct vch_eventlog *log, struct vch_digest *out)
{
    uint32_t count, seen = 0;

    VCH_TRY(vch_reader_u32le(&log->reader, &count));
    if (count != log->algorithm_count) return VCH_FAIL(MALFORMED);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *digest;
        uint16_t id;
        uint32_t k = 0;

        VCH_TRY(vch_reader_u16le(&log->reader, &id));
        while (k < count && (log->algorithms[k].id != id || (seen >> k & 1) != 0))
            k++;
        if (k == count) return VCH_FAIL(MALFORMED);
        seen |= 1u << k;
        VCH_TRY(vch_reader_bytes(&log->reader, log->algorithms[k].size, &digest));
        if (id == VCH_TPM_WIRE_SHA256) memcpy(out->bytes, digest, sizeof out->bytes);
    }
    return VCH_OK;
}

static vch_status read_event(struct vch_eventlog *log, struct vch_eventlog_event *out)
{
    VCH_TRY(vch_reader_u32le(&log->reader, &out->pcr));
    VCH_TRY(vch_reader_u32le(&log->reader, &out->type));
    VCH_TRY(read_digests(log, &out->digest));
    VCH_TRY(vch_reader_u32le(&log->reader, &out->size));
    VCH_TRY(vch_reader_bytes(&log->reader, out->size, &out->data));
    out->is_extended = out->type != EV_NO_ACTION;
    // Firmware logs some notices under a PCR number that no TPM has.
    if (out->is_extended && out->pcr >= VCH_EVENTLOG_PCRS) return VCH_FAIL(MALFORMED);
    struct vch_digest digest = vch_hash_bytes(out->data, out->size);
    out->is_bound = out->is_extended && vch_hash_is_equal(&digest, &out->digest);
    return VCH_OK;
}

vch_status vch_eventlog_next(struct vch_eventlog *log, struct vch_eventlog_event *out, bool *is_end,
                             struct vch_complaint *complaint)
{
    size_t start = log->reader.offset;

    *out = (struct vch_eventlog_event){0};
    *is_end = start == log->reader.size;
    if (*is_end) return VCH_OK;
    vch_status status = read_event(log, out);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "expected an event at byte %zu of %zu of the boot log, found "
                            "something else",
                            start, log->reader.size);
    return VCH_OK;
}

static void extend(struct vch_digest *pcr, const struct vch_digest *digest)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, pcr->bytes, sizeof pcr->bytes);
    vch_hash_update(&hash, digest->bytes, sizeof digest->bytes);
    *pcr = vch_hash_final(&hash);
}

// PCR 0 starts as the locality that the TPM was started from, which only a notice tells; it has to
// come before anything that it would change.
static vch_status run_notice(struct vch_eventlog_replay *out,
                             const struct vch_eventlog_event *event)
{
    bool is_locality =
        event->size == NAME_SIZE + 1 && memcmp(event->data, locality_name, NAME_SIZE) == 0;

    if (!is_locality) return VCH_OK;
    uint8_t locality = event->data[NAME_SIZE];
    bool is_first = (out->touched & 1) == 0 && out->pcrs[0].bytes[VCH_DIGEST_SIZE - 1] == 0;
    if (!is_first || (locality != 0 && locality != 3 && locality != 4)) return VCH_FAIL(MALFORMED);
    out->pcrs[0].bytes[VCH_DIGEST_SIZE - 1] = locality;
    return VCH_OK;
}

static vch_status run_event(struct vch_eventlog_replay *out, const struct vch_eventlog_event *event)
{
    if (!event->is_extended) return run_notice(out, event);
    extend(&out->pcrs[event->pcr], &event->digest);
    out->touched |= 1u << event->pcr;
    return VCH_OK;
}

// What PCRs hold before anything is extended: zeroes, and ones in those of a dynamic launch.
static void start(struct vch_eventlog_replay *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = LAUNCH_PCR; i < LAUNCH_PCR + LAUNCH_PCRS; i++)
        memset(out->pcrs[i].bytes, 0xff, sizeof out->pcrs[i].bytes);
}

// Some types say that their digest is of their data. Elsewhere data is a hint at what was hashed.
static bool must_be_bound(uint32_t type)
{
    static const uint32_t types[] = {
        EV_SEPARATOR,     EV_S_CRTM_VERSION, EV_EFI_VARIABLE_DRIVER_CONFIG,
        EV_EFI_GPT_EVENT, EV_EFI_ACTION,     EV_EFI_VARIABLE_AUTHORITY};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i] == type) return true;
    return false;
}

struct walk {
    struct vch_eventlog_replay replay;
    const struct vch_eventlog_rule *rules;
    uint32_t rule_count;
    uint32_t mask;  // the PCRs that a quote covers
    uint64_t found; // bit i: rule i has its event
    uint32_t events;
    uint32_t unbound; // the first event whose data is not what its digest is of; 0: none
};

static void look(struct walk *walk, const struct vch_eventlog_event *event)
{
    walk->events++;
    if (walk->unbound == 0 && must_be_bound(event->type) && !event->is_bound)
        walk->unbound = walk->events;
    if (!event->is_extended || (walk->mask >> event->pcr & 1) == 0) return;
    for (uint32_t i = 0; i < walk->rule_count; i++)
        if (walk->rules[i].pcr == event->pcr && walk->rules[i].type == event->type &&
            vch_hash_is_equal(&walk->rules[i].digest, &event->digest))
            walk->found |= UINT64_C(1) << i;
}

static vch_status run(struct walk *walk, const uint8_t *bytes, size_t size,
                      struct vch_complaint *complaint)
{
    struct vch_eventlog log;
    struct vch_eventlog_event event;
    bool is_end;

    start(&walk->replay);
    VCH_TRY(vch_eventlog_open(&log, bytes, size, complaint));
    for (;;) {
        VCH_TRY(vch_eventlog_next(&log, &event, &is_end, complaint));
        if (is_end) return VCH_OK;
        if (!vch_is_ok(run_event(&walk->replay, &event)))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "expected one notice of the startup locality, 0, 3 or 4, before "
                                "PCR 0 is extended; found another before byte %zu",
                                log.reader.offset);
        look(walk, &event);
    }
}

vch_status vch_eventlog_run(struct vch_eventlog_replay *out, const uint8_t *bytes, size_t size,
                            struct vch_complaint *complaint)
{
    struct walk walk = {0};

    VCH_TRY(run(&walk, bytes, size, complaint));
    *out = walk.replay;
    return VCH_OK;
}

static void appraise_replay(struct vch_appraisal *appraisal,
                            const struct vch_eventlog_replay *replay, const struct vch_digest *pcrs,
                            uint32_t mask)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < VCH_EVENTLOG_PCRS; i++)
        if ((mask >> i & 1) != 0 && !vch_hash_is_equal(&replay->pcrs[i], &pcrs[i]))
            wrong |= 1u << i;
    vch_appraisal_check(appraisal, "eventlog.replay", mask != 0 && wrong == 0,
                        "the log does not come to the quoted values of the PCRs 0x%06x (of "
                        "0x%06x): events are missing, added, altered or moved",
                        wrong, mask);
}

static void appraise_required(struct vch_appraisal *appraisal, const struct walk *walk)
{
    for (uint32_t i = 0; i < walk->rule_count; i++) {
        if ((walk->found >> i & 1) != 0) continue;
        vch_appraisal_add(appraisal, "eventlog.required", VCH_APPRAISAL_FAILED,
                          "expected an event that the policy requires (rule %u: PCR %u, type "
                          "0x%x), found none under a quoted PCR",
                          i, walk->rules[i].pcr, walk->rules[i].type);
        return;
    }
    bool has_rules = walk->rule_count > 0;
    vch_appraisal_add(appraisal, "eventlog.required",
                      has_rules ? VCH_APPRAISAL_PASSED : VCH_APPRAISAL_NOT_APPLICABLE, "%s",
                      has_rules ? "" : "the policy requires no events");
}

vch_status vch_eventlog_verify(struct vch_appraisal *appraisal, const uint8_t *bytes, size_t size,
                               const struct vch_digest *pcrs, uint32_t mask,
                               const struct vch_eventlog_rule *rules, uint32_t rule_count,
                               struct vch_complaint *complaint)
{
    struct walk walk = {.rules = rules, .rule_count = rule_count, .mask = mask};

    if (rule_count > VCH_EVENTLOG_RULES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected at most %d events that have to be there, found %u",
                            VCH_EVENTLOG_RULES_MAX, rule_count);
    VCH_TRY(run(&walk, bytes, size, complaint));
    appraise_replay(appraisal, &walk.replay, pcrs, mask);
    vch_appraisal_check(appraisal, "eventlog.bound", walk.unbound == 0,
                        "event %u: its digest should be the hash of its data and is not",
                        walk.unbound);
    appraise_required(appraisal, &walk);
    return vch_appraisal_status(appraisal);
}
