#include "split/beam.h"

#include <stddef.h>

// The dearest path, of this company only or of any.
static uint32_t dearest(const struct vch_beam_path *paths, uint32_t count, const uint64_t *company)
{
    uint32_t worst = VCH_BEAM_NONE;

    for (uint32_t i = 0; i < count; i++) {
        if (company != NULL && paths[i].company != *company) continue;
        if (worst == VCH_BEAM_NONE || vch_beam_is_less(paths[worst].price, paths[i].price))
            worst = i;
    }
    return worst;
}

static uint32_t cheapest(const struct vch_beam_path *paths, uint32_t count)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < count; i++)
        if (vch_beam_is_less(paths[i].price, paths[best].price)) best = i;
    return best;
}

static uint32_t members(const struct vch_beam_path *paths, uint32_t count, uint64_t company)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++)
        found += paths[i].company == company;
    return found;
}

// Paths that end in different company lead to different neighbours, so no company fills more than
// half of the room, and a new company may push out one of the best one's spare members.
static uint32_t victim(const struct vch_beam_path *paths, uint32_t count,
                       const struct vch_beam_path *candidate)
{
    uint32_t own = members(paths, count, candidate->company);
    const uint64_t *best = &paths[cheapest(paths, count)].company;

    if (own >= (count + 1) / 2) return dearest(paths, count, &candidate->company);
    if (own == 0 && members(paths, count, *best) > 1) return dearest(paths, count, best);
    return dearest(paths, count, NULL);
}

uint32_t vch_beam_place(const struct vch_beam_path *paths, uint32_t *count, uint32_t width,
                        const struct vch_beam_path *candidate, bool *is_dropping)
{
    for (uint32_t i = 0; i < *count; i++)
        if (paths[i].state == candidate->state)
            return vch_beam_is_less(candidate->price, paths[i].price) ? i : VCH_BEAM_NONE;
    if (*count < width) return (*count)++;

    *is_dropping = true;
    uint32_t place = victim(paths, *count, candidate);
    bool is_new_company = members(paths, *count, candidate->company) == 0 &&
                          members(paths, *count, paths[place].company) > 1;
    if (is_new_company || vch_beam_is_less(candidate->price, paths[place].price)) return place;
    return VCH_BEAM_NONE;
}
