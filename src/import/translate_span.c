#include "import/translate_span.h"

#include <string.h>

#define SPAN_MAX 1024 // kernels, strides, dilations and pads

uint64_t vch_translate_span_reach(const struct vch_translate_span *span)
{
    return (uint64_t)(span->kernel - 1) * span->dilation + 1;
}

// A list with a number per axis; absent: 1 for each.
static vch_status read_list(int64_t *out, const struct vch_translate *at, const char *name,
                            size_t count, int64_t lo)
{
    const int64_t *list = NULL;
    size_t given = 0;

    VCH_TRY(vch_network_integers(&list, &given, &at->node, name, at->complaint));
    if (list != NULL && given != count)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "%s has %zu numbers, not %zu", name,
                                    given, count);
    for (size_t i = 0; i < count; i++) {
        out[i] = list == NULL ? lo : list[i];
        if (out[i] < lo || out[i] > SPAN_MAX)
            return vch_translate_refuse(at, VCH_CODE_LIMIT,
                                        "%s holds %lld; %lld to %d is supported", name,
                                        (long long)out[i], (long long)lo, SPAN_MAX);
    }
    return VCH_OK;
}

static vch_status read_kernel(struct vch_translate_spans *spans, const struct vch_translate *at,
                              const uint32_t *kernel)
{
    const int64_t *list = NULL;
    size_t count = 0;

    VCH_TRY(vch_network_integers(&list, &count, &at->node, "kernel_shape", at->complaint));
    for (uint32_t i = 0; i < spans->axes; i++) {
        int64_t wanted = list != NULL && count == spans->axes ? list[i] : 0;
        if (list == NULL && kernel != NULL) wanted = kernel[i];
        if (wanted < 1 || wanted > SPAN_MAX || (kernel != NULL && wanted != kernel[i]))
            return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                        "its kernel_shape is missing, too large, or differs from "
                                        "its weights");
        spans->at[i].kernel = (uint32_t)wanted;
    }
    return VCH_OK;
}

vch_status vch_translate_span_read(struct vch_translate_spans *spans,
                                   const struct vch_translate *at,
                                   const struct vch_network_shape *shape, const uint32_t *kernel)
{
    int64_t strides[VCH_TRANSLATE_SPAN_AXES_MAX] = {0};
    int64_t dilations[VCH_TRANSLATE_SPAN_AXES_MAX] = {0};

    if (shape->rank < 3 || shape->rank > 2 + VCH_TRANSLATE_SPAN_AXES_MAX)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "its operand must be (N, C, ...) with 1 to 3 more dimensions, "
                                    "and has %u in all",
                                    shape->rank);
    spans->axes = shape->rank - 2;
    VCH_TRY(read_kernel(spans, at, kernel));
    VCH_TRY(read_list(strides, at, "strides", spans->axes, 1));
    VCH_TRY(read_list(dilations, at, "dilations", spans->axes, 1));
    for (uint32_t i = 0; i < spans->axes; i++) {
        spans->at[i].size = shape->dims[2 + i];
        spans->at[i].stride = (uint32_t)strides[i];
        spans->at[i].dilation = (uint32_t)dilations[i];
    }
    return VCH_OK;
}

// SAME: as many windows as strides fit, the padding shared out, the odd one at the end (UPPER).
static void pad_same(struct vch_translate_span *span, bool is_upper)
{
    int64_t count = ((int64_t)span->size + span->stride - 1) / span->stride;
    int64_t need = (count - 1) * span->stride + (int64_t)vch_translate_span_reach(span);
    int64_t pad = need > span->size ? need - span->size : 0;

    span->begin = is_upper ? pad / 2 : pad - pad / 2;
    span->end = pad - span->begin;
}

vch_status vch_translate_span_pads(struct vch_translate_spans *spans,
                                   const struct vch_translate *at)
{
    int64_t pads[2 * VCH_TRANSLATE_SPAN_AXES_MAX] = {0};
    const char *mode = NULL;

    VCH_TRY(vch_network_text(&mode, &at->node, "auto_pad", "NOTSET", at->complaint));
    if (strcmp(mode, "VALID") == 0) return VCH_OK;
    bool is_upper = strcmp(mode, "SAME_UPPER") == 0, is_lower = strcmp(mode, "SAME_LOWER") == 0;
    if (!is_upper && !is_lower && mode[0] != '\0' && strcmp(mode, "NOTSET") != 0)
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED, "auto_pad '%.20s'", mode);
    VCH_TRY(read_list(pads, at, "pads", 2 * (size_t)spans->axes, 0));
    for (uint32_t i = 0; i < spans->axes; i++) {
        spans->at[i].begin = pads[i];
        spans->at[i].end = pads[spans->axes + i];
        if (is_upper || is_lower) pad_same(&spans->at[i], is_upper);
    }
    return VCH_OK;
}

// With ceil_mode a last window may hang over the end, if it starts before that.
static vch_status count_windows(struct vch_translate_span *span, const struct vch_translate *at,
                                bool is_ceil)
{
    uint64_t padded = (uint64_t)((int64_t)span->size + span->begin + span->end);
    uint64_t reach = vch_translate_span_reach(span);

    if (is_ceil && padded < reach && span->end + (int64_t)(reach - padded) <= SPAN_MAX) {
        span->overhang = (uint32_t)(reach - padded);
        padded = reach;
    }
    if (padded < reach)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "a window of %llu over %llu elements",
                                    (unsigned long long)reach, (unsigned long long)padded);
    uint64_t count = (padded - reach) / span->stride + 1;
    if (is_ceil && (padded - reach) % span->stride != 0 &&
        count * span->stride < (uint64_t)span->size + (uint64_t)span->begin) {
        span->overhang = (uint32_t)(count * span->stride + reach - padded);
        count++;
    }
    span->count = (uint32_t)count;
    return VCH_OK;
}

vch_status vch_translate_span_place(struct vch_translate_spans *spans,
                                    const struct vch_translate *at)
{
    int64_t is_ceil = 0, counts_pad = 0;

    VCH_TRY(vch_network_integer(&is_ceil, &at->node, "ceil_mode", 0, at->complaint));
    VCH_TRY(vch_network_integer(&counts_pad, &at->node, "count_include_pad", 0, at->complaint));
    spans->counts_pad = counts_pad != 0;
    VCH_TRY(vch_translate_span_pads(spans, at));
    for (uint32_t i = 0; i < spans->axes; i++)
        VCH_TRY(count_windows(&spans->at[i], at, is_ceil != 0));
    return VCH_OK;
}
