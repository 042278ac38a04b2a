#include "attest/result.h"

#include <string.h>

#include "attest/result_parts.h"
#include "base/bytes.h"
#include "crypto/transcript.h"

struct vch_certificate_bytes vch_result_parts_item(const struct vch_cmw *collection,
                                                   const char *label)
{
    const struct vch_cmw_item *item = vch_cmw_find(collection, label);

    if (item == NULL) return (struct vch_certificate_bytes){NULL, 0};
    return (struct vch_certificate_bytes){item->bytes, item->size};
}

// The block is the verifier's, the response the other end's: what both speak of has to be the same.
static bool judge_block(struct vch_result_parts *parts)
{
    const struct vch_exchange_response *response = parts->response;
    const struct vch_binder *binder = &parts->binder;
    struct vch_digest facts = vch_hash_bytes(response->statement, response->statement_size);
    bool is_same = binder->kind == response->kind && vch_hash_is_equal(&binder->facts, &facts) &&
                   vch_is_equal(binder->sealing_key, response->sealing_key, VCH_DIGEST_SIZE);

    return vch_appraisal_check(parts->appraisal, "result.block", is_same,
                               "the block is of another kind of evidence, statement or sealing "
                               "key than the response");
}

static void judge_rules(struct vch_result_parts *parts)
{
    const struct vch_rules *rules = parts->rules;

    vch_appraisal_check(parts->appraisal, "result.policy",
                        vch_hash_is_equal(&parts->binder.policy, &rules->id),
                        "evidence was asked for under another policy than this one");
    vch_appraisal_check(parts->appraisal, "result.rules", parts->time_s <= rules->until_s,
                        "the policy is over since second %lld of 1970; get its next edition",
                        (long long)rules->until_s);
}

// Of a connection, the nonce's age is for whoever holds the connection to bound.
static void judge_age(struct vch_result_parts *parts)
{
    int64_t asked_s = parts->history->asked_s, age_max_s = parts->rules->freshness.registration_s;

    if (parts->binder.mode == VCH_BINDER_CHANNEL) {
        vch_appraisal_add(parts->appraisal, "result.age", VCH_APPRAISAL_NOT_APPLICABLE, "%s", "");
        return;
    }
    bool is_young = age_max_s > 0 && asked_s > 0 && asked_s <= parts->time_s &&
                    parts->time_s - asked_s <= age_max_s;
    vch_appraisal_check(parts->appraisal, "result.age", is_young,
                        "evidence without a connection, whose nonce has to be known and at most "
                        "%lld s old: collect it again under a new one",
                        (long long)age_max_s);
    vch_result_parts_until(parts, asked_s + age_max_s);
}

// Nothing shows a statement, and nothing has to: it is worth its own level, and no more.
static vch_status judge_none(struct vch_result_parts *parts)
{
    vch_appraisal_add(parts->appraisal, "result.evidence", VCH_APPRAISAL_WARNED,
                      "the node's own word about itself, which nothing shows");
    return VCH_OK;
}

static const struct {
    vch_status (*judge)(struct vch_result_parts *parts);
    const char *items[8]; // of evidence that the kind has; NULL ends them
} kinds[VCH_BINDER_KIND_END] = {
    [VCH_BINDER_SNP] = {vch_result_parts_snp, {"report"}},
    [VCH_BINDER_TDX] = {vch_result_parts_dcap, {"quote"}},
    [VCH_BINDER_SGX] = {vch_result_parts_dcap, {"quote"}},
    [VCH_BINDER_TPM] = {vch_result_parts_tpm, {"attest", "signature", "pcrs", "ak", "eventlog"}},
    [VCH_BINDER_AZURE] = {vch_result_parts_azure,
                          {"report", "quote", "runtime", "attest", "signature", "pcrs",
                           "eventlog"}},
    [VCH_BINDER_NONE] = {judge_none, {NULL}},
};

static bool is_label(const struct vch_cmw_item *item, const char *label)
{
    return strlen(label) == item->label_size && memcmp(label, item->label, item->label_size) == 0;
}

static bool is_item(enum vch_binder_kind kind, const struct vch_cmw_item *item)
{
    const char *const *labels = kinds[kind].items;

    for (size_t i = 0; i < sizeof kinds->items / sizeof *kinds->items && labels[i] != NULL; i++)
        if (is_label(item, labels[i])) return true;
    return is_label(item, "gpu-report") || is_label(item, "gpu-chain");
}

// What no check looks at is not evidence of anything, and who brings it may think that it is.
static void judge_items(struct vch_result_parts *parts)
{
    const struct vch_cmw *evidence = &parts->response->evidence;

    for (size_t i = 0; i < evidence->count; i++) {
        const struct vch_cmw_item *item = &evidence->items[i];
        if (is_item(parts->result->kind, item)) continue;
        vch_appraisal_check(parts->appraisal, "result.items", false,
                            "evidence of this kind has no item \"%.*s\"", (int)item->label_size,
                            item->label);
        return;
    }
    vch_appraisal_check(parts->appraisal, "result.items", true, "%s", "");
}

static void judge_anchors(struct vch_result_parts *parts)
{
    struct vch_result *result = parts->result;

    if (result->level != VCH_RULES_SANDBOX && !parts->rules->anchors.are_vendors)
        result->is_test = true;
    if (result->is_test)
        vch_appraisal_add(parts->appraisal, "result.anchors", VCH_APPRAISAL_WARNED,
                          "a test: roots that no vendor has, or a TPM in software");
    else
        vch_appraisal_check(parts->appraisal, "result.anchors", true, "%s", "");
}

static vch_status judge_evidence(struct vch_result_parts *parts)
{
    vch_status status = kinds[parts->result->kind].judge(parts);
    const bool is_judged = vch_is_ok(status) || status.code == VCH_CODE_REFUSED;

    if (status.code == VCH_CODE_NO_MEMORY) return status;
    // The word is made of checks, so a refusal that left none behind would be none.
    if (vch_is_ok(status) || (is_judged && !vch_is_ok(vch_appraisal_status(parts->appraisal))))
        return VCH_OK;
    vch_appraisal_check(parts->appraisal, "result.evidence", false, "%s",
                        parts->complaint->text[0] != '\0' ? parts->complaint->text
                                                          : vch_code_text(status.code));
    return is_judged ? VCH_OK : status;
}

// Of a machine that nothing shows nobody is the operator: a forged report names any.
static void set_word(struct vch_result *result)
{
    result->word = VCH_RESULT_CONTRAINDICATED;
    if (!vch_is_ok(vch_appraisal_status(&result->appraisal))) {
        result->operator_name[0] = result->site[0] = '\0';
        return;
    }
    result->word = VCH_RESULT_AFFIRMING;
    for (uint32_t i = 0; i < result->appraisal.count; i++)
        if (result->appraisal.checks[i].result == VCH_APPRAISAL_WARNED)
            result->word = VCH_RESULT_WARNING;
}

// Never of evidence itself, which has twins.
static void set_digest(struct vch_result_parts *parts)
{
    const struct vch_result *result = parts->result;
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/attest-verdict/v1");
    vch_transcript_absorb_digest(&transcript, "policy", &parts->rules->id);
    vch_transcript_absorb(&transcript, "block", parts->bytes, VCH_BINDER_SIZE);
    vch_transcript_absorb_u64(&transcript, "time", (uint64_t)parts->time_s);
    vch_transcript_absorb_u64(&transcript, "level", result->level);
    vch_transcript_absorb_u64(&transcript, "word", result->word);
    for (uint32_t i = 0; i < result->appraisal.count; i++) {
        const struct vch_appraisal_check *check = &result->appraisal.checks[i];
        vch_transcript_absorb(&transcript, "check", check->name, strlen(check->name));
        vch_transcript_absorb_u64(&transcript, "result", check->result);
    }
    parts->result->digest = vch_transcript_final(&transcript);
}

static vch_status judge(struct vch_result_parts *parts)
{
    judge_rules(parts);
    if (!judge_block(parts)) return VCH_OK;
    judge_age(parts);
    judge_items(parts);
    vch_status status = judge_evidence(parts);
    if (!vch_is_ok(status)) return status;
    vch_result_parts_statement(parts);
    vch_result_parts_gpu(parts);
    vch_result_parts_registry(parts);
    judge_anchors(parts);
    return VCH_OK;
}

static vch_status refuse(const struct vch_result *result, struct vch_complaint *complaint)
{
    const struct vch_appraisal_check *reason = vch_result_reason(result);

    if (reason == NULL) return vch_complain(complaint, VCH_CODE_REFUSED, "nothing was checked");
    return vch_complain(complaint, VCH_CODE_REFUSED, "%s: %s", reason->name, reason->text);
}

vch_status vch_result_judge(struct vch_result *out, const struct vch_exchange_response *response,
                            const uint8_t binder[static VCH_BINDER_SIZE],
                            const struct vch_rules *rules, const struct vch_result_history *history,
                            int64_t time_s, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    static const struct vch_result_history nothing;
    struct vch_complaint own = {0};
    struct vch_arena_mark mark = vch_arena_mark(arena);
    struct vch_result_parts parts = {.result = out,
                                     .appraisal = &out->appraisal,
                                     .response = response,
                                     .bytes = binder,
                                     .rules = rules,
                                     .history = history != NULL ? history : &nothing,
                                     .time_s = time_s,
                                     .arena = arena,
                                     .complaint = complaint != NULL ? complaint : &own};

    memset(out, 0, sizeof *out);
    vch_appraisal_init(&out->appraisal);
    VCH_TRY(vch_binder_decode(&parts.binder, binder, VCH_BINDER_SIZE, parts.complaint));
    out->kind = parts.binder.kind;
    out->level = vch_rules_level_of(out->kind);
    out->history = *parts.history;
    out->until_s = rules->until_s;
    vch_result_parts_until(&parts, time_s + rules->freshness.result_s);
    vch_status status = judge(&parts);
    vch_arena_rewind(arena, mark);
    if (status.code == VCH_CODE_NO_MEMORY) return status;
    set_word(out);
    set_digest(&parts);
    if (!vch_is_ok(status)) return status;
    return out->word == VCH_RESULT_CONTRAINDICATED ? refuse(out, parts.complaint) : VCH_OK;
}

vch_status vch_result_allows(const struct vch_result *result, const struct vch_rules *rules,
                             enum vch_rules_class what, int64_t time_s,
                             struct vch_complaint *complaint)
{
    if (result->word == VCH_RESULT_CONTRAINDICATED) return refuse(result, complaint);
    if (time_s > result->until_s)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the verdict is over since second %lld of 1970; attest again",
                            (long long)result->until_s);
    if (!vch_rules_allows(rules, what, result->level))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s is shown of it, and the policy gives %s to other levels only",
                            vch_rules_level_name(result->level), vch_rules_class_name(what));
    return VCH_OK;
}

struct vch_digest vch_result_machine(const struct vch_result *result)
{
    const uint8_t kind = (uint8_t)result->hardware_kind;
    struct vch_hash hash;

    if (result->hardware_size == 0) return (struct vch_digest){{0}};
    vch_hash_init(&hash);
    vch_hash_update(&hash, &kind, sizeof kind);
    vch_hash_update(&hash, result->hardware, result->hardware_size);
    return vch_hash_final(&hash);
}

const char *vch_result_word_text(enum vch_result_word word)
{
    static const char *const texts[] = {[VCH_RESULT_CONTRAINDICATED] = "contraindicated",
                                        [VCH_RESULT_WARNING] = "warning",
                                        [VCH_RESULT_AFFIRMING] = "affirming"};

    return texts[word];
}

static const struct vch_appraisal_check *first(const struct vch_appraisal *appraisal,
                                               enum vch_appraisal_result result)
{
    for (uint32_t i = 0; i < appraisal->count; i++)
        if (appraisal->checks[i].result == result) return &appraisal->checks[i];
    return NULL;
}

const struct vch_appraisal_check *vch_result_reason(const struct vch_result *result)
{
    const struct vch_appraisal_check *failed = first(&result->appraisal, VCH_APPRAISAL_FAILED);

    return failed != NULL ? failed : first(&result->appraisal, VCH_APPRAISAL_WARNED);
}
