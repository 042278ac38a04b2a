#include "cli/split_columns.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_SIZE_MAX (1u << 20)

vch_status vch_split_columns_read(struct vch_split_columns *out, struct vch_tool *tool,
                                  uint32_t count)
{
    const char *path = vch_options_text(tool->options, "columns");
    const char **names = NULL;
    uint8_t *bytes = NULL;
    char *rest = NULL;
    size_t size = 0;
    uint32_t found = 0;

    out->names = NULL;
    if (path == NULL) return VCH_OK;
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, COLUMNS_SIZE_MAX));
    names = VCH_ARENA_NEW(&tool->arena, const char *, count);
    char *text = vch_arena_string(&tool->arena, bytes, size);
    if (names == NULL || text == NULL) return VCH_FAIL(NO_MEMORY);
    for (char *name = strtok_r(text, ",\r\n", &rest); name != NULL;
         name = strtok_r(NULL, ",\r\n", &rest)) {
        if (found < count) names[found] = name;
        found++;
    }
    if (found != count)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "%.100s holds %u names; the input has %u columns", path, found, count);
    out->names = names;
    return VCH_OK;
}

// Names end up on terminals: what is not printable ASCII becomes '?'.
void vch_split_columns_name(char out[VCH_SPLIT_COLUMNS_NAME_SIZE],
                            const struct vch_split_columns *columns, uint32_t column)
{
    if (columns->names == NULL) {
        (void)snprintf(out, VCH_SPLIT_COLUMNS_NAME_SIZE, "column %u", column);
        return;
    }
    (void)snprintf(out, VCH_SPLIT_COLUMNS_NAME_SIZE, "%.60s", columns->names[column]);
    for (char *c = out; *c != '\0'; c++)
        if (*c < ' ' || *c > '~') *c = '?';
}
