// Logs of releases: what is read is a chain, and nothing else.
#include "base/check.h"
#include "sealing/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_release_log log = {0};
    struct vch_release release;

    for (size_t at = 0; size - at >= VCH_RELEASE_SIZE; at += VCH_RELEASE_SIZE) {
        struct vch_complaint complaint = {0};
        const struct vch_release_log before = log;
        vch_status status = vch_release_follow(&log, &release, data + at, NULL, &complaint);
        VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
        VCH_ASSERT(log.count == before.count + vch_is_ok(status));
        if (!vch_is_ok(status)) return 0;
        VCH_ASSERT(release.index == before.count);
        VCH_ASSERT(vch_hash_is_equal(&release.previous, &before.head));
    }
    return 0;
}
