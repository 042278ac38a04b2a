// What reading one ONNX graph shares.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/network.h"
#include "schema/onnx.pb-c.h"

struct vch_onnx_parts {
    const Vouch__Onnx__GraphProto *graph;
    struct vch_network *network;
    const struct vch_import_files *files;
    struct vch_arena *scratch;
    struct vch_complaint *complaint;
    int64_t version, version_ml; // opsets; 0 where not imported
    // What names stand for. Found are those that stood here when they were sorted last.
    struct vch_onnx_parts_name {
        const char *text; // borrowed from the unpacked message
        uint32_t value;
    } * names;
    size_t name_count, sorted_count;
    uint32_t next; // the value that the next node's first output is
};

// Text of the file, into the network; LIMIT for what is too long or holds a zero byte. Names are
// shown to people, and held to that.
vch_status vch_onnx_parts_keep_text(const char **out, const struct vch_onnx_parts *reading,
                                    const void *bytes, size_t size, size_t size_max,
                                    const char *what);
vch_status vch_onnx_parts_keep_name(const char **out, const struct vch_onnx_parts *reading,
                                    const char *name);

// A new value of that name.
vch_status vch_onnx_parts_define(struct vch_onnx_parts *reading, const char *name, uint32_t *value);
// MALFORMED where a name stands for two values.
vch_status vch_onnx_parts_sort_names(struct vch_onnx_parts *reading);
bool vch_onnx_parts_find(uint32_t *value, const struct vch_onnx_parts *reading, const char *name);

// Every value, with its name: constants, the model's inputs, what nodes compute. At most `count`.
vch_status vch_onnx_parts_read_values(struct vch_onnx_parts *reading, size_t count);

// `operator_` is for messages. UNSUPPORTED for a kind that is not read.
vch_status vch_onnx_parts_read_attribute(struct vch_network_attribute *out,
                                         const struct vch_onnx_parts *reading,
                                         const Vouch__Onnx__AttributeProto *proto,
                                         const char *operator_);
// The graph's next one, to the network.
vch_status vch_onnx_parts_read_node(struct vch_onnx_parts *reading,
                                    const Vouch__Onnx__NodeProto *proto);
