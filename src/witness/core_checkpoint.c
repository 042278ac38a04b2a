#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "crypto/merkle.h"
#include "tlog/consistency.h"
#include "tlog/cosignature.h"
#include "tlog/inclusion.h"
#include "tlog/refusal.h"
#include "witness/core.h"
#include "witness/core_parts.h"

struct asked {
    struct vch_submission request;
    const struct vch_core *core;
    const struct vch_core_log *log;
    uint64_t now_ms;
    struct vch_core_reply *reply;
    struct vch_core_change *change;
};

// Each check answers by itself when it fails.
typedef bool check(struct asked *asked);

static bool say(struct asked *asked, int code, const char *text)
{
    vch_core_parts_reply(asked->reply, code, "%s\n", text);
    return false;
}

static bool check_log(struct asked *asked)
{
    const char *origin = asked->request.checkpoint.origin;

    asked->log = vch_core_parts_log(asked->core, origin, strlen(origin));
    if (asked->log == NULL) return say(asked, 404, "this witness was not told of this log");
    asked->reply->promise_count = asked->log->promise_count;
    return true;
}

static bool check_signature(struct asked *asked)
{
    if (vch_is_ok(vch_note_verify(&asked->request.note, &asked->log->vkey))) return true;
    return say(asked, 403, "the checkpoint is not signed by the log's key");
}

static bool check_old_size(struct asked *asked)
{
    if (asked->request.old_size > asked->request.checkpoint.size)
        return say(asked, 400, "the old size is above the checkpoint's");
    if (asked->request.old_size == asked->log->size) return true;
    vch_core_parts_reply(asked->reply, 409, "%" PRIu64 "\n", asked->log->size);
    asked->reply->content_type = "text/x.tlog.size";
    return false;
}

static bool check_equal_roots(struct asked *asked)
{
    const struct vch_checkpoint *checkpoint = &asked->request.checkpoint;

    if (checkpoint->size != asked->log->size ||
        vch_hash_is_equal(&checkpoint->root, &asked->log->root))
        return true;
    return say(asked, 409, "another root was cosigned for this size");
}

static bool check_consistency(struct asked *asked)
{
    const struct vch_checkpoint *checkpoint = &asked->request.checkpoint;
    const struct vch_core_log *log = asked->log;

    if (vch_is_ok(vch_consistency_verify(log->size, &log->root, checkpoint->size, &checkpoint->root,
                                         &asked->request.path)))
        return true;
    return say(asked, 422, "the proof does not show that the last tree is a prefix of this one");
}

// The promise that an answer speaks of, by its index; promise_count for one that does not wait.
static uint32_t find_promise(const struct vch_core_log *log,
                             const struct vch_submission_answer *answer)
{
    const uint8_t *draft = answer->entry;
    size_t size = answer->entry_size;

    if (!answer->is_refusal && !vch_draft_of_entry(&draft, &size, answer->entry, size))
        return log->promise_count;
    struct vch_digest digest = vch_hash_bytes(draft, size);
    return vch_core_parts_find(log, &digest);
}

// The time at which the log's state refuses it decides too, so it may not be any.
static bool is_timely(const struct asked *asked, uint64_t time_ms)
{
    uint64_t apart = time_ms > asked->now_ms ? time_ms - asked->now_ms : asked->now_ms - time_ms;

    return apart <= VCH_CORE_SKEW_MS;
}

static bool is_true(const struct asked *asked, const struct vch_submission_answer *answer)
{
    const struct vch_checkpoint *checkpoint = &asked->request.checkpoint;

    if (answer->is_refusal) {
        struct vch_digest digest =
            vch_refusal_digest(&asked->log->ledger, checkpoint->size, &checkpoint->root,
                               answer->time_ms, answer->entry, answer->entry_size);
        return vch_is_ok(vch_sign_verify(&asked->log->vkey.key, &digest, &answer->signature));
    }
    struct vch_digest leaf = vch_merkle_leaf(answer->entry, answer->entry_size);
    return vch_is_ok(vch_inclusion_verify(&checkpoint->root, checkpoint->size, &leaf, answer->index,
                                          &answer->path));
}

static bool is_answered(const struct vch_core_change *change, uint32_t promise)
{
    for (uint32_t i = 0; i < change->answered_count; i++)
        if (change->answered[i] == promise) return true;
    return false;
}

static void keep_answer(struct vch_core_change *change, uint32_t promise,
                        const struct vch_submission_answer *answer)
{
    if (is_answered(change, promise)) return;
    change->answered[change->answered_count++] = promise;
    if (answer->is_refusal)
        change->refused[change->refused_count++] =
            (struct vch_core_refusal){promise, answer->time_ms, answer->signature, false};
}

static bool check_answers(struct asked *asked)
{
    struct vch_submission_answer answer;
    size_t offset = 0;

    while (vch_submission_next_answer(&answer, &asked->request, &offset)) {
        uint32_t promise = find_promise(asked->log, &answer);
        if (promise == asked->log->promise_count) continue;
        if (!is_true(asked, &answer))
            return say(asked, 422,
                       answer.is_refusal ? "a refusal is not signed by the log's key"
                                         : "an entry is not where its path says");
        if (answer.is_refusal && !is_timely(asked, answer.time_ms))
            return say(asked, 422, "a refusal's time is not within 5 s of this witness's clock");
        keep_answer(asked->change, promise, &answer);
    }
    return true;
}

static bool is_overdue(const struct asked *asked, const struct vch_core_promise *promise)
{
    return asked->now_ms >= promise->handed_ms &&
           asked->now_ms - promise->handed_ms >= VCH_CORE_PATIENCE_MS &&
           asked->log->count - promise->handed_count >= VCH_CORE_PATIENCE_COUNT;
}

// Of those that are overdue, the first have to be answered, as many as a request has room for. If
// not, all that wait are named, so that the next request is not overtaken by time.
static bool check_promises(struct asked *asked)
{
    const struct vch_core_log *log = asked->log;
    bool is_kept = true;
    uint32_t seen = 0;

    for (uint32_t i = 0; i < log->promise_count && seen < VCH_SUBMISSION_ANSWERS_MAX; i++) {
        if (!is_overdue(asked, &log->promises[i])) continue;
        seen++;
        is_kept = is_kept && is_answered(asked->change, i);
    }
    if (!is_kept) vch_core_parts_promises(asked->reply, 428, log);
    return is_kept;
}

// Asked about the same tree again, it says the same again for a while: a draw hangs on signatures,
// and whoever could collect them would choose among their combinations.
static uint64_t choose_time(const struct asked *asked, bool has_grown)
{
    uint64_t now_s = asked->now_ms / 1000, last_s = asked->log->time_s;

    if (now_s <= last_s) return last_s;
    return has_grown || now_s - last_s >= VCH_CORE_FRESH_S ? now_s : last_s;
}

static void cosign(struct asked *asked)
{
    const struct vch_submission *request = &asked->request;
    const struct vch_core_log *log = asked->log;
    struct vch_core_change *change = asked->change;
    char line[VCH_NOTE_LINE_MAX + 1];
    bool has_grown = request->checkpoint.size > log->size;

    change->log = (uint32_t)(log - asked->core->logs);
    change->kind = has_grown || change->answered_count > 0 ? VCH_CORE_CHECKPOINT : VCH_CORE_AGAIN;
    change->size = request->checkpoint.size;
    change->root = request->checkpoint.root;
    change->count = log->count + has_grown;
    change->time_s = choose_time(asked, has_grown);
    change->day = asked->now_ms / VCH_CORE_DAY_MS;
    (void)vch_cosignature_sign(line, asked->core->name, &asked->core->key, change->time_s,
                               request->note.text, request->note.text_size);
    vch_core_parts_reply(asked->reply, 200, "%s", line);
    asked->reply->promise_count -= change->answered_count;
}

void vch_core_add_checkpoint(struct vch_core_reply *reply, struct vch_core_change *change,
                             const struct vch_core *core, const char *body, size_t size,
                             bool may_answer, uint64_t now_ms)
{
    static check *const checks[] = {
        check_log,         check_signature, check_old_size, check_equal_roots,
        check_consistency, check_answers,   check_promises,
    };
    struct asked asked = {.core = core, .now_ms = now_ms, .reply = reply, .change = change};
    struct vch_complaint complaint = {0};

    change->kind = VCH_CORE_NOTHING;
    change->answered_count = change->refused_count = 0;
    reply->promise_count = 0;
    if (!vch_is_ok(vch_submission_decode(&asked.request, body, size, may_answer, &complaint))) {
        (void)say(&asked, 400, complaint.text);
        return;
    }
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (!checks[i](&asked)) return;
    cosign(&asked);
}
