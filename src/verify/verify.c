#include "vouch/verify.h"

#include <stdio.h>
#include <string.h>

#include "annex/annex.h"
#include "annex/answer_verify.h"
#include "base/bytes.h"
#include "model/manifest.h"
#include "model/package.h"
#include "proof/oracle.h"
#include "proof/statement.h"

_Static_assert((int)VOUCH_CLAIM_COUNT == (int)VCH_ANSWER_CLAIM_COUNT, "the same claims");
_Static_assert((int)VOUCH_JOB == (int)VCH_ANSWER_CLAIM_JOB, "in the same order");
_Static_assert((int)VOUCH_FALSE == (int)VCH_ANSWER_FALSE, "and the same verdicts");
_Static_assert(VOUCH_TEXT_SIZE == VCH_COMPLAINT_SIZE, "texts fit");

// Of building a statement and checking its proof, most that was seen: 110.
enum { CELL_SIZE = 256 };

struct session {
    const struct vouch_question *question;
    struct vch_arena arena;
    struct vch_graph *graph;
    struct vch_annex annex;
    struct vch_proof_file proof;
    struct vch_proof_opening opening;
    struct vch_public_key owner;
    struct vch_digest job;
    struct vch_answer_report report;
};

static int code_of(vch_status status)
{
    switch (status.code) {
    case VCH_CODE_NONE: return VOUCH_ACCEPTED;
    case VCH_CODE_UNSUPPORTED:
    case VCH_CODE_BAD_PROOF:
    case VCH_CODE_REFUSED: return VOUCH_REFUSED;
    case VCH_CODE_USAGE: return VOUCH_USAGE;
    case VCH_CODE_TRUNCATED:
    case VCH_CODE_MALFORMED:
    case VCH_CODE_LIMIT: return VOUCH_MALFORMED;
    case VCH_CODE_NO_MEMORY:
    case VCH_CODE_IO:
    case VCH_CODE_UNAVAILABLE:
    case VCH_CODE_BUSY:
    case VCH_CODE_TIMEOUT: return VOUCH_NO_MEMORY;
    }
    return VOUCH_NO_MEMORY;
}

static vch_status is_good(const struct vch_annex *annex)
{
    (void)annex;
    return VCH_OK;
}

static vch_status is_bad(const struct vch_annex *annex)
{
    (void)annex;
    return VCH_FAIL(BAD_PROOF);
}

// What the caller found the signature to be. Any other number is no finding.
static vch_status (*owner_check(int32_t signature))(const struct vch_annex *)
{
    if (signature == VOUCH_SIGNATURE_GOOD) return is_good;
    return signature == VOUCH_SIGNATURE_BAD ? is_bad : NULL;
}

static vch_status decode(struct session *s, size_t memory_size, struct vch_complaint *complaint)
{
    const struct vouch_question *q = s->question;

    if (q->manifest.bytes == NULL || q->annex.bytes == NULL || q->proof.bytes == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "a manifest, an annex and a proof are needed");
    if (vch_manifest_memory_max(q->manifest.size) > memory_size) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(
        vch_manifest_decode(&s->graph, q->manifest.bytes, q->manifest.size, &s->arena, complaint));
    VCH_TRY(vch_annex_decode(&s->annex, q->annex.bytes, q->annex.size, &s->arena, complaint));
    VCH_TRY(vch_proof_file_decode(&s->proof, q->proof.bytes, q->proof.size, complaint));
    if (q->opening.bytes == NULL) return VCH_OK;
    return vch_proof_opening_decode(&s->opening, q->opening.bytes, q->opening.size, complaint);
}

static vch_status judge(struct session *s, size_t memory_size, struct vch_complaint *complaint)
{
    const struct vouch_question *q = s->question;

    VCH_TRY(decode(s, memory_size, complaint));
    if (q->owner != NULL) memcpy(s->owner.bytes, q->owner, sizeof s->owner.bytes);
    if (q->job != NULL) memcpy(s->job.bytes, q->job, sizeof s->job.bytes);
    const struct vch_answer_input input = {
        .graph = s->graph,
        .identity = vch_package_identity(q->manifest.bytes, q->manifest.size),
        .annex = &s->annex,
        .proof = &s->proof,
        .opening = q->opening.bytes != NULL ? &s->opening : NULL,
        .job = q->job != NULL ? &s->job : NULL,
        .owner_count = q->owner != NULL ? 1 : 0,
        .owners = &s->owner,
        .verify_owner = owner_check(q->signature),
        .level = vch_cpu_level(NULL),
    };
    return vch_answer_verify(&s->report, &input, &s->arena, complaint);
}

static void copy_findings(struct vouch_result *result, const struct vch_answer_report *report)
{
    for (int i = 0; i < VOUCH_CLAIM_COUNT; i++) {
        result->findings[i].verdict = (int32_t)report->findings[i].verdict;
        memcpy(result->findings[i].reason, report->findings[i].reason, VOUCH_TEXT_SIZE);
    }
}

// A statement's cells follow from what a proof shows of each row, 150 symbols of 8 bytes, beside
// what depends on their number alone. Those of the annex's own statements are twice its rows and a
// few; it has no more rows than it can have shown.
static uint64_t cells_of(const struct vouch_question *question)
{
    const uint64_t row = (uint64_t)8 * VCH_ORACLE_POSITIONS;
    const uint8_t *head = question->annex.bytes;

    if (head == NULL || question->annex.size < 64) return 0;
    const uint32_t c = vch_get_u32le(head + 12), stated = vch_get_u32le(head + 16);
    if (c < VCH_STATEMENT_LOG_COLUMNS_MIN || c > VCH_STATEMENT_LOG_COLUMNS_MAX) return 0;
    const uint64_t most = question->annex.size / row, rows = stated < most ? stated : most;
    const uint64_t other = 4 * (uint64_t)vch_oracle_opening_size(c, 0) + ((uint64_t)32 << c);
    const uint64_t size = question->proof.size > other ? question->proof.size - other : 0;
    const uint64_t run = size / row, own = 3 * rows + 8;
    return ((run > own ? run : own) + 1) << c;
}

size_t vouch_verify_memory(const struct vouch_question *question)
{
    const uint64_t cells = cells_of(question);
    const uint64_t size = vch_manifest_memory_max(question->manifest.size) + 65536 +
                          2 * (uint64_t)question->annex.size + CELL_SIZE * cells;

    return size > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)size;
}

int vouch_verify_proof(struct vouch_result *result, const struct vouch_question *question,
                       void *memory, size_t memory_size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_arena arena;
    struct session *s = NULL;

    *result = (struct vouch_result){.code = VOUCH_NO_MEMORY, .text = "not enough memory"};
    if (!vch_arena_within(&arena, memory, memory_size)) return result->code;
    s = VCH_ARENA_NEW(&arena, struct session, 1);
    if (s == NULL) return result->code;
    s->question = question;
    s->arena = arena;
    vch_status status = judge(s, memory_size, &complaint);
    result->code = code_of(status);
    memcpy(result->text, complaint.text, sizeof result->text);
    if (status.code == VCH_CODE_NONE || status.code == VCH_CODE_BAD_PROOF)
        copy_findings(result, &s->report);
    else if (result->text[0] == '\0')
        (void)snprintf(result->text, sizeof result->text, "%s", vch_code_text(status.code));
    vch_arena_leave(&arena);
    return result->code;
}

int vouch_verify_signed(struct vouch_signed *out, const void *annex, size_t size, void *memory,
                        size_t memory_size)
{
    struct vch_annex decoded;
    struct vch_arena arena;

    memset(out, 0, sizeof *out);
    if (!vch_arena_within(&arena, memory, memory_size)) return VOUCH_NO_MEMORY;
    vch_status status = vch_annex_decode(&decoded, annex, size, &arena, NULL);
    if (vch_is_ok(status)) {
        memcpy(out->owner, decoded.owner.bytes, sizeof out->owner);
        memcpy(out->message, decoded.signed_digest.bytes, sizeof out->message);
        memcpy(out->signature, decoded.signature.bytes, sizeof out->signature);
    }
    vch_arena_leave(&arena);
    return code_of(status);
}
