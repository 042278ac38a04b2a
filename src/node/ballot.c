#include "node/ballot.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/derive.h"
#include "host/clock.h"
#include "host/log.h"
#include "node/ballot_parts.h"

enum { ARENA_MAX = 64 << 20 };

void vch_ballot_derive(struct vch_ballot_keys *out, const struct vch_secret_key *key,
                       const struct vch_vrf_secret *vrf, const struct vch_digest *ledger)
{
    out->seat = (struct vch_seat_keys){.node = key->public_key, .vrf = *vrf};
    vch_derive_seat_secret(out->seat.secret, key, ledger);
    vch_derive_runs_key(out->runs_key, key, ledger);
}

const struct vch_state *vch_ballot_state(const struct vch_ballot *ballot)
{
    return vch_follower_state(ballot->voice.follower);
}

uint64_t vch_ballot_keep_max(const struct vch_ballot *ballot)
{
    return vch_kept_size_max(&ballot->kept);
}

// Says what is due, once what was answered is on disk.
void vch_ballot_flush(struct vch_ballot *ballot)
{
    // Seats' answers are with what it takes to defend them, a referee's in the journal.
    if (!vch_is_ok(vch_kept_sync(&ballot->kept)) ||
        !vch_is_ok(vch_journal_sync(&ballot->journal))) {
        vch_log_write(VCH_LOG_ERROR, "journal %s or %s cannot be written: nothing is committed to",
                      ballot->setup.journal, ballot->kept.vault.folder);
        return;
    }
    const struct vch_state *state = vch_ballot_state(ballot);
    vch_ballot_parts_turn_seats(ballot);
    vch_sides_turn(&ballot->sides, state, vch_clock_monotonic_ms());
    vch_kept_sweep(&ballot->kept, state);
    vch_voice_flush(&ballot->voice);
}

static void on_progress(void *context)
{
    struct vch_ballot *ballot = context;

    vch_ballot_flush(ballot);
    ballot->setup.on_progress(ballot->setup.context);
}

static void on_ready(struct vch_ballot *ballot)
{
    vch_log_write(VCH_LOG_INFO, "ledger %s: connected", ballot->setup.charter.origin);
    if (ballot->was_ready) {
        vch_answers_forget_sent(ballot->answers);
        vch_appeals_forget_sent(&ballot->appeals);
    }
    ballot->was_ready = true;
    vch_ballot_flush(ballot);
}

static void on_change(void *context, enum vch_ledger_link_state state)
{
    struct vch_ballot *ballot = context;
    const bool is_broken = state == VCH_LEDGER_LINK_BROKEN;

    if (state == VCH_LEDGER_LINK_READY) on_ready(ballot);
    if (is_broken || (ballot->was_ready && state == VCH_LEDGER_LINK_DOWN))
        vch_log_write(is_broken ? VCH_LOG_ERROR : VCH_LOG_WARNING, "ledger %s: %s",
                      ballot->setup.charter.origin, vch_ledger_link_trouble(ballot->voice.link));
}

static void on_refused(void *context, const char *text)
{
    (void)context;
    vch_log_write(VCH_LOG_DEBUG, "ledger: not taken: %s", text);
}

static vch_status start(struct vch_ballot *ballot, struct vch_complaint *complaint)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    // What others signed is for the clerk and for auditors to check; this node needs to know where
    // contests stand, and that rests on cosigned roots.
    const struct vch_voice_setup voice = {.base = setup->base,
                                          .tls = setup->tls,
                                          .signer = setup->signer,
                                          .charter = setup->charter,
                                          .host = setup->host,
                                          .port = setup->port,
                                          .trusts_signatures = true,
                                          .witness_urls = setup->witness_urls,
                                          .witness_count = setup->witness_count,
                                          .witness_after_ms = setup->witness_after_ms,
                                          .on_progress = on_progress,
                                          .on_change = on_change,
                                          .on_refused = on_refused,
                                          .context = ballot};

    vch_arena_init(&ballot->arena, ARENA_MAX);
    vch_ballot_parts_prepare_sides(ballot);
    VCH_TRY(vch_ballot_parts_open_seats(ballot, complaint));
    VCH_TRY(vch_ballot_parts_open_runs(ballot, complaint));
    return vch_voice_open(&ballot->voice, &voice, complaint);
}

vch_status vch_ballot_new(struct vch_ballot **out, const struct vch_ballot_setup *setup,
                          struct vch_complaint *complaint)
{
    struct vch_ballot *ballot = calloc(1, sizeof *ballot);

    if (ballot == NULL) return VCH_FAIL(NO_MEMORY);
    ballot->setup = *setup;
    ballot->journal.file = -1;
    vch_status status = start(ballot, complaint);
    if (!vch_is_ok(status)) {
        vch_ballot_free(ballot);
        return status;
    }
    *out = ballot;
    return VCH_OK;
}

void vch_ballot_free(struct vch_ballot *ballot)
{
    if (ballot == NULL) return;
    vch_sides_release(&ballot->sides);
    vch_voice_close(&ballot->voice);
    vch_kept_close(&ballot->kept);
    vch_journal_close(&ballot->journal);
    vch_arena_release(&ballot->arena);
    vch_wipe(&ballot->setup.keys, sizeof ballot->setup.keys);
    free(ballot);
}
