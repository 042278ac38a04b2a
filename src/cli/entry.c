// vouch entry: appends one entry to a ledger, and says at which position it is.
#include "entry/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/handing.h"
#include "cli/ledger_tool.h"
#include "cli/operands.h"
#include "cli/trial.h"
#include "consensus/registry.h"
#include "host/clock.h"

static const struct vch_option options[] = {
    {"key", "FILE", "the writer's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"charter", "FILE", "the ledger's charter", false},
    {"founder", "KEY", "whose charter counts: hexadecimal or key file", false},
    {"ledger", "HOST:PORT", "where the ledger listens for members", false},
    {"number", "N", "above the writer's last (default: the Unix time in microseconds)", false},
    {"wait-cosigned", NULL, "until witnesses have cosigned a checkpoint with it", false},
    {"witness", "URL", "is handed the draft, if the ledger does not take it", true},
    {"promises", "PREFIX", "keeps what these witnesses promise in files PREFIX.NAME", false},
    {"draft", "FILE", "only write the signed draft there, and append nothing", false},
    {"registry", "FILE", "of a trial: the registry in force, or its digest", false},
    {"fee", "N", "of a trial (default: 1)", false},
    {"deadline", "MS", "of a trial, as Unix time (default: in 10 minutes)", false},
    {"job-nonce", "HEX", "of a trial's job (default: random)", false},
    {"secret", "HEX", "that a trial's nonces are from (default: random)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

// What a kind makes of its operands.
struct making {
    struct vch_tool *tool;
    const struct vch_charter *charter;
    const char *const *operands; // after the kind
    struct vch_entry entry;
    uint8_t *blob; // a registry, to be handed over first
    size_t blob_size;
    const uint8_t *draft; // or a whole draft that somebody signed already
    size_t draft_size;
};

static vch_status read_amount(uint64_t *out, struct making *making, const char *text)
{
    if (vch_options_is_number(out, text, 1, VCH_ENTRY_AMOUNT_MAX)) return VCH_OK;
    return vch_complain(&making->tool->complaint, VCH_CODE_USAGE,
                        "an amount is a whole number from 1 on, not \"%.40s\"", text);
}

static vch_status make_registry(struct making *making)
{
    struct vch_tool *tool = making->tool;
    struct vch_registry registry;

    VCH_TRY(vch_tool_file(&making->blob, &making->blob_size, tool, making->operands[0],
                          VCH_REGISTRY_SIZE_MAX));
    VCH_TRY(vch_registry_decode(&registry, making->blob, making->blob_size, &tool->arena,
                                &tool->complaint));
    making->entry.registry.digest = registry.digest;
    making->entry.registry.serial = registry.serial;
    return VCH_OK;
}

static vch_status make_deposit(struct making *making)
{
    VCH_TRY(vch_tool_public_key(&making->entry.deposit.account, making->tool, making->operands[0]));
    return read_amount(&making->entry.deposit.amount, making, making->operands[1]);
}

static vch_status make_amount(struct making *making)
{
    return read_amount(&making->entry.amount, making, making->operands[0]);
}

static vch_status make_nothing(struct making *making)
{
    (void)making;
    return VCH_OK;
}

static vch_status make_hold(struct making *making)
{
    struct vch_entry_hold *hold = &making->entry.hold;

    VCH_TRY(vch_operands_model(&hold->model, making->tool, making->operands[0]));
    return vch_operands_range(&hold->first, &hold->last, making->tool, making->operands[1]);
}

static vch_status make_drop(struct making *making)
{
    making->entry.hold.drop = true;
    return make_hold(making);
}

static vch_status make_trial_result(struct making *making)
{
    return vch_trial_make_result(&making->entry, making->tool, making->operands);
}

static vch_status make_trial(struct making *making)
{
    return vch_trial_make(&making->entry.job_open, making->tool, &making->charter->founder,
                          making->operands);
}

static vch_status read_draft(const struct vch_entry **out, struct making *making, const char *path)
{
    struct vch_tool *tool = making->tool;
    struct vch_entry *entry = VCH_ARENA_NEW(&tool->arena, struct vch_entry, 1);
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (entry == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_ENTRY_SIZE_MAX));
    *out = entry;
    return vch_entry_decode(entry, bytes, size, &tool->arena, &tool->complaint);
}

static vch_status make_evidence(struct making *making)
{
    VCH_TRY(read_draft(&making->entry.evidence.first, making, making->operands[0]));
    return read_draft(&making->entry.evidence.second, making, making->operands[1]);
}

static vch_status make_draft(struct making *making)
{
    struct vch_tool *tool = making->tool;
    uint8_t *bytes = NULL;

    VCH_TRY(
        vch_tool_file(&bytes, &making->draft_size, tool, making->operands[0], VCH_ENTRY_SIZE_MAX));
    making->draft = bytes;
    return vch_entry_decode(&making->entry, bytes, making->draft_size, &tool->arena,
                            &tool->complaint);
}

static const struct kind {
    const char *name, *operands;
    uint32_t count;
    enum vch_entry_kind kind;
    bool has_number;
    vch_status (*make)(struct making *making);
} KINDS[] = {
    {"registry", "FILE.registry", 1, VCH_ENTRY_REGISTRY, true, make_registry},
    {"deposit", "ACCOUNT AMOUNT", 2, VCH_ENTRY_DEPOSIT, true, make_deposit},
    {"withdraw", "AMOUNT", 1, VCH_ENTRY_WITHDRAW, true, make_amount},
    {"stake", "AMOUNT", 1, VCH_ENTRY_STAKE, true, make_amount},
    {"unstake", "AMOUNT", 1, VCH_ENTRY_UNSTAKE, true, make_amount},
    {"release", "", 0, VCH_ENTRY_RELEASE, true, make_nothing},
    {"hold", "MODEL FIRST:LAST", 2, VCH_ENTRY_HOLD, true, make_hold},
    {"drop", "MODEL FIRST:LAST", 2, VCH_ENTRY_HOLD, true, make_drop},
    {"trial", "NODE MODEL FIRST:LAST INPUT OUTPUT NONCE", 6, VCH_ENTRY_JOB_OPEN, true, make_trial},
    {"trial-result", "JOB OUTPUT NONCE", 3, VCH_ENTRY_TRIAL_RESULT, false, make_trial_result},
    {"evidence", "DRAFT DRAFT", 2, VCH_ENTRY_EVIDENCE, false, make_evidence},
    {"draft", "FILE", 1, VCH_ENTRY_CHARTER, false, make_draft},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(KINDS[i].name, name) == 0) return &KINDS[i];
    return NULL;
}

static vch_status check_kind(const struct kind **out, struct vch_tool *tool)
{
    const char *name = tool->options->operands[0];

    *out = find_kind(name);
    if (*out == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "\"%.40s\" is no kind of entry that can be written by hand: see vouch "
                            "entry --help",
                            name);
    if (tool->options->operand_count - 1 != (*out)->count)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "vouch entry %s wants: %s", name,
                            (*out)->count > 0 ? (*out)->operands : "nothing else");
    return VCH_OK;
}

// Signs what was made, unless it came signed.
static vch_status sign(struct making *making, const struct kind *kind,
                       const struct vch_charter *charter, const struct vch_secret_key *key)
{
    struct vch_tool *tool = making->tool;
    uint8_t *bytes = NULL;

    if (making->draft != NULL) return VCH_OK;
    making->entry.kind = kind->kind;
    making->entry.number = kind->has_number ? vch_clock_unix_ms() * 1000 : 0;
    if (kind->has_number)
        VCH_TRY(vch_options_u64(&making->entry.number, tool->options, "number", 1, UINT64_MAX / 2,
                                &tool->complaint));
    VCH_TRY(vch_entry_sign(&making->entry, &charter->id, key, &tool->arena, &tool->complaint));
    VCH_TRY(vch_entry_encode(&bytes, &making->draft_size, &making->entry, &tool->arena,
                             &tool->complaint));
    making->draft = bytes;
    return VCH_OK;
}

// The id of a job that was opened, as its founder needs it for the result; "" of other entries.
static const char *job_of(const struct making *making, char job[static 2 * VCH_DIGEST_SIZE + 1])
{
    job[0] = '\0';
    if (making->entry.kind == VCH_ENTRY_JOB_OPEN)
        vch_hex_encode(job, making->entry.job_open->job_id.bytes, VCH_DIGEST_SIZE);
    return job;
}

static vch_status write_draft(const struct making *making, const char *path)
{
    char job[2 * VCH_DIGEST_SIZE + 1];

    VCH_TRY(
        vch_file_write(path, making->draft, making->draft_size, false, &making->tool->complaint));
    if (job_of(making, job)[0] != '\0') printf("job %s\n", job);
    return VCH_OK;
}

static vch_status print_position(const struct making *making, uint64_t position, uint64_t cosigned)
{
    const char *kind = vch_entry_kind_text(making->entry.kind);
    char job[2 * VCH_DIGEST_SIZE + 1];

    (void)job_of(making, job);

    if (!vch_options_has(making->tool->options, "json")) {
        printf("%s at position %" PRIu64, kind, position);
        if (cosigned > 0) printf(", cosigned in a tree of %" PRIu64 " entries", cosigned);
        printf(job[0] != '\0' ? ", job %s\n" : "%s\n", job);
        return VCH_OK;
    }
    json_t *out = json_object();
    (void)json_object_set_new(out, "kind", json_string(kind));
    (void)json_object_set_new(out, "position", json_integer((json_int_t)position));
    if (job[0] != '\0') (void)json_object_set_new(out, "job", json_string(job));
    if (cosigned > 0)
        (void)json_object_set_new(out, "cosigned", json_integer((json_int_t)cosigned));
    return vch_tool_print_json(out);
}

static vch_status append(struct making *making, struct vch_ledger_link *link)
{
    struct vch_tool *tool = making->tool;
    struct vch_follower_bytes draft = {making->draft, making->draft_size};
    struct vch_ledger_link_taken taken;
    struct vch_ledger_link_proof proof = {0};

    if (making->blob != NULL)
        VCH_TRY(
            vch_ledger_link_put_blob_now(link, making->blob, making->blob_size, &tool->complaint));
    VCH_TRY(vch_ledger_link_append_now(link, &draft, 1, &taken, &tool->complaint));
    if (!vch_is_ok(taken.status))
        return vch_complain(&tool->complaint, taken.status.code, "the ledger refuses it: %s",
                            taken.text);
    if (vch_options_has(tool->options, "wait-cosigned"))
        VCH_TRY(vch_ledger_link_prove_now(link, &taken.position, 1, &proof, &tool->arena,
                                          &tool->complaint));
    return print_position(making, taken.position, proof.size);
}

static vch_status append_as(struct making *making, const struct vch_charter *charter,
                            const struct vch_secret_key *key)
{
    struct vch_ledger_tool ledger;

    VCH_TRY(vch_ledger_tool_open(&ledger, making->tool, charter, key, NULL));
    vch_status status = append(making, ledger.link);
    vch_ledger_tool_close(&ledger);
    return status;
}

// What the ledger says stays what is said, whoever promises what.
static vch_status append_or_hand_over(struct making *making, const struct vch_charter *charter,
                                      const struct vch_secret_key *key)
{
    struct vch_tool *tool = making->tool;
    vch_status status = append_as(making, charter, key);
    struct vch_complaint why = tool->complaint;

    if (vch_is_ok(status) || !vch_options_has(tool->options, "witness")) return status;
    if (!vch_is_ok(vch_handing_give(tool, charter, making->draft, making->draft_size)))
        (void)fprintf(stderr, "vouch entry: %s\n", tool->complaint.text);
    tool->complaint = why;
    return status;
}

static vch_status run(struct vch_tool *tool)
{
    struct making making = {.tool = tool, .operands = tool->options->operands + 1};
    const char *path = NULL, *file = vch_options_text(tool->options, "draft");
    const struct kind *kind = NULL;
    struct vch_charter charter;
    struct vch_secret_key key;

    VCH_TRY(check_kind(&kind, tool));
    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_ledger_tool_charter(&charter, tool));
    making.charter = &charter;
    VCH_TRY(kind->make(&making));
    VCH_TRY(vch_tool_secret_key(&key, tool, path));
    vch_status status = sign(&making, kind, &charter, &key);
    if (vch_is_ok(status))
        status = file != NULL ? write_draft(&making, file)
                              : append_or_hand_over(&making, &charter, &key);
    vch_wipe(&key, sizeof key);
    return status;
}

const struct vch_command vch_commands_entry = {
    .name = "entry",
    .operands = "KIND [OPERAND...] --key K --charter C --founder KEY --ledger HOST:PORT",
    .summary = "append an entry to a ledger",
    .details =
        "Kinds: registry FILE.registry; deposit ACCOUNT AMOUNT (both by the founder);\n"
        "withdraw, stake, unstake AMOUNT; release; hold, drop MODEL FIRST:LAST;\n"
        "trial NODE MODEL FIRST:LAST INPUT OUTPUT NONCE (commitments, and 32 random bytes),\n"
        "trial-result JOB OUTPUT NONCE (by the founder, too); evidence DRAFT DRAFT; draft FILE "
        "(signed before).\n"
        "Prints the entry's position once it is durable; exits with 1, saying why, if the\n"
        "ledger's state refuses it.",
    .operand_min = 1,
    .operand_max = 7,
    .options = options,
    .run = run,
};
