#include "agreement/roster.h"

#include <string.h>

#include "agreement/accounts.h"

vch_status vch_roster_init(struct vch_state *state, struct vch_arena *arena)
{
    state->roster_count = state->setup.limits.registries;
    state->rosters = VCH_ARENA_NEW(arena, struct roster *, state->roster_count);
    state->operator_marks = VCH_ARENA_NEW(arena, uint64_t, (size_t)2 * VCH_REGISTRY_MEMBERS_MAX);
    struct roster *places = VCH_ARENA_NEW(arena, struct roster, state->roster_count);
    if (state->rosters == NULL || state->operator_marks == NULL || places == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < state->roster_count; i++) {
        struct roster *roster = state->rosters[i] = &places[i];
        roster->by_name = VCH_ARENA_NEW(arena, uint32_t, VCH_REGISTRY_MEMBERS_MAX);
        roster->operators = VCH_ARENA_NEW(arena, uint32_t, VCH_REGISTRY_MEMBERS_MAX);
        if (roster->by_name == NULL || roster->operators == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

// A registry counts from the epoch after its entry's.
static bool is_in_force(const struct vch_state *state, const struct roster *roster,
                        uint64_t time_ms)
{
    const uint64_t epoch_ms = state->parameters.epoch_ms;

    return roster->registry != NULL && roster->since_ms / epoch_ms < time_ms / epoch_ms;
}

struct roster *vch_roster_at(const struct vch_state *state, uint64_t time_ms)
{
    for (uint32_t i = 0; i < state->roster_count; i++)
        if (is_in_force(state, state->rosters[i], time_ms)) return state->rosters[i];
    return NULL;
}

struct roster *vch_roster_newest(const struct vch_state *state)
{
    struct roster *newest = state->rosters[0];

    return newest->registry != NULL ? newest : NULL;
}

const struct vch_member *vch_roster_member(const struct roster *roster, struct account *account)
{
    if (account->generation != roster->generation) {
        account->member = vch_registry_find(roster->registry, &account->is.key);
        account->generation = roster->generation;
    }
    return account->member;
}

uint32_t vch_roster_operator(const struct roster *roster, const struct vch_member *member)
{
    return roster->operators[member - roster->registry->members];
}

static const char *name_at(const struct roster *roster, uint32_t rank)
{
    return roster->registry->members[roster->by_name[rank]].operator_name;
}

bool vch_roster_find_operator(uint32_t *out, const struct roster *roster, const char *name)
{
    uint32_t begin = 0, end = roster->registry->member_count;

    while (begin < end) { // the first that is not before it
        const uint32_t middle = begin + (end - begin) / 2;
        if (strcmp(name_at(roster, middle), name) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    if (begin == roster->registry->member_count || strcmp(name_at(roster, begin), name) != 0)
        return false;
    *out = roster->operators[roster->by_name[begin]];
    return true;
}

vch_status vch_roster_check_node(const struct vch_state *state, const struct step *step,
                                 struct vch_complaint *complaint)
{
    const struct roster *newest = vch_roster_newest(state);
    const struct vch_member *member =
        newest != NULL ? vch_registry_find(newest->registry, &step->entry->writer) : NULL;

    if (member != NULL && member->role == VCH_ROLE_NODE) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "%s is for nodes of the newest registry, and the writer is none: ask the "
                        "network's founder",
                        vch_entry_kind_text(step->entry->kind));
}

// Not in force now nor to be, and nobody draws from it.
static bool is_free(const struct vch_state *state, const struct roster *roster, uint64_t now)
{
    return roster->registry == NULL || (roster->users == 0 && roster != vch_roster_at(state, now) &&
                                        roster != vch_roster_newest(state));
}

// The oldest that is free, among the rosters; as many as there are: none. Whatever a long job holds
// is passed over, so that no single one keeps a founder from removing a key.
static uint32_t find_place(const struct vch_state *state, uint64_t now)
{
    for (uint32_t i = state->roster_count; i-- > 0;)
        if (is_free(state, state->rosters[i], now)) return i;
    return state->roster_count;
}

vch_status vch_roster_check(struct vch_state *state, struct step *step,
                            struct vch_complaint *complaint)
{
    const struct vch_digest *digest = &step->entry->registry.digest;
    const uint64_t serial = step->entry->registry.serial;

    if (vch_roster_newest(state) != NULL && serial <= state->serial)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry's serial %llu is not above the last one's, %llu",
                            (unsigned long long)serial, (unsigned long long)state->serial);
    step->registry = state->setup.registry(state->setup.context, digest);
    if (step->registry == NULL)
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "the registry that the entry names is not at hand: fetch it first");
    if (memcmp(&step->registry->founder, &state->charter.founder, sizeof state->charter.founder) !=
            0 ||
        !vch_hash_is_equal(&step->registry->digest, digest) || step->registry->serial != serial)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry is not by the ledger's founder, or not of that serial");
    if (find_place(state, step->now) == state->roster_count)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "the %u registries that are kept are all in use: wait for an epoch, or "
                            "until jobs are over",
                            state->roster_count);
    return VCH_OK;
}

static bool is_named_before(const struct roster *roster, uint32_t a, uint32_t b)
{
    const struct vch_member *members = roster->registry->members;

    return strcmp(members[a].operator_name, members[b].operator_name) < 0;
}

// Heapsort: in place, and of a cost that nobody's names can raise.
static void sink(struct roster *roster, uint32_t root, uint32_t count)
{
    uint32_t *order = roster->by_name;

    for (uint32_t child = 2 * root + 1; child < count; root = child, child = 2 * root + 1) {
        if (child + 1 < count && is_named_before(roster, order[child], order[child + 1])) child++;
        if (!is_named_before(roster, order[root], order[child])) return;
        const uint32_t kept = order[root];
        order[root] = order[child];
        order[child] = kept;
    }
}

static void sort_by_name(struct roster *roster)
{
    const uint32_t count = roster->registry->member_count;
    uint32_t *order = roster->by_name;

    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t root = count / 2; root-- > 0;)
        sink(roster, root, count);
    for (uint32_t end = count; end-- > 1;) {
        const uint32_t largest = order[0];
        order[0] = order[end];
        order[end] = largest;
        sink(roster, 0, end);
    }
}

// An operator's number is the rank of the first of its name.
static void number_operators(struct roster *roster)
{
    uint32_t number = 0;

    for (uint32_t rank = 0; rank < roster->registry->member_count; rank++) {
        if (rank > 0 && strcmp(name_at(roster, rank - 1), name_at(roster, rank)) != 0)
            number = rank;
        roster->operators[roster->by_name[rank]] = number;
    }
}

void vch_roster_take(struct vch_state *state, const struct step *step)
{
    const uint32_t place = find_place(state, step->now);
    struct roster *roster = state->rosters[place];

    memmove(&state->rosters[1], state->rosters, place * sizeof(struct roster *));
    state->rosters[0] = roster;
    roster->registry = step->registry;
    roster->since_ms = step->now;
    roster->generation = ++state->generations;
    roster->users = 0;
    sort_by_name(roster);
    number_operators(roster);
    state->serial = step->entry->registry.serial;
}
