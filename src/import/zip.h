// A .zip archive in memory, as far as NumPy's .npz needs it: find a member, read it.
//
//     member | local header, name, extra | stored or deflated bytes |   one per file
//     ...
//     directory | one entry per member: name, sizes, CRC-32, offset |
//     end       | where the directory is                            |
//
// The directory is believed, after checks, and the local headers are not. Archives of 4 GiB and
// more (zip64), in several parts, or encrypted are refused. The file is hostile until proved good.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

#define VCH_ZIP_MEMBERS_MAX 4096u
#define VCH_ZIP_MEMBERS_WRITTEN_MAX 64u

struct vch_zip {
    const uint8_t *bytes; // borrowed
    size_t size;
    size_t directory_offset, directory_size;
    uint32_t member_count;
};

struct vch_zip_member {
    const char *name; // borrowed from the archive, not terminated
    size_t name_size;
    uint32_t method; // 0 stored, 8 deflated
    uint32_t checksum;
    uint32_t compressed_size, size;
    uint32_t offset; // of the local header
};

vch_status vch_zip_open(struct vch_zip *out, const uint8_t *bytes, size_t size,
                        struct vch_complaint *complaint);

// The member called `name`, or `name` with `suffix`; when `name` is NULL the only member there is.
// USAGE when the choice is not unique or the name unknown, with the names that exist.
vch_status vch_zip_find(struct vch_zip_member *out, const struct vch_zip *zip, const char *name,
                        const char *suffix, struct vch_complaint *complaint);

// The member's bytes: borrowed from the archive where stored, in the arena where deflated. The
// arena is asked for the size in the directory, but never for more than deflate could produce from
// the compressed bytes; the CRC-32 must be right.
vch_status vch_zip_read(const uint8_t **out, const struct vch_zip *zip,
                        const struct vch_zip_member *member, struct vch_arena *arena,
                        struct vch_complaint *complaint);

struct vch_zip_source {
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

// An archive of stored members, in the arena. LIMIT beyond VCH_ZIP_MEMBERS_WRITTEN_MAX or 4 GiB.
vch_status vch_zip_write(uint8_t **out, size_t *size, const struct vch_zip_source *sources,
                         uint32_t count, struct vch_arena *arena);
