// Who should have been drawn, worked out a second time: from the sortitions in the log, with
// logarithms of the machine instead of agreement.md's integers, and by looking for the best again
// and again.
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "cluster/cluster.h"

static double exponent_of(const struct vch_vrf_beta *beta)
{
    const double low = (double)vch_get_u64le(beta->bytes);
    const double high = (double)vch_get_u64le(beta->bytes + 8);

    return 128 - log2(high * 18446744073709551616.0 + low + 1);
}

// The weight is that before the entry: with it a window may close, and a mark fall.
void cluster_weigh_sortition(struct cluster *world, const struct vch_state *state,
                             const struct vch_entry *entry)
{
    const struct vch_account *account = vch_state_account(state, &entry->writer);
    world->weight = account != NULL ? vch_state_weight(state, account) : 0;
}

void cluster_note_growth(struct cluster *world, const struct vch_state *state,
                         const struct vch_entry *entry)
{
    const uint32_t node = cluster_find_node(world, &entry->writer);
    if (node != UINT32_MAX) world->nodes[node].grown = vch_state_size(state) - 1;
}

void cluster_note_sortition(struct cluster *world, const struct vch_state *state,
                            const struct vch_entry *entry)
{
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);
    struct cluster_contest *known = cluster_contest_of(world, &entry->contest);
    struct cluster_drawn *drawn = VCH_ARENA_NEW(&world->arena, struct cluster_drawn, 1);
    const struct vch_vrf_beta beta = cluster_beta(world, &entry->sortition.proof);

    if (drawn == NULL || world->weight == 0) {
        cluster_fail(world, "a sortition by nobody");
        return;
    }
    drawn->node = cluster_find_node(world, &entry->writer);
    if (contest != NULL && world->nodes[drawn->node].grown > contest->anchored)
        cluster_fail(world, "node %u drew with what it staked after the anchor", drawn->node);
    drawn->priority = exponent_of(&beta) / (double)world->weight;
    drawn->next = known->drawn;
    known->drawn = drawn;
}

static bool is_seated(const struct cluster *world, const uint32_t *seated, uint32_t count,
                      uint32_t node)
{
    for (uint32_t i = 0; i < count; i++)
        if (world->nodes[seated[i]].operator_ == world->nodes[node].operator_) return true;
    return false;
}

static const struct cluster_drawn *best(const struct cluster *world,
                                        const struct cluster_contest *known, const uint32_t *seated,
                                        uint32_t count)
{
    const struct cluster_drawn *leader = NULL;

    for (const struct cluster_drawn *at = known->drawn; at != NULL; at = at->next)
        if ((leader == NULL || at->priority < leader->priority) &&
            !is_seated(world, seated, count, at->node))
            leader = at;
    return leader;
}

static uint64_t time_at(const struct cluster_log *log, uint64_t position)
{
    const uint8_t *at = log->bytes + (position > 0 ? log->ends[position - 1] : 0);
    uint64_t time_ms = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) { // a varint behind the tag
        time_ms |= (uint64_t)(*++at & 0x7f) << shift;
        if (*at < 0x80) break;
    }
    return time_ms;
}

// A disputer that was no seat is of an operator for as long as it is a member: of an account that
// was dropped, as of one that never was a member, nobody can say whose it is.
static bool has_operator(const struct cluster *world, const struct vch_state *state,
                         const struct vch_contest *contest, const struct vch_dispute *dispute)
{
    const uint64_t anchored_ms = time_at(&world->forks[0].log, contest->anchored);

    return dispute->is_seat ||
           vch_registry_find(vch_state_registry_at(state, anchored_ms), &dispute->by) != NULL;
}

// Whom the client excluded, and in a dispute both parties, judge nothing of it.
static bool is_barred(struct cluster *world, const struct vch_state *state,
                      const struct vch_contest *contest, uint32_t node)
{
    const struct vch_contest_id first = {contest->id.subject, 0, 0};
    const uint32_t operator_ = world->nodes[node].operator_;
    const struct vch_dispute *dispute = NULL;

    if (!contest->is_dispute) return cluster_contest_of(world, &first)->excluded == operator_ + 1;
    dispute = vch_state_dispute(state, &contest->id.subject);
    for (uint32_t i = 0; dispute != NULL && i < world->plan.nodes; i++) {
        const struct vch_public_key *key = &world->nodes[i].key.public_key;
        if (world->nodes[i].operator_ != operator_) continue;
        if (vch_state_is_defence(state, dispute, key) ||
            (memcmp(key, &dispute->by, sizeof *key) == 0 &&
             has_operator(world, state, contest, dispute)))
            return true;
    }
    return false;
}

static uint64_t waited_ms(const struct cluster *world, const struct vch_contest *contest)
{
    const struct cluster_log *log = &world->forks[0].log;

    return time_at(log, contest->anchored) - time_at(log, contest->opened);
}

static bool is_late(const struct cluster *world, const struct vch_contest *contest)
{
    const struct vch_parameters *parameters = &world->plan.parameters;

    return waited_ms(world, contest) > parameters->draw_ms + 4 * parameters->skew_ms;
}

// Nobody is drawn by an anchor for which a clerk took its time.
static void check_patience(struct cluster *world, const struct vch_contest *contest)
{
    const bool came_late = is_late(world, contest);

    world->figures.late += came_late;
    if (came_late && contest->eligible + contest->seat_count > 0)
        cluster_fail(world, "seats were drawn %llu ms after what their anchor covers",
                     (unsigned long long)waited_ms(world, contest));
}

// Nor is a client to pay for more seats because of that.
static void check_size(struct cluster *world, const struct vch_state *state,
                       const struct vch_contest *contest)
{
    struct vch_contest_id id = contest->id;
    uint32_t size = world->plan.quorum;

    for (id.round = 0; id.round < contest->id.round; id.round++)
        if (!is_late(world, vch_state_contest(state, &id))) size = 2 * size + 1;
    if (contest->wanted != size)
        cluster_fail(world, "a committee of %u seats, not %u", contest->wanted, size);
}

// A seat of a job is a node of the registry that was in force when the job was opened: who has the
// job alone can check its draw.
static void check_members(struct cluster *world, const struct vch_state *state,
                          const struct vch_contest *contest)
{
    const struct vch_job_record *job = vch_state_job(state, &contest->id.subject);

    if (job == NULL) return;
    const struct vch_registry *registry = vch_state_registry_at(state, job->opened_ms);
    for (uint32_t i = 0; i < contest->seat_count; i++)
        if (contest->seats[i].member != vch_registry_find(registry, &contest->seats[i].node))
            cluster_fail(world, "seat %u is not a node of the job's registry", i);
}

void cluster_check_draw(struct cluster *world, const struct vch_state *state,
                        const struct vch_entry *entry)
{
    const struct cluster_contest *known = cluster_contest_of(world, &entry->contest);
    const struct vch_contest *contest = vch_state_contest(state, &entry->contest);
    uint32_t seated[VCH_ENTRY_SEATS_MAX], count = 0;

    if (contest == NULL || contest->is_trial) return;
    for (; count < contest->wanted; count++) {
        const struct cluster_drawn *leader = best(world, known, seated, count);
        if (leader == NULL) break;
        seated[count] = leader->node;
        if (is_barred(world, state, contest, leader->node))
            cluster_fail(world, "a seat is its own judge, or excluded");
        if (count >= contest->seat_count ||
            cluster_find_node(world, &contest->seats[count].node) != leader->node) {
            cluster_fail(world, "seat %u of %u is not whose it should be", count, contest->wanted);
            return;
        }
    }
    if (!contest->is_dispute) check_members(world, state, contest);
    if (!contest->is_dispute) check_patience(world, contest);
    if (!contest->is_dispute) check_size(world, state, contest);
    if (count != contest->seat_count)
        cluster_fail(world, "%u seats were drawn, not %u", contest->seat_count, count);
}
