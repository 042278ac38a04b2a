// The files of a model to be imported. Names in it are somebody else's: they lead nowhere but below
// its folder.
#include <string.h>

#include "cli/import_parts.h"

#define MODEL_SIZE_MAX ((size_t)2 << 30)
enum { FILES_MAX = 4096 };

struct vch_import_parts_beside {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    const struct vch_import_parts_beside *before;
};

static vch_status read_new(struct vch_import_parts_source *source, const char *name,
                           struct vch_complaint *complaint)
{
    struct vch_arena *arena = &source->tool->arena;
    struct vch_import_parts_beside *file = VCH_ARENA_NEW(arena, struct vch_import_parts_beside, 1);
    uint8_t *bytes = NULL;

    if (source->count++ == FILES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the model's tensors are in more than %d files", FILES_MAX);
    if (file == NULL) return VCH_FAIL(NO_MEMORY);
    file->name = vch_arena_string(arena, name, strlen(name));
    if (file->name == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_file_read_beneath(&bytes, &file->size, source->folder, name, MODEL_SIZE_MAX, arena,
                                  complaint));
    file->bytes = bytes;
    file->before = source->last;
    source->last = file;
    return VCH_OK;
}

static vch_status read_beside(void *context, const char *name, const uint8_t **bytes, size_t *size,
                              struct vch_complaint *complaint)
{
    struct vch_import_parts_source *source = context;
    const struct vch_import_parts_beside *found = source->last;

    while (found != NULL && strcmp(found->name, name) != 0)
        found = found->before;
    if (found == NULL) {
        VCH_TRY(read_new(source, name, complaint));
        found = source->last;
    }
    *bytes = found->bytes;
    *size = found->size;
    return VCH_OK;
}

vch_status vch_import_parts_open(struct vch_import_parts_source *source, struct vch_tool *tool,
                                 const char *path)
{
    const char *slash = strrchr(path, '/');

    *source = (struct vch_import_parts_source){
        .tool = tool, .folder = ".", .files = {source, read_beside}};
    if (slash != NULL)
        source->folder = vch_arena_string(&tool->arena, path, (size_t)(slash + 1 - path));
    if (source->folder == NULL) return VCH_FAIL(NO_MEMORY);
    return vch_tool_file(&source->bytes, &source->size, tool, path, MODEL_SIZE_MAX);
}
