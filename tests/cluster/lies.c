// A clerk that tries what is not due: every follower must refuse it, and be as it was before.
#include <string.h>

#include "cluster/cluster.h"

struct attempt {
    struct cluster *world;
    struct vch_state *state;
    const struct vch_contest *contest;
    uint64_t time_ms;
};

// Whether the state refuses the entry, signed by the clerk as if it were due.
static void try(const struct attempt *attempt, struct vch_entry *entry, const char *what)
{
    struct cluster *world = attempt->world;
    const bool compares = cluster_random_chance(&world->random, 10);
    struct vch_digest before = {{0}}, after = {{0}};
    struct vch_entry read;
    uint8_t *bytes = NULL;
    size_t size = 0;

    entry->time_ms = attempt->time_ms;
    if (world->is_broken || !cluster_sign(world, entry, &world->clerk)) return;
    if (!vch_is_ok(vch_entry_encode(&bytes, &size, entry, &world->work, &world->complaint)) ||
        !vch_is_ok(vch_entry_decode(&read, bytes, size, &world->work, &world->complaint)))
        return;
    if (compares) before = vch_state_digest(attempt->state);
    if (vch_is_ok(vch_state_apply(attempt->state, &read, bytes, size, &world->complaint)))
        cluster_fail(world, "a follower takes %s", what);
    if (compares) after = vch_state_digest(attempt->state);
    if (!vch_hash_is_equal(&before, &after))
        cluster_fail(world, "a follower refuses %s, but is changed by it", what);
    world->figures.lies++;
}

static void fill_draw(struct vch_entry *entry, struct vch_entry_seat *seats,
                      const struct vch_contest *contest)
{
    *entry = (struct vch_entry){.kind = VCH_ENTRY_DRAW, .contest = contest->id};
    entry->draw.count =
        contest->standing < VCH_ENTRY_SEATS_MAX ? contest->standing : VCH_ENTRY_SEATS_MAX;
    for (uint32_t i = 0; i < entry->draw.count; i++)
        seats[i] = (struct vch_entry_seat){contest->seats[i].node, contest->seats[i].weight};
    entry->draw.seats = seats;
    entry->draw.eligible = contest->eligible;
    entry->draw.weight = contest->weight;
}

// What is wrong in itself has to be refused when something like it is due, too.
static struct attempt when_due(const struct attempt *at)
{
    struct attempt late = *at;

    if (late.contest->due_ms != UINT64_MAX && late.contest->due_ms > late.time_ms)
        late.time_ms = late.contest->due_ms;
    return late;
}

static void lie_about_draw(const struct attempt *at)
{
    const struct attempt late = when_due(at);
    static struct vch_entry_seat seats[VCH_ENTRY_SEATS_MAX + 1];
    struct vch_entry entry;

    fill_draw(&entry, seats, at->contest);
    if (at->time_ms < at->contest->due_ms) try(at, &entry, "a draw before its time");
    if (entry.draw.count > 0) {
        entry.draw.count--;
        try(&late, &entry, "a draw without its last seat");
        entry.draw.count++;
        seats[0].weight++;
        try(&late, &entry, "a draw with another weight");
    }
    fill_draw(&entry, seats, at->contest);
    entry.draw.eligible--;
    try(&late, &entry, "a draw with fewer eligible");
    fill_draw(&entry, seats, at->contest);
    entry.draw.weight++;
    try(&late, &entry, "a draw with another sum");
    fill_draw(&entry, seats, at->contest);
    if (entry.draw.count < 2) return;
    const struct vch_entry_seat first = seats[0];
    seats[0] = seats[1];
    seats[1] = first;
    try(&late, &entry, "a draw out of order");
    seats[1] = first;
    seats[0].node = at->world->nodes[0].key.public_key;
    if (memcmp(&seats[0].node, &at->contest->seats[0].node, sizeof seats[0].node) != 0)
        try(&late, &entry, "a draw of somebody else");
}

static void lie_about_close(const struct attempt *at)
{
    const struct attempt late = when_due(at);
    struct vch_entry entry = {.kind = VCH_ENTRY_CLOSE, .contest = at->contest->id};

    entry.close.commits = at->contest->commits;
    if (at->time_ms < at->contest->due_ms) try(at, &entry, "a close before its time");
    entry.close.commits++;
    try(&late, &entry, "a close with another count");
}

static void lie_about_verdict(const struct attempt *at)
{
    const struct attempt late = when_due(at);
    struct vch_entry entry = {.kind = VCH_ENTRY_VERDICT, .contest = at->contest->id};
    const struct vch_state_tally tally = vch_state_tally(at->state, at->contest);

    entry.verdict.has_output = tally.has_output;
    entry.verdict.output = tally.output;
    entry.verdict.agreeing = tally.agreeing;
    if (at->time_ms < at->contest->due_ms) try(at, &entry, "a verdict before its time");
    entry.verdict.agreeing++;
    try(&late, &entry, "a verdict with another count");
    entry.verdict.agreeing--;
    entry.verdict.has_output = true;
    entry.verdict.output.bytes[5] ^= 1;
    try(&late, &entry, "a verdict on another output");
    if (!tally.has_output) return;
    entry.verdict.has_output = false;
    entry.verdict.agreeing = 0;
    try(&late, &entry, "a verdict without the majority's output");
}

static void lie_out_of_phase(const struct attempt *at)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_CLOSE, .contest = at->contest->id};

    if (at->contest->phase != VCH_CONTEST_COMMITTING) {
        entry.close.commits = at->contest->commits;
        try(at, &entry, "a close out of phase");
    }
    if (at->contest->phase != VCH_CONTEST_DRAWING && at->contest->phase != VCH_CONTEST_OPEN) {
        static struct vch_entry_seat seats[VCH_ENTRY_SEATS_MAX];
        fill_draw(&entry, seats, at->contest);
        try(at, &entry, "a second draw");
    }
    entry = (struct vch_entry){.kind = VCH_ENTRY_REVEAL, .contest = at->contest->id};
    try(at, &entry, "a reveal by no seat");
    entry = (struct vch_entry){.kind = VCH_ENTRY_COMMIT, .contest = at->contest->id};
    try(at, &entry, "a commit by no seat");
}

static void lie_about_anchor(const struct attempt *at)
{
    struct cluster *world = at->world;
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};
    const uint64_t size = vch_state_size(at->state), time_s = at->time_ms / 1000;
    const uint64_t skew_ms = world->plan.parameters.skew_ms;

    entry.anchor.size = size;
    entry.anchor.root = vch_state_root(at->state);
    entry.anchor.count = vch_charter_quorum(&world->charter);
    entry.anchor.root.bytes[0] ^= 1;
    for (uint32_t i = 0; i < entry.anchor.count; i++) {
        entry.anchor.cosignatures[i] =
            (struct vch_entry_cosignature){.witness = i, .time_s = time_s};
        cluster_cosign(world, i, time_s, size, &entry.anchor.root,
                       &entry.anchor.cosignatures[i].signature);
    }
    try(at, &entry, "an anchor of another tree");
    entry.anchor.root.bytes[0] ^= 1;
    try(at, &entry, "an anchor with cosignatures of another tree");
    for (uint32_t i = 0; i < entry.anchor.count; i++)
        cluster_cosign(world, i, time_s, size, &entry.anchor.root,
                       &entry.anchor.cosignatures[i].signature);
    for (int off = -1; off <= 1; off += 2) {
        struct vch_entry stale = entry;
        stale.anchor.cosignatures[1].time_s += (uint64_t)off * (skew_ms / 1000 + 2);
        cluster_cosign(world, 1, stale.anchor.cosignatures[1].time_s, size, &stale.anchor.root,
                       &stale.anchor.cosignatures[1].signature);
        try(at, &stale, "an anchor with a cosignature of another time");
    }
    entry.anchor.count--;
    try(at, &entry, "an anchor with too few cosignatures");
    entry.anchor.count++;
    entry.anchor.size = size + 1;
    try(at, &entry, "an anchor of the future");
    entry.anchor.size = vch_state_anchored(at->state);
    try(at, &entry, "an anchor of the past");
}

static void lie_about_jobs(const struct attempt *at)
{
    const struct vch_job_record *job = vch_state_next_job(at->state, NULL);
    const struct vch_dispute *dispute = vch_state_next_dispute(at->state, NULL);
    struct vch_entry entry = {.kind = VCH_ENTRY_EXPIRE};

    if (job != NULL && at->time_ms < job->deadline_ms) {
        entry.expire = job->id;
        try(at, &entry, "an expiry before its time");
    }
    if (dispute != NULL && dispute->phase == VCH_DISPUTE_MOVING &&
        at->time_ms < dispute->step_ms + at->world->plan.parameters.move_ms) {
        entry = (struct vch_entry){.kind = VCH_ENTRY_DISPUTE_DEFAULT};
        entry.dispute_default = dispute->id;
        try(at, &entry, "a default before its time");
    }
    entry = (struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .number = UINT64_MAX};
    entry.deposit.account = at->world->clerk.public_key;
    entry.deposit.amount = 1;
    try(at, &entry, "a deposit by the clerk");
}

static void lie_about_contest(const struct attempt *at)
{
    const enum vch_contest_phase phase = at->contest->phase;

    if (phase == VCH_CONTEST_DRAWING && !at->contest->is_trial) lie_about_draw(at);
    if (phase == VCH_CONTEST_COMMITTING) lie_about_close(at);
    if (phase == VCH_CONTEST_CLOSED || phase == VCH_CONTEST_REVEALING) lie_about_verdict(at);
    lie_out_of_phase(at);
}

void cluster_lie(struct cluster *world, const struct cluster_event *event)
{
    const struct vch_arena_mark mark = vch_arena_mark(&world->work);
    struct attempt attempt = {.world = world};
    uint32_t tried = 0;

    attempt.state = world->replicas[cluster_random_below(&world->random, world->plan.groups)].state;
    attempt.time_ms = vch_state_time(attempt.state);
    while ((attempt.contest = vch_state_next_contest(attempt.state, attempt.contest)) != NULL &&
           tried < 24) {
        if (!cluster_random_chance(&world->random, 300)) continue;
        lie_about_contest(&attempt);
        vch_arena_rewind(&world->work, mark);
        tried++;
    }
    lie_about_anchor(&attempt);
    lie_about_jobs(&attempt);
    vch_arena_rewind(&world->work, mark);
    if (world->jobs_left > 0) cluster_at(world, world->now_ms + world->plan.lie_every_ms, *event);
}
