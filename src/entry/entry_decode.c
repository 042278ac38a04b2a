#include <inttypes.h>

#include "entry/entry_read.h"
#include "message/message.h"

typedef vch_status reader(const struct vch_entry_read *reading);

static reader read_evidence;

static reader *const READERS[] = {
    [VCH_ENTRY_CHARTER] = vch_entry_read_charter,
    [VCH_ENTRY_REGISTRY] = vch_entry_read_registry,
    [VCH_ENTRY_DEPOSIT] = vch_entry_read_deposit,
    [VCH_ENTRY_WITHDRAW] = vch_entry_read_withdraw,
    [VCH_ENTRY_STAKE] = vch_entry_read_stake,
    [VCH_ENTRY_UNSTAKE] = vch_entry_read_unstake,
    [VCH_ENTRY_RELEASE] = vch_entry_read_release,
    [VCH_ENTRY_HOLD] = vch_entry_read_hold,
    [VCH_ENTRY_JOB_OPEN] = vch_entry_read_job_open,
    [VCH_ENTRY_INPUT] = vch_entry_read_input,
    [VCH_ENTRY_SORTITION] = vch_entry_read_sortition,
    [VCH_ENTRY_DRAW] = vch_entry_read_draw,
    [VCH_ENTRY_COMMIT] = vch_entry_read_commit,
    [VCH_ENTRY_CLOSE] = vch_entry_read_close,
    [VCH_ENTRY_REVEAL] = vch_entry_read_reveal,
    [VCH_ENTRY_VERDICT] = vch_entry_read_verdict,
    [VCH_ENTRY_ANCHOR] = vch_entry_read_anchor,
    [VCH_ENTRY_EXPIRE] = vch_entry_read_expire,
    [VCH_ENTRY_TRIAL_RESULT] = vch_entry_read_trial_result,
    [VCH_ENTRY_DISPUTE_OPEN] = vch_entry_read_dispute_open,
    [VCH_ENTRY_DISPUTE_MOVE] = vch_entry_read_dispute_move,
    [VCH_ENTRY_DISPUTE_DEFAULT] = vch_entry_read_dispute_default,
    [VCH_ENTRY_EVIDENCE] = read_evidence,
};

// Statements about accounts and job_open are counted; all others are taken once by what they say.
static vch_status check_number(const struct vch_entry *entry, struct vch_complaint *complaint)
{
    const bool is_counted = entry->kind <= VCH_ENTRY_JOB_OPEN;

    if (entry->kind == VCH_ENTRY_CHARTER && entry->number != 1)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the charter has number %" PRIu64 ", not 1", entry->number);
    if (is_counted == (entry->number > 0)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        is_counted ? "the %s has no number; its writer's numbers count from 1"
                                   : "the %s has a number; statements of its kind have none",
                        vch_entry_kind_text(entry->kind));
}

static vch_status unpack_statement(const Vouch__Statement **out, struct vch_entry *entry,
                                   struct vch_arena *arena, struct vch_complaint *complaint)
{
    ProtobufCMessage *unpacked = NULL;

    VCH_TRY(vch_message_unpack(&unpacked, &vouch__statement__descriptor, entry->statement,
                               entry->statement_size, "statement", arena, complaint));
    const Vouch__Statement *message = (const Vouch__Statement *)(const void *)unpacked;
    if (message->body_case == VOUCH__STATEMENT__BODY__NOT_SET)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the statement says nothing, or is of a kind that this program does "
                            "not know");
    entry->kind = (enum vch_entry_kind)message->body_case; // the numbers are those of the schema
    entry->number = message->number;
    *out = message;
    return check_number(entry, complaint);
}

enum { WRITER_AND_SIGNATURE = 2 + VCH_SIGN_PUBLIC_SIZE + 2 + VCH_SIGN_SIGNATURE_SIZE };

static vch_status unpack_entry(const Vouch__Statement **out, struct vch_entry *entry,
                               const uint8_t *bytes, size_t size, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    ProtobufCMessage *unpacked = NULL;

    VCH_TRY(vch_message_unpack(&unpacked, &vouch__entry__descriptor, bytes, size, "entry", arena,
                               complaint));
    const Vouch__Entry *message = (const Vouch__Entry *)(const void *)unpacked;
    VCH_TRY(vch_message_copy(entry->writer.bytes, sizeof entry->writer.bytes, &message->writer,
                             "entry's writer", complaint));
    VCH_TRY(vch_message_copy(entry->signature.bytes, sizeof entry->signature.bytes,
                             &message->signature, "entry's signature", complaint));
    if (message->time_ms > VCH_ENTRY_TIME_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the entry's time is %" PRIu64 " ms, not at most %" PRIu64,
                            message->time_ms, VCH_ENTRY_TIME_MAX);
    entry->time_ms = message->time_ms;
    // In canonical form it stands before writer and signature, whose sizes are known.
    entry->statement_size = message->statement.len;
    entry->statement = bytes + size - WRITER_AND_SIGNATURE - entry->statement_size;
    return unpack_statement(out, entry, arena, complaint);
}

static vch_status read_kind(struct vch_entry *entry, const Vouch__Statement *message, reader *read,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_entry_read reading = {entry, message, arena, complaint};
    return read(&reading);
}

static vch_status read_draft(const struct vch_entry **out, const struct vch_entry_read *reading,
                             const ProtobufCBinaryData *bytes)
{
    struct vch_entry *draft = VCH_ARENA_NEW(reading->arena, struct vch_entry, 1);
    const Vouch__Statement *message = NULL;

    if (draft == NULL) return vch_message_no_room("evidence", reading->arena, reading->complaint);
    VCH_TRY(
        unpack_entry(&message, draft, bytes->data, bytes->len, reading->arena, reading->complaint));
    if (draft->kind != VCH_ENTRY_COMMIT || draft->time_ms != 0)
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "the evidence holds a %s%s; only drafts of commits are evidence",
                            vch_entry_kind_text(draft->kind),
                            draft->time_ms != 0 ? " with a time" : "");
    *out = draft;
    return read_kind(draft, message, vch_entry_read_commit, reading->arena, reading->complaint);
}

static vch_status read_evidence(const struct vch_entry_read *reading)
{
    const Vouch__Evidence *from = reading->message->evidence;

    VCH_TRY(read_draft(&reading->entry->evidence.first, reading, &from->first));
    return read_draft(&reading->entry->evidence.second, reading, &from->second);
}

static vch_status check_size(const char *what, size_t size, size_t most,
                             struct vch_complaint *complaint)
{
    if (size <= most) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "the %s has %zu bytes, not at most %zu", what,
                        size, most);
}

vch_status vch_entry_decode(struct vch_entry *out, const uint8_t *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_entry entry = {0};
    const Vouch__Statement *message = NULL;

    VCH_TRY(check_size("entry", size, VCH_ENTRY_CHARTER_SIZE_MAX, complaint));
    VCH_TRY(unpack_entry(&message, &entry, bytes, size, arena, complaint));
    if (entry.kind != VCH_ENTRY_CHARTER)
        VCH_TRY(check_size(vch_entry_kind_text(entry.kind), size, VCH_ENTRY_SIZE_MAX, complaint));
    VCH_TRY(read_kind(&entry, message, READERS[entry.kind], arena, complaint));
    *out = entry;
    return VCH_OK;
}

vch_status vch_entry_read_statement(struct vch_entry *entry, struct vch_arena *arena,
                                    struct vch_complaint *complaint)
{
    const Vouch__Statement *message = NULL;

    VCH_TRY(unpack_statement(&message, entry, arena, complaint));
    return read_kind(entry, message, READERS[entry->kind], arena, complaint);
}
