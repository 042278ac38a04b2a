#include "cli/audit_ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agreement/state.h"
#include "base/bytes.h"
#include "cli/audit_capture.h"
#include "cli/audit_disputes.h"
#include "cli/audit_gaps.h"
#include "cli/audit_shown.h"
#include "cli/ledger_tool.h"
#include "host/file.h"
#include "host/progress.h"
#include "member/reading.h"
#include "tlog/equivocation.h"

enum { NOTE_MAX = 16384, DISPUTES_MAX = 1 << 28 };

struct audit {
    struct vch_tool *tool;
    struct vch_charter charter;
    struct vch_follower *follower;
    struct vch_progress progress;
    uint64_t counts[VCH_ENTRY_DISPUTE_DEFAULT + 1]; // entries by kind
    uint64_t decided, undecided;                    // contests
    json_t *verdicts;                               // of --json; else NULL
    struct vch_audit_gaps gaps;
    struct vch_audit_shown shown;
    struct vch_state *state; // the follower's, from the first entry on
    struct vch_arena memory; // of the disputes: the tool's is rewound while a log is read
    struct vch_audit_disputes disputes;
};

static void on_next(void *context, struct vch_state *state, const struct vch_entry *entry)
{
    struct audit *audit = context;

    audit->state = state;
    vch_audit_shown_before(&audit->shown, state, entry);
}

static void on_entry(void *context, uint64_t position, const struct vch_entry *entry)
{
    struct audit *audit = context;

    audit->counts[entry->kind]++;
    vch_audit_shown_after(&audit->shown, position, entry);
    vch_audit_gaps_note(&audit->gaps, vch_follower_state(audit->follower), position, entry);
    vch_audit_disputes_note(&audit->disputes, vch_follower_state(audit->follower), position, entry);
    if (entry->kind != VCH_ENTRY_VERDICT) return;
    if (entry->verdict.has_output)
        audit->decided++;
    else
        audit->undecided++;
    if (audit->verdicts == NULL) return;
    json_t *output = entry->verdict.has_output
                         ? vch_tool_json_hex(entry->verdict.output.bytes, VCH_DIGEST_SIZE)
                         : json_null();
    json_array_append_new(
        audit->verdicts,
        json_pack("{s:I, s:o, s:i, s:i, s:o, s:i}", "position", (json_int_t)position, "subject",
                  vch_tool_json_hex(entry->contest.subject.bytes, VCH_DIGEST_SIZE), "segment",
                  (int)entry->contest.segment, "round", (int)entry->contest.round, "output", output,
                  "agreeing", (int)entry->verdict.agreeing));
}

static void on_progress(void *context, uint64_t done, uint64_t size)
{
    struct audit *audit = context;

    audit->progress.total = size;
    vch_progress_update(&audit->progress, done);
}

static const char *operator_of(const struct audit *audit, const struct vch_public_key *key)
{
    const struct vch_state *state = vch_follower_state(audit->follower);
    const struct vch_registry *registry = vch_state_registry_at(state, UINT64_MAX);
    const struct vch_member *member = registry != NULL ? vch_registry_find(registry, key) : NULL;

    return member != NULL ? member->operator_name : "-";
}

static void print_account(const struct audit *audit, const struct vch_account *account)
{
    char key[17];

    vch_hex_encode(key, account->key.bytes, 8);
    printf("%-20s %s %12" PRIu64 " %12" PRIu64 "  %5.2f %5.2f  %6" PRIu64 " %5" PRIu64 " %6" PRIu64
           " %7" PRIu64 " %5" PRIu64 "\n",
           operator_of(audit, &account->key), key, account->balance,
           account->stake + account->unbonding, account->correct / 65536.0,
           account->timely / 65536.0, account->successes, account->wrongs, account->silences,
           account->slashes, account->disputes_lost);
}

static vch_status print_report(const struct audit *audit, const struct vch_reading *replay)
{
    const struct vch_state *state = vch_follower_state(audit->follower);
    struct vch_state_totals totals = vch_state_totals(state);
    char root[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(root, replay->checkpoint.root.bytes, VCH_DIGEST_SIZE);
    printf("%s: %" PRIu64 " entries replayed, root %s\n", audit->charter.origin,
           replay->checkpoint.size, root);
    printf("cosigned by %u of %u witnesses; %" PRIu64 " jobs, %" PRIu64
           " verdicts with a majority, %" PRIu64 " without, %" PRIu64 " disputes\n\n",
           replay->cosigned, audit->charter.witness_count, audit->counts[VCH_ENTRY_JOB_OPEN],
           audit->decided, audit->undecided, audit->counts[VCH_ENTRY_DISPUTE_OPEN]);
    printf("%-20s %-16s %12s %12s  %5s %5s  %6s %5s %6s %7s %5s\n", "operator", "key", "balance",
           "stake", "right", "timely", "right", "wrong", "silent", "slashed", "lost");
    for (uint32_t i = 0; i < vch_state_account_count(state); i++)
        print_account(audit, vch_state_account_at(state, i));
    printf("\nescrow %" PRIu64 ", treasury %" PRIu64 ", accounts %" PRIu64 " = deposited %" PRIu64
           " - withdrawn %" PRIu64 "\n",
           totals.escrow, totals.treasury, totals.accounts, totals.deposited, totals.withdrawn);
    putchar('\n');
    vch_audit_gaps_print(&audit->gaps);
    putchar('\n');
    vch_audit_shown_print(&audit->shown);
    VCH_TRY(vch_audit_disputes_print(&audit->disputes));
    VCH_TRY(vch_audit_capture_print(state, &replay->checkpoint.root, audit->tool));
    printf("audited: every entry follows, and every figure is recomputed\n");
    return VCH_OK;
}

static json_t *account_json(const struct audit *audit, const struct vch_account *account)
{
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I}",
                     "operator", operator_of(audit, &account->key), "key",
                     vch_tool_json_hex(account->key.bytes, sizeof account->key.bytes), "balance",
                     (json_int_t)account->balance, "stake", (json_int_t)account->stake, "unbonding",
                     (json_int_t)account->unbonding, "frozen", (int)account->frozen, "correct",
                     (int)account->correct, "timely", (int)account->timely, "successes",
                     (json_int_t)account->successes, "wrongs", (json_int_t)account->wrongs,
                     "silences", (json_int_t)account->silences, "slashes",
                     (json_int_t)account->slashes, "disputes_lost",
                     (json_int_t)account->disputes_lost);
}

static vch_status print_json(const struct audit *audit, const struct vch_reading *replay)
{
    const struct vch_state *state = vch_follower_state(audit->follower);
    struct vch_state_totals totals = vch_state_totals(state);
    struct vch_digest digest = vch_state_digest(state);
    json_t *accounts = json_array(), *capture = NULL, *disputed = NULL;
    vch_status status =
        vch_audit_capture_json(&capture, state, &replay->checkpoint.root, audit->tool);
    const vch_status listed = vch_audit_disputes_json(&disputed, &audit->disputes);

    if (vch_is_ok(status)) status = listed;
    for (uint32_t i = 0; i < vch_state_account_count(state); i++)
        json_array_append_new(accounts, account_json(audit, vch_state_account_at(state, i)));
    vch_status printed = vch_tool_print_json(json_pack(
        "{s:s, s:I, s:o, s:o, s:i, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
        "origin", audit->charter.origin, "size", (json_int_t)replay->checkpoint.size, "root",
        vch_tool_json_hex(replay->checkpoint.root.bytes, VCH_DIGEST_SIZE), "state",
        vch_tool_json_hex(digest.bytes, VCH_DIGEST_SIZE), "cosigned", (int)replay->cosigned,
        "accounts", accounts, "verdicts", json_incref(audit->verdicts), "escrow",
        (json_int_t)totals.escrow, "treasury", (json_int_t)totals.treasury, "deposited",
        (json_int_t)totals.deposited, "withdrawn", (json_int_t)totals.withdrawn, "disputes",
        (json_int_t)audit->counts[VCH_ENTRY_DISPUTE_OPEN], "disputed", disputed, "capture", capture,
        "gaps", vch_audit_gaps_json(&audit->gaps), "shown", vch_audit_shown_json(&audit->shown)));
    return vch_is_ok(status) ? printed : status;
}

static vch_status read_seen(struct vch_reading *replay, struct vch_tool *tool)
{
    const char *path = vch_options_text(tool->options, "seen");
    uint8_t *bytes = NULL;

    if (path == NULL || access(path, F_OK) != 0) return VCH_OK; // the first time
    VCH_TRY(vch_tool_file(&bytes, &replay->seen_size, tool, path, NOTE_MAX));
    replay->seen = (const char *)bytes;
    return VCH_OK;
}

// What was seen last stays what it was when the log is false: it is what shows that.
static vch_status remember(const struct vch_reading *replay, struct vch_tool *tool,
                           vch_status status)
{
    const char *seen = vch_options_text(tool->options, "seen");
    const char *evidence = vch_options_text(tool->options, "evidence");
    struct vch_complaint unheard = {{0}};

    if (replay->evidence != NULL && evidence != NULL) {
        vch_status written =
            vch_file_write(evidence, replay->evidence, replay->evidence_size, false, &unheard);
        if (!vch_is_ok(written)) (void)fprintf(stderr, "vouch audit: %s\n", unheard.text);
    }
    if (!vch_is_ok(status) || seen == NULL) return status;
    return vch_file_write(seen, replay->note, replay->note_size, false, &tool->complaint);
}

static vch_status replay(struct audit *audit, struct vch_published *published)
{
    struct vch_tool *tool = audit->tool;
    struct vch_reading run = {.published = published,
                              .charter = &audit->charter,
                              .follower = audit->follower,
                              .on_progress = on_progress,
                              .context = audit};

    VCH_TRY(read_seen(&run, tool));
    vch_progress_start(&audit->progress, "replaying", 1);
    vch_status status = vch_reading_run(&run, &tool->arena, &tool->complaint);
    vch_progress_finish(&audit->progress);
    if (vch_is_ok(status))
        status = vch_state_check_invariants(vch_follower_state(audit->follower), &tool->complaint);
    VCH_TRY(remember(&run, tool, status));
    if (audit->state != NULL) vch_audit_shown_end(&audit->shown, audit->state);
    VCH_TRY(vch_options_has(tool->options, "json") ? print_json(audit, &run)
                                                   : print_report(audit, &run));
    return vch_audit_shown_judge(&audit->shown, tool);
}

vch_status vch_audit_ledger_replay(struct vch_tool *tool)
{
    struct audit audit = {.tool = tool};
    struct vch_published *published = NULL;
    const char *from = NULL;

    VCH_TRY(vch_options_required(&from, tool->options, "from", &tool->complaint));
    VCH_TRY(vch_ledger_tool_charter(&audit.charter, tool));
    vch_arena_init(&audit.memory, DISPUTES_MAX);
    audit.disputes.arena = &audit.memory;
    VCH_TRY(vch_published_open(&published, from, &tool->complaint));
    const struct vch_follower_setup setup = {
        .charter = audit.charter, .on_next = on_next, .on_entry = on_entry, .context = &audit};
    if (vch_options_has(tool->options, "json")) audit.verdicts = json_array();
    vch_status status = vch_audit_shown_open(&audit.shown, tool, &audit.charter);
    if (vch_is_ok(status))
        status = vch_audit_gaps_init(&audit.gaps, vch_options_has(tool->options, "verbose"));
    if (vch_is_ok(status)) status = vch_follower_new(&audit.follower, &setup, &tool->complaint);
    if (vch_is_ok(status)) status = replay(&audit, published);
    vch_follower_free(audit.follower);
    vch_published_close(published);
    vch_audit_gaps_release(&audit.gaps);
    json_decref(audit.verdicts);
    vch_arena_release(&audit.memory);
    return status;
}

vch_status vch_audit_ledger_equivocation(struct vch_tool *tool)
{
    struct vch_equivocation found;
    struct vch_charter charter;
    struct vch_vkey clerk;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_ledger_tool_charter(&charter, tool));
    VCH_TRY(
        vch_vkey_init(&clerk, charter.origin, VCH_VKEY_ED25519, &charter.clerk, &tool->complaint));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, vch_options_text(tool->options, "equivocation"),
                          VCH_EQUIVOCATION_SIZE_MAX));
    VCH_TRY(vch_equivocation_verify(&found, (const char *)bytes, size, &clerk, &tool->complaint));
    printf("the clerk of %s signed two histories that no one log can have, of %" PRIu64
           " and %" PRIu64 " entries\n",
           charter.origin, found.first.size, found.second.size);
    return VCH_OK;
}
