#include "split/search.h"

#include "split/beam.h"
#include "split/plan_fill.h"
#include "split/teams.h"
#include "split/usage.h"

enum {
    WIDTH_MIN = 4, // exactness without resource limits needs two
    WIDTH_MAX = 512,
    TEAMS_FULL = 64, // sets of nodes per segment that are all tried
    TEAMS_SOME = 8,
};
#define EFFORT_MAX 4000000u        // extensions, roughly
#define PATHS_SIZE_MAX (16u << 20) // bytes

struct walk {
    struct vch_search *search;
    const struct vch_cost *cost;
    struct vch_teams *teams;
    struct vch_arena *arena;
    uint32_t depth_max; // segments
    uint32_t width;
    struct vch_beam_path *paths;         // by segments so far, cut, place
    uint32_t *path_counts;               // by segments so far, cut
    uint16_t *members;                   // by path: the nodes of its last segment
    uint64_t rest_us[VCH_PLAN_CUTS_MAX]; // by cut: no plan takes less from here; UINT64_MAX: none
    bool is_dropping;
    // What is being extended.
    uint32_t depth, from, to, parent;
    struct vch_usage usage; // of `parent`
    // The best whole plan so far: the last segment, and the path before it.
    struct {
        struct vch_beam_price price;
        uint32_t depth, from, to, parent; // depth 0: none yet
        uint16_t members[VCH_PLAN_QUORUM_MAX];
    } best;
};

static uint32_t quorum_of(const struct walk *walk)
{
    return walk->cost->problem->quorum;
}

static uint32_t path_index(const struct walk *walk, uint32_t depth, uint32_t cut, uint32_t place)
{
    return (depth * walk->cost->cut_count + cut) * walk->width + place;
}

static const uint16_t *members_of(const struct walk *walk, uint32_t path)
{
    return walk->members + (size_t)path * quorum_of(walk);
}

static void take_parent(struct walk *walk)
{
    uint32_t path = walk->parent, to = walk->from;

    if (walk->depth > 0) vch_usage_set_neighbours(&walk->usage, members_of(walk, path));
    for (uint32_t depth = walk->depth; depth > 0; depth--) {
        vch_usage_take(&walk->usage, walk->paths[path].cut, to, members_of(walk, path));
        to = walk->paths[path].cut;
        path = walk->paths[path].parent;
    }
}

static void forget_parent(struct walk *walk)
{
    uint32_t path = walk->parent;

    for (uint32_t depth = walk->depth; depth > 0; depth--, path = walk->paths[path].parent)
        vch_usage_forget(&walk->usage, members_of(walk, path));
}

// What `parent` becomes when these nodes serve the segment (from, to).
static struct vch_beam_path extended(const struct walk *walk, const uint16_t *members,
                                     uint64_t time_us)
{
    const struct vch_usage_outlook outlook =
        vch_usage_look(&walk->usage, walk->from, walk->to, members);
    struct vch_beam_path path = {.price = walk->paths[walk->parent].price,
                                 .state = outlook.state,
                                 .company = outlook.company,
                                 .parent = walk->parent,
                                 .cut = walk->from};

    path.price.time_us += time_us;
    path.price.shared += outlook.is_shared;
    return path;
}

// May a plan that begins like this become the best? Costs never fall along a path.
static bool is_promising(const struct walk *walk, struct vch_beam_price price, uint32_t cut)
{
    if (walk->rest_us[cut] == UINT64_MAX) return false;
    price.time_us += walk->rest_us[cut];
    return walk->best.depth == 0 || vch_beam_is_less(price, walk->best.price);
}

static void consider_as_whole(struct walk *walk, const struct vch_beam_path *path,
                              const uint16_t *members)
{
    const struct vch_cost_cut *end = &walk->cost->cuts[walk->to];
    struct vch_beam_price price = path->price;

    if (!end->is_end || walk->depth + 1 < walk->cost->problem->segments_min) return;
    price.time_us += end->end_cost_us;
    if (walk->best.depth != 0 && !vch_beam_is_less(price, walk->best.price)) return;
    walk->best.price = price;
    walk->best.depth = walk->depth + 1;
    walk->best.from = walk->from;
    walk->best.to = walk->to;
    walk->best.parent = walk->parent;
    for (uint32_t k = 0; k < quorum_of(walk); k++)
        walk->best.members[k] = members[k];
}

static void on_offer(void *context, const uint16_t *members, uint64_t time_us)
{
    struct walk *walk = context;
    struct vch_beam_path path = extended(walk, members, time_us);
    uint32_t depth = walk->depth + 1;

    if (!is_promising(walk, path.price, walk->to)) return;
    consider_as_whole(walk, &path, members);
    if (depth == walk->depth_max) return;

    uint32_t first = path_index(walk, depth, walk->to, 0);
    uint32_t *count = &walk->path_counts[depth * walk->cost->cut_count + walk->to];
    uint32_t place =
        vch_beam_place(walk->paths + first, count, walk->width, &path, &walk->is_dropping);
    if (place == VCH_BEAM_NONE) return;
    walk->paths[first + place] = path;
    for (uint32_t k = 0; k < quorum_of(walk); k++)
        walk->members[(size_t)(first + place) * quorum_of(walk) + k] = members[k];
}

static vch_status extend(struct walk *walk)
{
    vch_status status = VCH_OK;

    if (!is_promising(walk, walk->paths[walk->parent].price, walk->from)) return VCH_OK;
    take_parent(walk);
    for (walk->to = walk->from + 1; walk->to < walk->cost->cut_count && vch_is_ok(status);
         walk->to++) {
        if (vch_cost_layers(walk->cost, walk->from, walk->to) == 0) continue;
        if (walk->rest_us[walk->to] == UINT64_MAX) continue;
        status = vch_teams_find(walk->teams, walk->from, walk->to, true, walk->arena);
        if (vch_is_ok(status) && !walk->search->is_strict && walk->depth > 0)
            status = vch_teams_find(walk->teams, walk->from, walk->to, false, walk->arena);
    }
    forget_parent(walk);
    return status;
}

static vch_status extend_all(struct walk *walk)
{
    uint32_t cuts = walk->cost->cut_count;

    for (walk->depth = 0; walk->depth < walk->depth_max; walk->depth++)
        for (walk->from = 0; walk->from < cuts; walk->from++) {
            uint32_t count = walk->path_counts[walk->depth * cuts + walk->from];
            for (uint32_t place = 0; place < count; place++) {
                if (walk->search->any_will_do && walk->best.depth != 0) return VCH_OK;
                walk->parent = path_index(walk, walk->depth, walk->from, place);
                VCH_TRY(extend(walk));
            }
        }
    return VCH_OK;
}

// From each cut, the fastest way to an end if nothing were shared or used up: a bound from below.
static vch_status bound_rest(struct walk *walk)
{
    const struct vch_cost *cost = walk->cost;

    for (uint32_t i = cost->cut_count; i-- > 0;) {
        uint64_t least = cost->cuts[i].is_end ? cost->cuts[i].end_cost_us : UINT64_MAX;
        for (uint32_t j = i + 1; j < cost->cut_count; j++) {
            uint64_t time_us = 0, rest_us = walk->rest_us[j];
            if (rest_us == UINT64_MAX || vch_cost_layers(cost, i, j) == 0) continue;
            VCH_TRY(vch_teams_fastest_us(&time_us, walk->teams, i, j, walk->arena));
            if (time_us != UINT64_MAX && time_us + rest_us < least) least = time_us + rest_us;
        }
        walk->rest_us[i] = least;
    }
    return VCH_OK;
}

static void begin(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->cost->cut_count; i++) {
        if (!walk->cost->cuts[i].is_start) continue;
        walk->paths[path_index(walk, 0, i, 0)] = (struct vch_beam_path){
            .price = {0, walk->cost->cuts[i].start_cost_us}, .parent = VCH_BEAM_NONE, .cut = i};
        walk->path_counts[i] = 1;
    }
}

// How many sets of `quorum` nodes there are, or TEAMS_FULL + 1 where there are more than that.
static uint32_t count_teams(const struct vch_cost *cost)
{
    uint64_t count = 1;
    uint32_t nodes = cost->problem->node_count, quorum = cost->problem->quorum;

    for (uint32_t k = 0; k < quorum && k < nodes - quorum; k++) {
        count = count * (nodes - k) / (k + 1);
        if (count > TEAMS_FULL) return TEAMS_FULL + 1;
    }
    return (uint32_t)count;
}

// The widest search that stays within the effort and the memory.
static uint32_t choose_width(const struct vch_cost *cost, uint32_t depth_max, uint32_t team_max)
{
    uint64_t states = (uint64_t)(depth_max + 1) * cost->cut_count;
    uint64_t path_size = sizeof(struct vch_beam_path) + sizeof(uint16_t) * cost->problem->quorum;
    uint32_t width = WIDTH_MAX;

    while (width > WIDTH_MIN && (states * cost->cut_count / 2 * width * team_max > EFFORT_MAX ||
                                 states * width * path_size > PATHS_SIZE_MAX))
        width /= 2;
    return width;
}

static vch_status prepare(struct walk *walk, struct vch_arena *arena)
{
    const struct vch_cost *cost = walk->cost;
    const struct vch_plan_problem *problem = cost->problem;
    uint32_t team_count = count_teams(cost), last = cost->cut_count - 1;
    uint32_t team_max = team_count <= TEAMS_FULL ? team_count + 1 : TEAMS_SOME;

    walk->depth_max = problem->segments_max < last ? problem->segments_max : last;
    walk->width = choose_width(cost, walk->depth_max, team_max);
    size_t states = (size_t)(walk->depth_max + 1) * cost->cut_count;
    walk->paths = VCH_ARENA_NEW(arena, struct vch_beam_path, states * walk->width);
    walk->path_counts = VCH_ARENA_NEW(arena, uint32_t, states);
    walk->members = VCH_ARENA_NEW(arena, uint16_t, states * walk->width * problem->quorum);
    if (walk->paths == NULL || walk->path_counts == NULL || walk->members == NULL)
        return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_usage_init(&walk->usage, cost, arena));
    VCH_TRY(vch_teams_new(&walk->teams, cost, &walk->usage, team_max, arena));
    walk->teams->offer = on_offer;
    walk->teams->context = walk;
    return VCH_OK;
}

static void fill_plan(struct vch_plan *out, struct walk *walk)
{
    const uint16_t *members[VCH_PLAN_SEGMENTS_MAX];
    uint32_t cuts[VCH_PLAN_SEGMENTS_MAX + 1];
    const uint32_t last = walk->best.depth - 1;

    members[last] = walk->best.members;
    cuts[last] = walk->best.from;
    cuts[last + 1] = walk->best.to;
    for (uint32_t s = last, path = walk->best.parent; s-- > 0; path = walk->paths[path].parent) {
        members[s] = members_of(walk, path);
        cuts[s] = walk->paths[path].cut;
    }
    for (uint32_t s = 0; s <= last; s++)
        vch_usage_take(&walk->usage, cuts[s], cuts[s + 1], members[s]);
    *out = (struct vch_plan){.latency_us = walk->best.price.time_us,
                             .shared_neighbours = walk->best.price.shared,
                             .largest_share_percent = vch_usage_largest_percent(&walk->usage)};
    vch_plan_fill(out, walk->cost, last + 1, cuts, members);
}

vch_status vch_search_run(struct vch_plan *out, struct vch_search *search, struct vch_arena *arena)
{
    struct walk *walk = VCH_ARENA_NEW(arena, struct walk, 1);

    if (walk == NULL) return VCH_FAIL(NO_MEMORY);
    search->is_complete = true;
    if (search->cost->cut_count < 2) return VCH_FAIL(UNSUPPORTED);
    walk->search = search;
    walk->cost = search->cost;
    walk->arena = arena;
    VCH_TRY(prepare(walk, arena));
    VCH_TRY(bound_rest(walk));
    begin(walk);
    VCH_TRY(extend_all(walk));
    search->is_complete =
        !walk->is_dropping && !walk->teams->is_cut_short && !search->cost->is_thinned;
    if (walk->best.depth == 0) return VCH_FAIL(UNSUPPORTED);
    fill_plan(out, walk);
    return VCH_OK;
}
