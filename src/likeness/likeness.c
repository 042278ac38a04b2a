#include "likeness/likeness.h"

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
    if (vch_evidence_is_enough(of->input_count, of->floor->score_count, of->alpha)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "with %u held-out scores and %u input%s nobody could be flagged at a rate "
                        "of %u in a million: calibrate on more inputs (for one input, at least "
                        "1 / rate of them held out), or allow a higher rate",
                        of->floor->score_count, of->input_count, of->input_count == 1 ? "" : "s",
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
    finding->distance += mean; // divided at the end: below 2^40 times 2^16 inputs
    if (mean > finding->largest) finding->largest = mean;
    vch_evidence_add(&finding->evidence,
                     vch_floor_rank(floor, vch_distance_score(&distance, &floor->units)),
                     floor->score_count);
}

static void conclude(struct vch_likeness_finding *finding, const struct vch_likeness *of)
{
    const uint32_t scores = of->floor->score_count;

    finding->distance /= of->input_count;
    vch_evidence_p(&finding->p_numerator, &finding->p_denominator, &finding->evidence, scores);
    finding->is_flagged = vch_evidence_is_flagged(&finding->evidence, scores, of->alpha);
}

static vch_status judge(struct vch_likeness_finding *findings, const struct vch_likeness *of,
                        struct vch_arena *arena)
{
    const uint32_t width = of->floor->coordinate_count;
    int64_t *centre = VCH_ARENA_NEW(arena, int64_t, width);
    int64_t *column = VCH_ARENA_NEW(arena, int64_t, of->member_count);

    if (centre == NULL || column == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t member = 0; member < of->member_count; member++) {
        findings[member] = (struct vch_likeness_finding){0};
        vch_evidence_init(&findings[member].evidence);
    }
    for (uint32_t input = 0; input < of->input_count; input++) {
        find_centre(centre, column, of, input);
        for (uint32_t member = 0; member < of->member_count; member++)
            add_input(&findings[member], of->outputs[member] + (size_t)input * width, centre,
                      of->floor);
    }
    for (uint32_t member = 0; member < of->member_count; member++)
        conclude(&findings[member], of);
    return VCH_OK;
}

vch_status vch_likeness_judge(struct vch_likeness_finding *findings, const struct vch_likeness *of,
                              struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);

    VCH_TRY(check(of, complaint));
    vch_status status = judge(findings, of, arena);
    vch_arena_rewind(arena, mark);
    return status;
}
