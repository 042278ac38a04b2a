// The names of a table's columns, from --columns.
#pragma once

#include "cli/tool.h"

#define VCH_SPLIT_COLUMNS_NAME_SIZE 64u

struct vch_split_columns {
    const char *const *names; // NULL where none were given
};

// --columns FILE: one name a line, or all in the first line with commas between. USAGE where there
// are not `count` of them.
vch_status vch_split_columns_read(struct vch_split_columns *out, struct vch_tool *tool,
                                  uint32_t count);

// A column's name, or its number.
void vch_split_columns_name(char out[VCH_SPLIT_COLUMNS_NAME_SIZE],
                            const struct vch_split_columns *columns, uint32_t column);
