// What the attested end says of itself, and whose machine it is.
#include <string.h>

#include "attest/result_parts.h"
#include "base/bytes.h"

static bool is_among(const struct vch_digest *found, const struct vch_digest *allowed, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (vch_hash_is_equal(found, &allowed[i])) return true;
    return false;
}

static void judge_digest(struct vch_result_parts *parts, const char *name, bool is_any,
                         const struct vch_digest *allowed, size_t count,
                         const struct vch_digest *found)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, found->bytes, VCH_DIGEST_SIZE);
    vch_appraisal_check(parts->appraisal, name, is_any || is_among(found, allowed, count),
                        "expected one of %zu values, found %s", count, hex);
}

// The first fence that is missing, in words.
static const char *missing_fence(uint32_t missing)
{
    const char *text = vch_facts_text(missing & (~missing + 1));

    return text != NULL ? text : "";
}

void vch_result_parts_statement(struct vch_result_parts *parts)
{
    const struct vch_exchange_response *response = parts->response;
    const struct vch_rules_facts *rules = &parts->rules->facts;
    struct vch_facts *facts = &parts->result->facts;
    struct vch_complaint why = {0};

    bool is_read =
        vch_is_ok(vch_facts_decode(facts, response->statement, response->statement_size, &why));
    if (!vch_appraisal_check(parts->appraisal, "result.statement", is_read, "%s", why.text)) return;
    judge_digest(parts, "result.build", rules->is_any_build, rules->builds, rules->build_count,
                 &facts->build);
    judge_digest(parts, "result.model", rules->is_any_model, rules->models, rules->model_count,
                 &facts->model);
    judge_digest(parts, "result.enforces", rules->is_any_policy, rules->policies,
                 rules->policy_count, &facts->policy);
    uint32_t missing = rules->confinement & ~facts->confinement;
    vch_appraisal_check(parts->appraisal, "result.confinement", missing == 0,
                        "the policy asks for %s, which the node's kernel does not give it "
                        "(missing: 0x%x)",
                        missing_fence(missing), missing);
}

static void set_machine(struct vch_result *result, enum vch_rules_id kind, const void *id,
                        size_t size)
{
    if (size > sizeof result->hardware) return;
    result->hardware_kind = kind;
    result->hardware_size = size;
    memcpy(result->hardware, id, size);
}

static void copy_text(char out[VCH_RULES_TEXT_MAX + 1], const char *text)
{
    size_t size = strnlen(text, VCH_RULES_TEXT_MAX);

    memcpy(out, text, size);
    out[size] = '\0';
}

void vch_result_parts_machine(struct vch_result_parts *parts, enum vch_rules_id kind,
                              const void *id, size_t size)
{
    struct vch_result *result = parts->result;
    const struct vch_rules_machine *machine = vch_rules_machine(parts->rules, kind, id, size);

    if (machine == NULL && result->hardware_size == 0) set_machine(result, kind, id, size);
    if (machine == NULL || result->operator_name[0] != '\0') return;
    set_machine(result, kind, id, size);
    copy_text(result->operator_name, machine->operator);
    copy_text(result->site, machine->site);
}

// Whoever sits on a machine's memory bus can have genuine keys sign anything, so whose it is counts
// as much as what it says.
void vch_result_parts_registry(struct vch_result_parts *parts)
{
    const struct vch_result *result = parts->result;
    bool is_listed = result->operator_name[0] != '\0';
    char id[2 * VCH_RESULT_HARDWARE_MAX + 1] = "none";
    bool is_asked = parts->rules->needs_machine && result->level != VCH_RULES_SANDBOX;

    if (!is_asked && !is_listed) {
        vch_appraisal_add(parts->appraisal, "result.machine", VCH_APPRAISAL_NOT_APPLICABLE, "%s",
                          result->level == VCH_RULES_SANDBOX
                              ? "a statement names no machine"
                              : "the policy asks for no listed machine");
        return;
    }
    if (result->hardware_size > 0) vch_hex_encode(id, result->hardware, result->hardware_size);
    vch_appraisal_check(parts->appraisal, "result.machine", is_listed,
                        "the policy lists no such machine: %.100s", id);
}
