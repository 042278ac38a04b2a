#include <string.h>

#include "entry/entry_read.h"
#include "message/message.h"

// Memory for messages that lie inside the statement's.
struct writing {
    const struct vch_entry *entry;
    Vouch__Statement *message;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

#define BORROW(field) vch_message_borrow((field).bytes, sizeof(field).bytes)

// A nested message of the given type, initialised, as the statement's body.
#define BODY(type, init, member) \
    type *(member) = VCH_ARENA_NEW(writing->arena, type, 1); \
    if ((member) == NULL) return VCH_FAIL(NO_MEMORY); \
    init(member); \
    writing->message->member = member

#define CONTEST(member) \
    do { \
        (member)->subject = BORROW(writing->entry->contest.subject); \
        (member)->segment = writing->entry->contest.segment; \
        (member)->round = writing->entry->contest.round; \
    } while (0)

static vch_status write_charter(const struct writing *writing)
{
    struct vch_charter *copy = VCH_ARENA_NEW(writing->arena, struct vch_charter, 1);
    ProtobufCMessage *message = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (copy == NULL) return VCH_FAIL(NO_MEMORY);
    *copy = *writing->entry->charter;
    VCH_TRY(vch_charter_encode(&bytes, &size, copy, writing->arena, writing->complaint));
    VCH_TRY(vch_message_read(&message, &vouch__charter__descriptor, bytes, size, writing->arena));
    writing->message->charter = (Vouch__Charter *)(void *)message;
    return VCH_OK;
}

static vch_status write_registry(const struct writing *writing)
{
    BODY(Vouch__RegistryNotice, vouch__registry_notice__init, registry);
    registry->digest = BORROW(writing->entry->registry.digest);
    registry->serial = writing->entry->registry.serial;
    return VCH_OK;
}

static vch_status write_deposit(const struct writing *writing)
{
    BODY(Vouch__Deposit, vouch__deposit__init, deposit);
    deposit->account = BORROW(writing->entry->deposit.account);
    deposit->amount = writing->entry->deposit.amount;
    return VCH_OK;
}

static vch_status write_withdraw(const struct writing *writing)
{
    BODY(Vouch__Withdraw, vouch__withdraw__init, withdraw);
    withdraw->amount = writing->entry->amount;
    return VCH_OK;
}

static vch_status write_stake(const struct writing *writing)
{
    BODY(Vouch__Stake, vouch__stake__init, stake);
    stake->amount = writing->entry->amount;
    return VCH_OK;
}

static vch_status write_unstake(const struct writing *writing)
{
    BODY(Vouch__Unstake, vouch__unstake__init, unstake);
    unstake->amount = writing->entry->amount;
    return VCH_OK;
}

static vch_status write_release(const struct writing *writing)
{
    BODY(Vouch__Release, vouch__release__init, release);
    return VCH_OK;
}

static vch_status write_hold(const struct writing *writing)
{
    BODY(Vouch__Hold, vouch__hold__init, hold);
    hold->model = BORROW(writing->entry->hold.model);
    hold->first = writing->entry->hold.first;
    hold->last = writing->entry->hold.last;
    hold->drop = writing->entry->hold.drop;
    return VCH_OK;
}

static vch_status write_excluded(const struct writing *writing, Vouch__JobOpen *message)
{
    const struct vch_entry_job_open *open = writing->entry->job_open;

    if (open->excluded_count > VCH_ENTRY_EXCLUDED_MAX)
        return vch_complain(writing->complaint, VCH_CODE_LIMIT,
                            "%u operators are excluded, not at most %u", open->excluded_count,
                            VCH_ENTRY_EXCLUDED_MAX);
    message->excluded = VCH_ARENA_NEW(writing->arena, char *, open->excluded_count);
    if (message->excluded == NULL) return VCH_FAIL(NO_MEMORY);
    message->n_excluded = open->excluded_count;
    for (uint32_t i = 0; i < open->excluded_count; i++) {
        message->excluded[i] =
            vch_arena_string(writing->arena, open->excluded[i], strlen(open->excluded[i]));
        if (message->excluded[i] == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

static vch_status write_job_open(const struct writing *writing)
{
    const struct vch_entry_job_open *open = writing->entry->job_open;

    BODY(Vouch__JobOpen, vouch__job_open__init, job_open);
    job_open->job = vch_message_borrow(open->job_bytes, open->job_size);
    job_open->fee = open->fee;
    if (open->has_input) job_open->input = BORROW(open->input);
    if (open->is_trial) {
        Vouch__Trial *trial = VCH_ARENA_NEW(writing->arena, Vouch__Trial, 1);
        if (trial == NULL) return VCH_FAIL(NO_MEMORY);
        vouch__trial__init(trial);
        trial->node = BORROW(open->trial_node);
        trial->expected = BORROW(open->trial_expected);
        job_open->trial = trial;
    }
    return write_excluded(writing, job_open);
}

static vch_status write_input(const struct writing *writing)
{
    BODY(Vouch__SegmentInput, vouch__segment_input__init, input);
    input->job = BORROW(writing->entry->input.job);
    input->segment = writing->entry->input.segment;
    input->input = BORROW(writing->entry->input.input);
    return VCH_OK;
}

static vch_status write_sortition(const struct writing *writing)
{
    BODY(Vouch__Sortition, vouch__sortition__init, sortition);
    CONTEST(sortition);
    sortition->proof = BORROW(writing->entry->sortition.proof);
    return VCH_OK;
}

static vch_status write_draw(const struct writing *writing)
{
    const uint32_t count = writing->entry->draw.count;
    const struct vch_entry_seat *from = writing->entry->draw.seats;

    BODY(Vouch__Draw, vouch__draw__init, draw);
    CONTEST(draw);
    Vouch__Seat *seats = VCH_ARENA_NEW(writing->arena, Vouch__Seat, count);
    draw->seats = VCH_ARENA_NEW(writing->arena, Vouch__Seat *, count);
    if (seats == NULL || draw->seats == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        vouch__seat__init(&seats[i]);
        seats[i].node = BORROW(from[i].node);
        seats[i].weight = from[i].weight;
        draw->seats[i] = &seats[i];
    }
    draw->n_seats = count;
    draw->eligible = writing->entry->draw.eligible;
    draw->weight = writing->entry->draw.weight;
    return VCH_OK;
}

static vch_status write_commit(const struct writing *writing)
{
    BODY(Vouch__Commit, vouch__commit__init, commit);
    CONTEST(commit);
    commit->commitment = BORROW(writing->entry->commit.commitment);
    return VCH_OK;
}

static vch_status write_close(const struct writing *writing)
{
    BODY(Vouch__Close, vouch__close__init, close);
    CONTEST(close);
    close->commits = writing->entry->close.commits;
    return VCH_OK;
}

static vch_status write_reveal(const struct writing *writing)
{
    BODY(Vouch__Reveal, vouch__reveal__init, reveal);
    CONTEST(reveal);
    reveal->output = BORROW(writing->entry->reveal.output);
    if (writing->entry->reveal.has_trace) reveal->trace = BORROW(writing->entry->reveal.trace);
    reveal->nonce =
        vch_message_borrow(writing->entry->reveal.nonce, sizeof writing->entry->reveal.nonce);
    return VCH_OK;
}

static vch_status write_verdict(const struct writing *writing)
{
    BODY(Vouch__Verdict, vouch__verdict__init, verdict);
    CONTEST(verdict);
    if (writing->entry->verdict.has_output)
        verdict->output = BORROW(writing->entry->verdict.output);
    verdict->agreeing = writing->entry->verdict.agreeing;
    return VCH_OK;
}

static vch_status write_anchor(const struct writing *writing)
{
    const uint32_t count = writing->entry->anchor.count;

    BODY(Vouch__Anchor, vouch__anchor__init, anchor);
    if (count > VCH_CHARTER_WITNESSES_MAX) return VCH_FAIL(LIMIT);
    Vouch__Cosignature *list = VCH_ARENA_NEW(writing->arena, Vouch__Cosignature, count);
    anchor->cosignatures = VCH_ARENA_NEW(writing->arena, Vouch__Cosignature *, count);
    if (list == NULL || anchor->cosignatures == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_entry_cosignature *from = &writing->entry->anchor.cosignatures[i];
        vouch__cosignature__init(&list[i]);
        list[i].witness = from->witness;
        list[i].time = from->time_s;
        list[i].signature = BORROW(from->signature);
        anchor->cosignatures[i] = &list[i];
    }
    anchor->n_cosignatures = count;
    anchor->size = writing->entry->anchor.size;
    anchor->root = BORROW(writing->entry->anchor.root);
    return VCH_OK;
}

static vch_status write_expire(const struct writing *writing)
{
    BODY(Vouch__Expire, vouch__expire__init, expire);
    expire->job = BORROW(writing->entry->expire);
    return VCH_OK;
}

static vch_status write_trial_result(const struct writing *writing)
{
    BODY(Vouch__TrialResult, vouch__trial_result__init, trial_result);
    trial_result->job = BORROW(writing->entry->trial_result.job);
    trial_result->output = BORROW(writing->entry->trial_result.output);
    trial_result->nonce = vch_message_borrow(writing->entry->trial_result.nonce,
                                             sizeof writing->entry->trial_result.nonce);
    return VCH_OK;
}

static size_t encode_entry(uint8_t **out, const struct vch_entry *entry, uint64_t time_ms,
                           struct vch_arena *arena)
{
    Vouch__Entry message = VOUCH__ENTRY__INIT;
    size_t size = 0;

    message.time_ms = time_ms;
    message.statement = vch_message_borrow(entry->statement, entry->statement_size);
    message.writer = BORROW(entry->writer);
    message.signature = BORROW(entry->signature);
    return vch_is_ok(vch_message_pack(out, &size, &message.base, arena)) ? size : 0;
}

static vch_status write_evidence(const struct writing *writing)
{
    uint8_t *first = NULL, *second = NULL;

    BODY(Vouch__Evidence, vouch__evidence__init, evidence);
    evidence->first.len = encode_entry(&first, writing->entry->evidence.first, 0, writing->arena);
    evidence->second.len =
        encode_entry(&second, writing->entry->evidence.second, 0, writing->arena);
    evidence->first.data = first;
    evidence->second.data = second;
    return first != NULL && second != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status write_dispute_open(const struct writing *writing)
{
    BODY(Vouch__DisputeOpen, vouch__dispute_open__init, dispute_open);
    dispute_open->job = BORROW(writing->entry->dispute_open.job);
    dispute_open->segment = writing->entry->dispute_open.segment;
    dispute_open->output = BORROW(writing->entry->dispute_open.output);
    dispute_open->trace = BORROW(writing->entry->dispute_open.trace);
    return VCH_OK;
}

static vch_status write_dispute_move(const struct writing *writing)
{
    BODY(Vouch__DisputeMove, vouch__dispute_move__init, dispute_move);
    dispute_move->dispute = BORROW(writing->entry->dispute_move.dispute);
    dispute_move->step = writing->entry->dispute_move.step;
    dispute_move->defends = writing->entry->dispute_move.defends;
    dispute_move->left = BORROW(writing->entry->dispute_move.left);
    dispute_move->right = BORROW(writing->entry->dispute_move.right);
    return VCH_OK;
}

static vch_status write_dispute_default(const struct writing *writing)
{
    BODY(Vouch__DisputeDefault, vouch__dispute_default__init, dispute_default);
    dispute_default->dispute = BORROW(writing->entry->dispute_default);
    return VCH_OK;
}

static vch_status (*const WRITERS[])(const struct writing *) = {
    [VCH_ENTRY_CHARTER] = write_charter,
    [VCH_ENTRY_REGISTRY] = write_registry,
    [VCH_ENTRY_DEPOSIT] = write_deposit,
    [VCH_ENTRY_WITHDRAW] = write_withdraw,
    [VCH_ENTRY_STAKE] = write_stake,
    [VCH_ENTRY_UNSTAKE] = write_unstake,
    [VCH_ENTRY_RELEASE] = write_release,
    [VCH_ENTRY_HOLD] = write_hold,
    [VCH_ENTRY_JOB_OPEN] = write_job_open,
    [VCH_ENTRY_INPUT] = write_input,
    [VCH_ENTRY_SORTITION] = write_sortition,
    [VCH_ENTRY_DRAW] = write_draw,
    [VCH_ENTRY_COMMIT] = write_commit,
    [VCH_ENTRY_CLOSE] = write_close,
    [VCH_ENTRY_REVEAL] = write_reveal,
    [VCH_ENTRY_VERDICT] = write_verdict,
    [VCH_ENTRY_ANCHOR] = write_anchor,
    [VCH_ENTRY_EXPIRE] = write_expire,
    [VCH_ENTRY_TRIAL_RESULT] = write_trial_result,
    [VCH_ENTRY_EVIDENCE] = write_evidence,
    [VCH_ENTRY_DISPUTE_OPEN] = write_dispute_open,
    [VCH_ENTRY_DISPUTE_MOVE] = write_dispute_move,
    [VCH_ENTRY_DISPUTE_DEFAULT] = write_dispute_default,
};

static bool is_kind(enum vch_entry_kind kind)
{
    return kind >= VCH_ENTRY_CHARTER && kind <= VCH_ENTRY_DISPUTE_DEFAULT;
}

// What is composed is read back first: nobody signs what no reader would take.
vch_status vch_entry_compose(struct vch_entry *entry, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    Vouch__Statement message = VOUCH__STATEMENT__INIT;
    const struct writing writing = {entry, &message, arena, complaint};
    struct vch_entry again = {0};
    uint8_t *statement = NULL;
    size_t size = 0;

    if (!is_kind(entry->kind))
        return vch_complain(complaint, VCH_CODE_USAGE, "%u is no kind of entry",
                            (unsigned)entry->kind);
    message.number = entry->number;
    message.body_case = (Vouch__Statement__BodyCase)entry->kind;
    VCH_TRY(WRITERS[entry->kind](&writing));
    VCH_TRY(vch_message_pack(&statement, &size, &message.base, arena));
    again.statement = statement;
    again.statement_size = size;
    VCH_TRY(vch_entry_read_statement(&again, arena, complaint));
    entry->statement = statement;
    entry->statement_size = size;
    return VCH_OK;
}

vch_status vch_entry_sign_by(struct vch_entry *entry, const struct vch_digest *ledger,
                             const struct vch_signer *writer, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    VCH_TRY(vch_entry_compose(entry, arena, complaint));
    const struct vch_signer_item items[] = {
        {"ledger", ledger->bytes, sizeof ledger->bytes},
        {"statement", entry->statement, entry->statement_size},
    };
    entry->writer = writer->public_key;
    return vch_signer_sign(writer, &entry->signature, "vouch/entry/v1", items, 2); // entry.c's
}

vch_status vch_entry_sign(struct vch_entry *entry, const struct vch_digest *ledger,
                          const struct vch_secret_key *writer, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    const struct vch_signer signer = vch_signer_local(writer);

    return vch_entry_sign_by(entry, ledger, &signer, arena, complaint);
}

vch_status vch_entry_encode(uint8_t **out, size_t *size, const struct vch_entry *entry,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    const size_t most =
        entry->kind == VCH_ENTRY_CHARTER ? VCH_ENTRY_CHARTER_SIZE_MAX : VCH_ENTRY_SIZE_MAX;

    if (entry->time_ms > VCH_ENTRY_TIME_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the entry's time is out of range");
    *size = encode_entry(out, entry, entry->time_ms, arena);
    if (*size == 0) return VCH_FAIL(NO_MEMORY);
    if (*size <= most) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "the %s has %zu bytes, not at most %zu",
                        vch_entry_kind_text(entry->kind), *size, most);
}
