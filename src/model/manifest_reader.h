// What the readers of a manifest's messages share: where the graph's lists and text go, and how a
// refusal is put.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "model/canonical.h"
#include "model/graph.h"

// Fields are asked for in the order of specs/model.proto. Whatever is not in canonical form makes
// the cursors bad, which is looked at before anything else is complained about.
struct vch_manifest_reader {
    struct vch_graph *graph;
    uint32_t *numbers; // room for what is left of all lists: no number takes less than a byte
    char *text;        // likewise; a NUL takes the place of a string's tag
    bool is_bad;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

// MALFORMED, because of `what`; or because of the form, if that was bad before.
vch_status vch_manifest_reader_refuse(const struct vch_manifest_reader *at, const char *what);

// Text, and a field of it, which is empty where it is not written.
vch_status vch_manifest_reader_text(const char **out, struct vch_canonical *text,
                                    struct vch_manifest_reader *at);
vch_status vch_manifest_reader_name(const char **out, struct vch_canonical *message, uint32_t field,
                                    struct vch_manifest_reader *at);

// A list of any length; it lives as long as the graph.
const uint32_t *vch_manifest_reader_numbers(uint32_t *count, struct vch_canonical *message,
                                            uint32_t field, struct vch_manifest_reader *at);
const int32_t *vch_manifest_reader_integers(uint32_t *count, struct vch_canonical *message,
                                            uint32_t field, struct vch_manifest_reader *at);

// An Operator; `item` is a struct vch_operator.
vch_status vch_manifest_reader_operator(void *item, struct vch_canonical *message,
                                        struct vch_manifest_reader *at);
