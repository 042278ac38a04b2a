// What the parts of vouch import share.
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/tool.h"
#include "import/import.h"
#include "model/package.h"

// A model's file, and those beside it that hold its tensors: each read once, however many are in
// it.
struct vch_import_parts_source {
    struct vch_tool *tool;
    uint8_t *bytes;
    size_t size;
    const char *folder;
    const struct vch_import_parts_beside *last; // read, and from there all before
    uint32_t count;
    struct vch_import_files files; // reads from here
};

// `source` stays where it is for as long as its files are asked for.
vch_status vch_import_parts_open(struct vch_import_parts_source *source, struct vch_tool *tool,
                                 const char *path);

// How it is to be compiled, as the options say; their samples into `calibration`.
vch_status vch_import_parts_read_how(struct vch_import_options *how, struct vch_npy *calibration,
                                     const struct vch_import_parts_source *source);

// What became of it: for people; as JSON; into the files that the options name.
void vch_import_parts_print(const struct vch_package *package,
                            const struct vch_import_report *report, const char *path);
json_t *vch_import_parts_json(const struct vch_package *package,
                              const struct vch_import_report *report, const char *path);
vch_status vch_import_parts_write_reports(struct vch_tool *tool, const struct vch_package *package,
                                          const struct vch_import_report *report,
                                          const char *output);
