#include "annex/answer_verify.h"

#include <stdarg.h>
#include <stdio.h>

#include "annex/annex_verify.h"
#include "annex/answer_boundary.h"
#include "base/bytes.h"
#include "circuit/circuit.h"
#include "proof/proof_verify.h"

enum { HEX_SIZE = 2 * VCH_DIGEST_SIZE + 1 };

// What one verification knows so far.
struct judge {
    const struct vch_answer_input *input;
    const struct vch_proof_file *proof;
    struct vch_answer_report *report;
    struct vch_arena *arena;
    struct vch_circuit_ends ends;
    uint32_t links; // of the annex that the proof was made under
};

const char *vch_answer_verify_claim(enum vch_answer_claim claim)
{
    static const char *const names[] = {
#define X(name, text, meaning) text,
        VCH_ANSWER_CLAIMS(X)
#undef X
    };
    return names[claim];
}

const char *vch_answer_verify_verdict(enum vch_answer_verdict verdict)
{
    static const char *const texts[] = {"not shown", "shown", "FALSE"};
    return texts[verdict];
}

__attribute__((format(printf, 4, 5))) static void judge_as(const struct judge *judge,
                                                           enum vch_answer_claim claim,
                                                           enum vch_answer_verdict verdict,
                                                           const char *format, ...)
{
    struct vch_answer_finding *finding = &judge->report->findings[claim];
    va_list args;

    va_start(args, format);
    finding->verdict = verdict;
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): version 14 forgets va_start
    (void)vsnprintf(finding->reason, sizeof finding->reason, format, args);
    va_end(args);
}

static bool is_shown(const struct judge *judge, enum vch_answer_claim claim)
{
    return judge->report->findings[claim].verdict == VCH_ANSWER_SHOWN;
}

static void judge_model(const struct judge *judge)
{
    char hex[HEX_SIZE];

    vch_hex_encode(hex, judge->proof->model.bytes, VCH_DIGEST_SIZE);
    if (vch_hash_is_equal(&judge->proof->model, &judge->input->identity))
        judge_as(judge, VCH_ANSWER_CLAIM_MODEL, VCH_ANSWER_SHOWN,
                 "it is the model that you hold, %s", hex);
    else
        judge_as(judge, VCH_ANSWER_CLAIM_MODEL, VCH_ANSWER_FALSE,
                 "it is about another model than you hold: %s", hex);
}

static bool is_owner_named(const struct vch_answer_input *input)
{
    for (uint32_t i = 0; i < input->owner_count; i++)
        if (vch_is_equal(&input->owners[i], &input->annex->owner, sizeof input->annex->owner))
            return true;
    return false;
}

static void judge_owner(const struct judge *judge)
{
    const struct vch_answer_input *input = judge->input;
    char hex[HEX_SIZE];

    vch_hex_encode(hex, input->annex->owner.bytes, VCH_SIGN_PUBLIC_SIZE);
    if (input->verify_owner == NULL)
        judge_as(judge, VCH_ANSWER_CLAIM_WEIGHTS, VCH_ANSWER_NOT_SHOWN,
                 "the signature of owner %s under the annex is not checked here", hex);
    else if (!vch_is_ok(input->verify_owner(input->annex)))
        judge_as(judge, VCH_ANSWER_CLAIM_WEIGHTS, VCH_ANSWER_FALSE,
                 "the annex is not signed by its owner %s", hex);
    else if (!is_owner_named(input))
        judge_as(judge, VCH_ANSWER_CLAIM_WEIGHTS, VCH_ANSWER_NOT_SHOWN,
                 "the annex is signed by %s, who is not the owner of the model that you hold nor "
                 "one that you named; pass --owner with that key if you know it to be right",
                 hex);
    else
        judge_as(judge, VCH_ANSWER_CLAIM_WEIGHTS, VCH_ANSWER_SHOWN,
                 "owner %s signed that the annex holds the model's weights; that they are in "
                 "range is proven%s",
                 hex, judge->links > 0 ? ", and that they stayed the same since" : "");
}

// Refusals of the annex are findings; what kept us from checking it is an error.
static vch_status judge_weights(struct judge *judge, struct vch_complaint *complaint)
{
    const struct vch_answer_input *input = judge->input;
    struct vch_complaint inner = {0};

    if (!vch_is_ok(vch_annex_find(&judge->links, input->annex, &judge->proof->annex))) {
        judge_as(judge, VCH_ANSWER_CLAIM_WEIGHTS, VCH_ANSWER_FALSE,
                 "the proof was made under another annex than you hold, or a later one");
        return VCH_OK;
    }
    vch_status status = vch_annex_verify(input->annex, judge->links, input->graph, &input->identity,
                                         input->level, judge->arena, &inner);
    if (vch_is_ok(status))
        judge_owner(judge);
    else if (status.code == VCH_CODE_BAD_PROOF)
        judge_as(judge, VCH_ANSWER_CLAIM_WEIGHTS, VCH_ANSWER_FALSE, "%s", inner.text);
    else
        return vch_complain(complaint, status.code, "%s",
                            inner.text[0] != '\0' ? inner.text : vch_code_text(status.code));
    return VCH_OK;
}

static void fill_claim(struct vch_circuit_claim *out, const struct judge *judge)
{
    const struct vch_proof_file *proof = judge->proof;

    *out = (struct vch_circuit_claim){
        .annex = proof->annex,
        .job = proof->job,
        .first = proof->first,
        .last = proof->last,
        .batch = proof->batch,
        .annex_root = *vch_annex_root(judge->input->annex, judge->links),
        .input_root = proof->input,
        .output_root = proof->output,
    };
    vch_annex_verify_model(&out->model, judge->input->annex, judge->input->graph);
}

static vch_status check_run(const struct judge *judge, struct vch_complaint *complaint)
{
    const struct vch_answer_input *input = judge->input;
    const struct vch_proof_file *proof = judge->proof;
    struct vch_circuit_claim claim;
    struct vch_circuit circuit;

    fill_claim(&claim, judge);
    VCH_TRY(vch_circuit_build(&circuit, &claim, judge->arena, complaint));
    return vch_proof_verify(&circuit.statement, proof->proof, proof->proof_size, input->level,
                            judge->arena, complaint);
}

// USAGE is what a builder calls a claim that cannot be: operators that no annex covers.
static vch_status judge_run(const struct judge *judge, struct vch_complaint *complaint)
{
    const struct vch_proof_file *proof = judge->proof;
    struct vch_arena_mark mark = vch_arena_mark(judge->arena);
    struct vch_complaint inner = {0};

    vch_status status = check_run(judge, &inner);
    vch_arena_rewind(judge->arena, mark);
    if (vch_is_ok(status))
        judge_as(judge, VCH_ANSWER_CLAIM_RUN, VCH_ANSWER_SHOWN,
                 "operators %u to %u of it, run on %u sample%s behind the input's root, give what "
                 "is behind the output's root, to the bit",
                 proof->first, proof->last - 1, proof->batch, proof->batch == 1 ? "" : "s");
    else if (status.code == VCH_CODE_BAD_PROOF || status.code == VCH_CODE_USAGE)
        judge_as(judge, VCH_ANSWER_CLAIM_RUN, VCH_ANSWER_FALSE, "the proof does not verify%s%s",
                 inner.text[0] != '\0' ? ": " : "", inner.text);
    else
        return vch_complain(complaint, status.code, "%s",
                            inner.text[0] != '\0' ? inner.text : vch_code_text(status.code));
    return VCH_OK;
}

static vch_status judge_end(const struct judge *judge, enum vch_answer_claim claim,
                            const struct vch_digest *stated,
                            const struct vch_proof_boundary *boundary, const uint32_t *values,
                            uint32_t count)
{
    const struct vch_answer_input *input = judge->input;
    const struct vch_answer_boundary shape = {
        .graph = input->graph,
        .count = count,
        .values = values,
        .batch = judge->proof->batch,
        .log_columns = input->annex->log_columns,
        .level = input->level,
    };
    const char *name = vch_answer_verify_claim(claim);
    struct vch_complaint inner = {0};
    struct vch_digest made;

    vch_status status =
        vch_answer_boundary_root(&made, &shape, boundary, judge->arena, input->workers, &inner);
    if (vch_is_ok(status) && vch_hash_is_equal(&made, stated))
        judge_as(judge, claim, VCH_ANSWER_SHOWN, "the opening's %s is what the root is of", name);
    else if (vch_is_ok(status))
        judge_as(judge, claim, VCH_ANSWER_FALSE, "the opening's %s is not what the root is of",
                 name);
    else if (status.code == VCH_CODE_MALFORMED)
        judge_as(judge, claim, VCH_ANSWER_FALSE, "%s", inner.text);
    else
        return status;
    return VCH_OK;
}

static void leave_hidden(const struct judge *judge, enum vch_answer_claim claim,
                         const struct vch_digest *root)
{
    char hex[HEX_SIZE];

    vch_hex_encode(hex, root->bytes, VCH_DIGEST_SIZE);
    judge_as(judge, claim, VCH_ANSWER_NOT_SHOWN, "hidden behind root %s; the opening shows it",
             hex);
}

static bool is_of_this_proof(const struct vch_proof_opening *opening,
                             const struct vch_proof_file *proof)
{
    return vch_hash_is_equal(&opening->model, &proof->model) && opening->first == proof->first &&
           opening->last == proof->last && opening->batch == proof->batch;
}

static vch_status judge_ends(const struct judge *judge)
{
    const struct vch_proof_opening *opening = judge->input->opening;
    const struct vch_proof_file *proof = judge->proof;
    const struct vch_circuit_ends *ends = &judge->ends;

    if (opening == NULL) {
        leave_hidden(judge, VCH_ANSWER_CLAIM_INPUT, &proof->input);
        leave_hidden(judge, VCH_ANSWER_CLAIM_OUTPUT, &proof->output);
        return VCH_OK;
    }
    if (!is_of_this_proof(opening, proof)) {
        static const char other[] = "the opening is of other operators, samples or another model";
        judge_as(judge, VCH_ANSWER_CLAIM_INPUT, VCH_ANSWER_FALSE, "%s", other);
        judge_as(judge, VCH_ANSWER_CLAIM_OUTPUT, VCH_ANSWER_FALSE, "%s", other);
        return VCH_OK;
    }
    VCH_TRY(judge_end(judge, VCH_ANSWER_CLAIM_INPUT, &proof->input, &opening->input, ends->inputs,
                      ends->input_count));
    return judge_end(judge, VCH_ANSWER_CLAIM_OUTPUT, &proof->output, &opening->output,
                     ends->outputs, ends->output_count);
}

static void judge_job(const struct judge *judge)
{
    const struct vch_digest *job = judge->input->job;
    char hex[HEX_SIZE];

    vch_hex_encode(hex, judge->proof->job.bytes, VCH_DIGEST_SIZE);
    if (job == NULL)
        judge_as(judge, VCH_ANSWER_CLAIM_JOB, VCH_ANSWER_NOT_SHOWN,
                 "made for job %s; you named none", hex);
    else if (vch_hash_is_equal(job, &judge->proof->job))
        judge_as(judge, VCH_ANSWER_CLAIM_JOB, VCH_ANSWER_SHOWN, "made for job %s", hex);
    else
        judge_as(judge, VCH_ANSWER_CLAIM_JOB, VCH_ANSWER_FALSE, "made for another job: %s", hex);
}

// What no claim can be made of, because a claim before it is false.
static void skip(const struct judge *judge, enum vch_answer_claim claim)
{
    judge_as(judge, claim, VCH_ANSWER_NOT_SHOWN, "not looked at: the above is false");
}

static vch_status judge_all(struct judge *judge, struct vch_complaint *complaint)
{
    const struct vch_answer_input *input = judge->input;
    const struct vch_proof_file *proof = judge->proof;

    judge_job(judge);
    for (enum vch_answer_claim claim = VCH_ANSWER_CLAIM_WEIGHTS; claim < VCH_ANSWER_CLAIM_JOB;
         claim++)
        skip(judge, claim);
    judge_model(judge);
    if (!is_shown(judge, VCH_ANSWER_CLAIM_MODEL)) return VCH_OK;
    VCH_TRY(judge_weights(judge, complaint));
    if (judge->report->findings[VCH_ANSWER_CLAIM_WEIGHTS].verdict == VCH_ANSWER_FALSE)
        return VCH_OK;
    if (proof->last > input->graph->operator_count ||
        !vch_is_ok(vch_circuit_ends(&judge->ends, input->graph, proof->first, proof->last,
                                    judge->arena))) {
        judge_as(judge, VCH_ANSWER_CLAIM_RUN, VCH_ANSWER_FALSE,
                 "operators %u to %u are no part that this model can be cut into", proof->first,
                 proof->last - 1);
        return VCH_OK;
    }
    VCH_TRY(judge_run(judge, complaint));
    return judge_ends(judge);
}

// Input, output and job are required of whoever gave what shows them; nothing may be false.
static bool is_accepted(const struct vch_answer_input *input,
                        const struct vch_answer_report *report)
{
    const bool is_required[VCH_ANSWER_CLAIM_COUNT] = {
        [VCH_ANSWER_CLAIM_MODEL] = true,
        [VCH_ANSWER_CLAIM_WEIGHTS] = true,
        [VCH_ANSWER_CLAIM_RUN] = true,
        [VCH_ANSWER_CLAIM_INPUT] = input->opening != NULL,
        [VCH_ANSWER_CLAIM_OUTPUT] = input->opening != NULL,
        [VCH_ANSWER_CLAIM_JOB] = input->job != NULL,
    };
    bool is_accepted = true;

    for (enum vch_answer_claim claim = 0; claim < VCH_ANSWER_CLAIM_COUNT; claim++) {
        enum vch_answer_verdict verdict = report->findings[claim].verdict;
        is_accepted = is_accepted && verdict != VCH_ANSWER_FALSE &&
                      (verdict == VCH_ANSWER_SHOWN || !is_required[claim]);
    }
    return is_accepted;
}

vch_status vch_answer_verify(struct vch_answer_report *report, const struct vch_answer_input *input,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct judge judge = {.input = input, .proof = input->proof, .report = report, .arena = arena};
    struct vch_arena_mark mark = vch_arena_mark(arena);

    *report = (struct vch_answer_report){0};
    vch_status status = judge_all(&judge, complaint);
    vch_arena_rewind(arena, mark);
    VCH_TRY(status);
    return is_accepted(input, report) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}
