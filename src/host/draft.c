#include "host/draft.h"

#include <errno.h>
#include <unistd.h>

vch_status vch_draft_begin(struct vch_draft *out, const char *path, int is_private,
                           struct vch_complaint *complaint)
{
    out->file = -1;
    VCH_TRY(vch_target_open(&out->target, path, complaint));
    vch_status status = vch_target_check_kind(&out->target, complaint);
    if (vch_is_ok(status))
        status = vch_target_create(&out->file, &out->target, is_private, complaint);
    if (!vch_is_ok(status)) (void)close(out->target.folder);
    return status;
}

vch_status vch_draft_append(struct vch_draft *draft, const void *bytes, size_t size,
                            struct vch_complaint *complaint)
{
    return vch_target_write(draft->file, bytes, size, &draft->target, complaint);
}

vch_status vch_draft_write_at(struct vch_draft *draft, uint64_t offset, const void *bytes,
                              size_t size, struct vch_complaint *complaint)
{
    const uint8_t *at = bytes;

    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(draft->file, at + done, size - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return vch_target_refuse(&draft->target, "write", complaint);
        done += (size_t)put;
    }
    return VCH_OK;
}

vch_status vch_draft_keep(struct vch_draft *draft, bool may_replace,
                          struct vch_complaint *complaint)
{
    if (fsync(draft->file) != 0) return vch_target_refuse(&draft->target, "write", complaint);
    VCH_TRY(vch_target_put(&draft->target, may_replace, complaint));
    (void)close(draft->file);
    (void)close(draft->target.folder);
    draft->file = -1;
    return VCH_OK;
}

void vch_draft_drop(struct vch_draft *draft)
{
    if (draft->file < 0) return;
    (void)close(draft->file);
    (void)unlinkat(draft->target.folder, draft->target.temporary, 0);
    (void)close(draft->target.folder);
    draft->file = -1;
}
