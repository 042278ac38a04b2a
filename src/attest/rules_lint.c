#include "attest/rules_lint.h"

#include <stdarg.h>
#include <stdio.h>

#include "attest/facts.h"
#include "attest/rules_lint_parts.h"
#include "base/bytes.h"

enum {
    YEAR_S = 366 * 86400,
    DAY_S = 86400,
    HOUR_S = 3600,
    LEAST =
        VCH_FACTS_NO_DUMPS | VCH_FACTS_NO_NEW_PRIVILEGES | VCH_FACTS_LANDLOCK | VCH_FACTS_SECCOMP,
};

static void add(struct vch_rules_lint_parts *parts, bool is_error, const char *format, va_list list)
{
    struct vch_rules_lint *out = parts->out;
    bool counts = is_error && parts->rules->environment == VCH_RULES_PRODUCTION;

    out->error_count += counts;
    if (out->count == VCH_RULES_LINT_MAX) return;
    struct vch_rules_lint_finding *finding = &out->items[out->count++];
    finding->is_error = counts;
    (void)vsnprintf(finding->text, sizeof finding->text, format, list);
}

void vch_rules_lint_parts_error(struct vch_rules_lint_parts *parts, bool is_found,
                                const char *format, ...)
{
    va_list list;

    if (!is_found) return;
    va_start(list, format);
    add(parts, true, format, list);
    va_end(list);
}

void vch_rules_lint_parts_note(struct vch_rules_lint_parts *parts, bool is_found,
                               const char *format, ...)
{
    va_list list;

    if (!is_found) return;
    va_start(list, format);
    add(parts, false, format, list);
    va_end(list);
}

bool vch_rules_lint_parts_has_zero(const uint8_t *values, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (vch_is_zero(values + i * size, size)) return true;
    return false;
}

static bool is_level_used(const struct vch_rules *rules, enum vch_rules_level level)
{
    for (unsigned what = 0; what < VCH_RULES_CLASS_COUNT; what++)
        if (vch_rules_allows(rules, what, level)) return true;
    return false;
}

static bool is_level_reached(const struct vch_rules *rules, enum vch_rules_class what,
                             enum vch_rules_level level)
{
    bool kinds[VCH_BINDER_KIND_END];

    (void)vch_rules_kinds(kinds, rules, what);
    for (unsigned kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++)
        if (kinds[kind] && vch_rules_level_of(kind) == level) return true;
    return false;
}

static void check_levels(struct vch_rules_lint_parts *parts)
{
    const struct vch_rules *rules = parts->rules;
    unsigned all = 0;

    for (unsigned what = 0; what < VCH_RULES_CLASS_COUNT; what++) {
        const char *name = vch_rules_class_name(what);
        unsigned levels = rules->levels[what];
        all |= levels;
        vch_rules_lint_parts_error(
            parts, what != VCH_RULES_OPEN_WEIGHTS && (levels & ~(1u << VCH_RULES_TEE)) != 0,
            "levels: \"%s\" for less than a TEE: whoever is root there reads them; leave \"tee\" "
            "alone",
            name);
        for (unsigned level = 0; level < VCH_RULES_LEVEL_COUNT; level++)
            vch_rules_lint_parts_error(
                parts, (levels >> level & 1) != 0 && !is_level_reached(rules, what, level),
                "levels: \"%s\" for \"%s\", which no section can show: add one, or leave it out",
                name, vch_rules_level_name(level));
    }
    vch_rules_lint_parts_error(parts, all == 0, "levels: nothing is allowed to anybody");
}

static void check_times(struct vch_rules_lint_parts *parts)
{
    const struct vch_rules *rules = parts->rules;
    const struct vch_rules_freshness *freshness = &rules->freshness;

    vch_rules_lint_parts_error(parts, rules->until_s < parts->time_s, "not_after: it is over");
    vch_rules_lint_parts_error(parts, rules->until_s - parts->time_s > YEAR_S,
                               "not_after: more than a year away, in which what is known to be "
                               "broken changes; sign newer rules before");
    vch_rules_lint_parts_error(parts, freshness->nonce_s == 0,
                               "freshness: \"nonce_s\" of 0 takes no answer");
    vch_rules_lint_parts_error(parts, freshness->reattest_s == 0,
                               "freshness: \"reattest_s\" of 0 takes no connection");
    vch_rules_lint_parts_error(parts, freshness->result_s == 0,
                               "freshness: \"result_s\" of 0 takes no verdict");
    vch_rules_lint_parts_error(parts, freshness->result_s > DAY_S,
                               "freshness: a verdict of %u s: a day at most, for what it is about "
                               "may have changed",
                               freshness->result_s);
    vch_rules_lint_parts_note(parts, freshness->reattest_s > HOUR_S,
                              "freshness: %u s between verdicts on one connection",
                              freshness->reattest_s);
}

static void check_facts(struct vch_rules_lint_parts *parts)
{
    const struct vch_rules_facts *facts = &parts->rules->facts;
    bool is_measured =
        is_level_used(parts->rules, VCH_RULES_TEE) || is_level_used(parts->rules, VCH_RULES_TPM);

    vch_rules_lint_parts_error(parts, facts->is_any_build && is_measured,
                               "facts: any build: list the ones that you have built; `vouch attest "
                               "refvalues` says theirs");
    vch_rules_lint_parts_note(parts, facts->is_any_build && !is_measured,
                              "facts: any build: a node may run any program");
    vch_rules_lint_parts_error(parts,
                               vch_rules_lint_parts_has_zero((const uint8_t *)facts->builds,
                                                             facts->build_count, VCH_DIGEST_SIZE),
                               "facts: a build of zeroes");
    vch_rules_lint_parts_error(parts, !facts->is_any_build && facts->build_count == 0,
                               "facts: no build is allowed, and so no node");
    vch_rules_lint_parts_error(parts, !facts->is_any_model && facts->model_count == 0,
                               "facts: no model is allowed, not even none (zeroes), and so no "
                               "node");
    vch_rules_lint_parts_error(parts, !facts->is_any_policy && facts->policy_count == 0,
                               "facts: no policy is allowed, not even none (zeroes), and so no "
                               "node");
    vch_rules_lint_parts_note(parts, (facts->confinement & LEAST) != LEAST,
                              "facts: \"confinement\" does not ask for no-dumps, "
                              "no-new-privileges, landlock and seccomp");
}

// Of two lines for one machine the first counts, which nobody would see.
static bool is_listed_before(const struct vch_rules *rules, size_t index)
{
    const struct vch_rules_machine *machine = &rules->machines[index];

    return vch_rules_machine(rules, machine->kind, machine->id, machine->id_size) != machine;
}

static void check_machines(struct vch_rules_lint_parts *parts)
{
    const struct vch_rules *rules = parts->rules;

    vch_rules_lint_parts_error(parts, rules->needs_machine && rules->machine_count == 0,
                               "hardware: only listed machines, and none is listed");
    for (size_t i = 0; i < rules->machine_count; i++)
        vch_rules_lint_parts_error(parts, is_listed_before(rules, i),
                                   "hardware: machine %zu, of %.60s, is listed before", i + 1,
                                   rules->machines[i].operator);
    vch_rules_lint_parts_note(parts, !rules->needs_machine && is_level_used(rules, VCH_RULES_TEE),
                              "hardware: nobody vouches for machines: whoever has one opened reads "
                              "it, and evidence does not show it");
    vch_rules_lint_parts_note(parts, rules->gpu.takes_unjudged_firmware,
                              "gpu: nobody compares what a GPU's firmware measured");
    vch_rules_lint_parts_note(parts, rules->gpu.is_required && !rules->gpu.takes_unjudged_firmware,
                              "gpu: required, and none is taken, for nobody compares what its "
                              "firmware measured");
    vch_rules_lint_parts_note(parts, !rules->anchors.are_vendors,
                              "anchors: these are no vendor's; verdicts show nothing of hardware");
}

void vch_rules_lint(struct vch_rules_lint *out, const struct vch_rules *rules, int64_t time_s)
{
    struct vch_rules_lint_parts parts = {rules, time_s, out};

    *out = (struct vch_rules_lint){0};
    check_times(&parts);
    check_levels(&parts);
    check_facts(&parts);
    if (rules->has_snp) vch_rules_lint_parts_snp(&parts);
    if (rules->has_tdx || rules->has_sgx) vch_rules_lint_parts_dcap(&parts);
    if (rules->has_tpm) vch_rules_lint_parts_tpm(&parts);
    check_machines(&parts);
}
