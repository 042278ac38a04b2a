#include "likeness/likeness.h"

#include <string.h>

#include "likeness/coordinate.h"

static vch_status check(const struct vch_likeness *of, struct vch_complaint *complaint)
{
    if (of->member_count < VCH_LIKENESS_MEMBERS_MIN || of->member_count > VCH_LIKENESS_MEMBERS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "%u members: a median that one liar cannot move takes 3 to %u",
                            of->member_count, VCH_LIKENESS_MEMBERS_MAX);
    if (of->input_count == 0 || of->input_count > VCH_EVIDENCE_INPUTS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "%u inputs: expected 1 to %u",
                            of->input_count, VCH_EVIDENCE_INPUTS_MAX);
    if (of->alpha == 0 || of->alpha > VCH_EVIDENCE_ALPHA_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the false-positive rate is from 0.000001 to 0.5");
    return VCH_OK;
}

static vch_status check_odds(const struct vch_likeness *of, const struct vch_evidence_odds *odds,
                             struct vch_complaint *complaint)
{
    if (vch_evidence_p_is_within(vch_evidence_p_least(odds), of->alpha)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "with %u held-out scores and %u input%s nobody could be flagged at a rate "
                        "of %u in a million: calibrate on more inputs (for one input, at least "
                        "1 / rate of them held out), send more inputs, or allow a higher rate",
                        odds->score_count, odds->input_count, odds->input_count == 1 ? "" : "s",
                        of->alpha);
}

// The median of each coordinate of one input.
static void find_centre(int64_t *centre, int64_t *column, const struct vch_likeness *of,
                        uint32_t input)
{
    const uint32_t width = of->floor->coordinate_count;

    for (uint32_t i = 0; i < width; i++) {
        for (uint32_t member = 0; member < of->member_count; member++)
            column[member] = of->outputs[member][(size_t)input * width + i];
        centre[i] = vch_coordinate_median(column, of->member_count);
    }
}

static void add_input(struct vch_likeness_finding *finding, const int64_t *output,
                      const int64_t *centre, const struct vch_floor *floor)
{
    struct vch_distance distance = {0};

    for (uint32_t i = 0; i < floor->coordinate_count; i++)
        vch_distance_add(&distance, vch_coordinate_distance(output[i], centre[i]),
                         floor->scales[i]);
    const uint64_t mean = vch_distance_mean(&distance);
    finding->distance += mean; // divided at the end: below 2^40 times 2^10 inputs
    if (mean > finding->largest) finding->largest = mean;
    vch_evidence_add(&finding->evidence,
                     vch_floor_rank(floor, vch_distance_score(&distance, &floor->units)));
}

static vch_status judge(struct vch_likeness_finding *findings, const struct vch_likeness *of,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    const uint32_t width = of->floor->coordinate_count;
    struct vch_evidence_odds odds;
    int64_t *centre = VCH_ARENA_NEW(arena, int64_t, width);
    int64_t *column = VCH_ARENA_NEW(arena, int64_t, of->member_count);

    if (centre == NULL || column == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_evidence_odds_make(&odds, of->floor->score_count, of->input_count, arena));
    VCH_TRY(check_odds(of, &odds, complaint));
    memset(findings, 0, of->member_count * sizeof *findings);
    for (uint32_t input = 0; input < of->input_count; input++) {
        find_centre(centre, column, of, input);
        for (uint32_t member = 0; member < of->member_count; member++)
            add_input(&findings[member], of->outputs[member] + (size_t)input * width, centre,
                      of->floor);
    }
    for (struct vch_likeness_finding *f = findings; f < findings + of->member_count; f++) {
        f->distance /= of->input_count;
        f->p = vch_evidence_p(&f->evidence, &odds);
        f->is_flagged = vch_evidence_p_is_within(f->p, of->alpha);
    }
    return VCH_OK;
}

vch_status vch_likeness_judge(struct vch_likeness_finding *findings, const struct vch_likeness *of,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);

    VCH_TRY(check(of, complaint));
    vch_status status = judge(findings, of, arena, complaint);
    vch_arena_rewind(arena, mark);
    return status;
}
