#include "collect/given.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collect/items.h"
#include "host/file.h"

// Boot logs lie in file systems whose files have no size before they are read.
static vch_status read_log(struct vch_inquiry_piece *out, const char *path, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    uint8_t *bytes = vch_arena_alloc(arena, VCH_CMW_SIZE_MAX, 1);
    size_t size = 0;
    ssize_t got = 1;

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    while (file >= 0 && got > 0 && size < VCH_CMW_SIZE_MAX) {
        got = read(file, bytes + size, VCH_CMW_SIZE_MAX - size);
        if (got > 0) size += (size_t)got;
        if (got < 0 && errno == EINTR) got = 1;
    }
    int error = errno;
    if (file >= 0) (void)close(file);
    if (file < 0 || got < 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot read the boot log %s: %s", path,
                            strerror(error));
    if (size == 0 || size == VCH_CMW_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected a boot log of less than %u bytes, and not an empty one, in "
                            "%s",
                            VCH_CMW_SIZE_MAX, path);
    *out = (struct vch_inquiry_piece){"eventlog", bytes, size};
    return VCH_OK;
}

static vch_status read_endorsement(struct vch_inquiry_piece *out,
                                   const struct vch_collector_endorsement *given,
                                   struct vch_arena *arena, struct vch_complaint *complaint)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (!vch_items_is_endorsement(given->label))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "no endorsement is called \"%.40s\": they are vek, issuers, crl.0 to "
                            "crl.3, tcb-info, identity, tcb-signer, root-crl, pck-crl, ek",
                            given->label);
    VCH_TRY(vch_file_read(&bytes, &size, given->path, VCH_CMW_SIZE_MAX, arena, complaint));
    *out = (struct vch_inquiry_piece){given->label, bytes, size};
    return VCH_OK;
}

vch_status vch_given_read(struct vch_inquiry_plan *plan, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    const struct vch_collector_setup *setup = plan->setup;

    if (setup->endorsement_count >= VCH_CMW_ITEMS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "at most %d endorsements are shown",
                            VCH_CMW_ITEMS_MAX - 1);
    for (uint32_t i = 0; i < setup->endorsement_count; i++)
        VCH_TRY(read_endorsement(&plan->given[plan->given_count++], &setup->endorsements[i], arena,
                                 complaint));
    if (setup->event_log == NULL) return VCH_OK;
    return read_log(&plan->given[plan->given_count++], setup->event_log, arena, complaint);
}
