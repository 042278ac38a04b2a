// What convolutions and pools have in common: how a window goes along each axis of a picture.
//
//     begin | size elements | end        padding, which a window may read
//                           | overhang   what ceil_mode's last window reads beyond that
#pragma once

#include "import/translate.h"

#define VCH_TRANSLATE_SPAN_AXES_MAX 3u

struct vch_translate_span {
    uint32_t size, kernel, stride, dilation;
    int64_t begin, end; // convolutions turned around may have fewer than 0, which cuts off
    uint32_t overhang;
    uint32_t count; // of windows
};

struct vch_translate_spans {
    uint32_t axes; // 1 to 3
    struct vch_translate_span at[VCH_TRANSLATE_SPAN_AXES_MAX];
    bool counts_pad;
};

// kernel_shape (or `kernel`, where it can be left out), strides and dilations of a node over x
// (N, C, ...); sizes from `shape`.
vch_status vch_translate_span_read(struct vch_translate_spans *spans,
                                   const struct vch_translate *at,
                                   const struct vch_network_shape *shape, const uint32_t *kernel);
// pads, which auto_pad may replace.
vch_status vch_translate_span_pads(struct vch_translate_spans *spans,
                                   const struct vch_translate *at);
// The same, ceil_mode, and the number of windows.
vch_status vch_translate_span_place(struct vch_translate_spans *spans,
                                    const struct vch_translate *at);
// Elements that a window reaches over.
uint64_t vch_translate_span_reach(const struct vch_translate_span *span);
