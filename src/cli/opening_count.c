#include "cli/opening_count.h"

#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/lock.h"

enum { SIZE = 4 };

static const char *path_of(struct vch_tool *tool, const char *opening)
{
    static const char tail[] = ".count";
    const size_t size = strlen(opening);
    char *path = vch_arena_alloc(&tool->arena, size + sizeof tail, 1);

    if (path == NULL) return NULL;
    memcpy(path, opening, size);
    memcpy(path + size, tail, sizeof tail);
    return path;
}

// Without a file it was opened once: by the proof that it came with.
static vch_status read_count(uint32_t *out, struct vch_tool *tool, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    *out = 1;
    if (access(path, F_OK) != 0) return VCH_OK;
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, SIZE));
    if (size != SIZE)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED, "%.200s is no count", path);
    *out = vch_get_u32le(bytes);
    return VCH_OK;
}

static vch_status take(struct vch_tool *tool, const char *opening, const char *path, uint32_t most)
{
    uint8_t bytes[SIZE];
    uint32_t count = 0;

    VCH_TRY(read_count(&count, tool, path));
    if (count >= most)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "%u proofs have begun or ended at the numbers of %.200s, as many as "
                            "show nothing of them: prove the segment before once more",
                            count, opening);
    vch_put_u32le(bytes, count + 1);
    return vch_file_write(path, bytes, sizeof bytes, true, &tool->complaint);
}

vch_status vch_opening_count_take(struct vch_tool *tool, const char *opening, uint32_t most)
{
    const char *path = path_of(tool, opening);
    struct vch_lock lock;

    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_lock_take(&lock, opening, &tool->complaint));
    vch_status status = take(tool, opening, path, most);
    vch_lock_release(&lock);
    return status;
}
