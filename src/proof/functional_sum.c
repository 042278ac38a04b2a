#include "proof/functional_sum.h"

enum { RUN = 4 }; // so many cells side by side are worth a kernel's call

static uint32_t number_at(const struct vch_functional_line *line, uint32_t i)
{
    return line->list != NULL ? line->list[i] : line->first + i * line->step;
}

// How many cells from cell i on lie side by side.
static uint32_t run_at(const struct vch_functional_line *line, uint32_t i)
{
    uint32_t end = i + 1;

    if (line->list == NULL) return line->step == 1 ? line->count - i : 1;
    while (end < line->count && line->list[end] == line->list[end - 1] + 1)
        end++;
    return end - i;
}

void vch_functional_sum_line(struct vch_functional_sum *sum, const struct vch_functional_line *line,
                             struct vch_const_planes weights, struct vch_ext factor)
{
    for (uint32_t i = 0; i < line->count;) {
        const uint32_t number = number_at(line, i), run = run_at(line, i);
        if (run >= RUN && number < VCH_STATEMENT_PUBLIC) {
            vch_functional_sum_run(sum, number, vch_const_planes_at(weights, i), run, factor);
            i += run;
            continue;
        }
        for (const uint32_t end = i + run; i < end; i++)
            vch_functional_sum_cell(sum, number_at(line, i),
                                    vch_ext_mul(factor, vch_planes_get(weights, i)));
    }
}
