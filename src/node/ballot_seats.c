// A ballot's seats: what it answered there, and what it states on the ledger about that, now or
// again.
#include "host/clock.h"
#include "node/ballot_parts.h"

static void state_entry(void *context, struct vch_entry *entry)
{
    struct vch_ballot *ballot = context;
    const struct vch_ballot_setup *setup = &ballot->setup;

    if (setup->on_statement != NULL &&
        !setup->on_statement(setup->on_statement_context, vch_ballot_state(ballot), entry))
        return;
    if (vch_voice_state(&ballot->voice, entry, NULL) && entry->kind == VCH_ENTRY_SORTITION)
        vch_ballot_parts_book(ballot, &entry->contest);
}

static void recall(void *context, const struct vch_journal_record *record)
{
    vch_answers_recall(context, record);
}

vch_status vch_ballot_parts_open_seats(struct vch_ballot *ballot, struct vch_complaint *complaint)
{
    const struct vch_ballot_setup *setup = &ballot->setup;
    const struct vch_answers_setup answers = {.keys = &setup->keys.seat,
                                              .journal = &ballot->journal,
                                              .send = state_entry,
                                              .may_draw = vch_ballot_parts_may_draw,
                                              .context = ballot};
    const struct vch_appeals_setup appeals = {.self = setup->signer->public_key,
                                              .disputes = setup->disputes,
                                              .send = state_entry,
                                              .leaves = vch_ballot_parts_leaves,
                                              .context = ballot};

    VCH_TRY(vch_answers_new(&ballot->answers, &answers, &ballot->arena));
    VCH_TRY(vch_appeals_init(&ballot->appeals, &appeals, &ballot->arena));
    return vch_journal_open(&ballot->journal, setup->journal, recall, ballot->answers, complaint);
}

// A referee to whom no side has opened anything commits to that, before its time is over: silence
// would cost it more.
static void give_up_as_referee(struct vch_ballot *ballot, const struct vch_state *state)
{
    const uint64_t wait_ms = ballot->setup.charter.parameters.commit_ms * 3 / 4;
    static const struct vch_digest nothing;

    for (const struct vch_contest *at = vch_state_next_contest(state, NULL); at != NULL;
         at = vch_state_next_contest(state, at)) {
        if (!at->is_dispute || at->phase != VCH_CONTEST_COMMITTING) continue;
        if (vch_answers_own(ballot->answers, at) == NULL ||
            vch_answers_has_answer(ballot->answers, &at->id))
            continue;
        if (vch_clock_unix_ms() < at->phase_ms + wait_ms) continue;
        vch_status status = vch_answers_answer(ballot->answers, &at->id, &nothing, NULL);
        if (!vch_is_ok(status)) return; // the journal cannot be written: the next turn says so
    }
}

void vch_ballot_parts_turn_seats(struct vch_ballot *ballot)
{
    const struct vch_state *state = vch_ballot_state(ballot);

    give_up_as_referee(ballot, state);
    vch_answers_turn(ballot->answers, state, vch_clock_unix_ms());
    vch_appeals_turn(&ballot->appeals, state, vch_clock_unix_ms());
}
