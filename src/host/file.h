// Files: bounded reads, maps, and writes that are complete or absent.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

// A read-only map of a whole file; page-aligned.
struct vch_file_map {
    const uint8_t *bytes;
    size_t size;
};

// The whole file into the arena; LIMIT when larger than size_max. Regular files only, and only such
// as keep their size meanwhile (nothing in /proc does).
vch_status vch_file_read(uint8_t **out, size_t *size, const char *path, size_t size_max,
                         struct vch_arena *arena, struct vch_complaint *complaint);
// The file at `path` below `folder`, wherever a hostile `path` would lead: one that is absolute,
// has
// ".." or empty parts, or meets a symbolic link is REFUSED.
vch_status vch_file_read_beneath(uint8_t **out, size_t *size, const char *folder, const char *path,
                                 size_t size_max, struct vch_arena *arena,
                                 struct vch_complaint *complaint);
vch_status vch_file_map(struct vch_file_map *out, const char *path,
                        struct vch_complaint *complaint);
void vch_file_unmap(struct vch_file_map *map);

// Writes a temporary file beside `path`, fsyncs it, renames it over `path`, fsyncs the folder: at
// any moment, also after a crash, `path` holds the old bytes or all of the new. `is_private`
// gives mode 0600, else 0644 less the umask. A symbolic link at `path` is replaced, not followed;
// a folder or a device there is a USAGE error.
vch_status vch_file_write(const char *path, const void *bytes, size_t size, int is_private,
                          struct vch_complaint *complaint);

// As above, but refuses (REFUSED) to replace a file that exists: for keys.
vch_status vch_file_write_new(const char *path, const void *bytes, size_t size, int is_private,
                              struct vch_complaint *complaint);

// Several files of one folder, each as by vch_file_write; the disk is waited for once, not for each
// in turn. When it fails, some may have been written.
struct vch_file_one {
    const char *name; // in the folder
    const void *bytes;
    size_t size;
};
vch_status vch_file_write_all(const char *folder, const struct vch_file_one *files, size_t count,
                              int is_private, struct vch_complaint *complaint);

// That there is a file at `path` is on disk, too: syncs the folder it lies in. For files that grow
// in place, which the functions above do not write.
vch_status vch_file_sync_name(const char *path, struct vch_complaint *complaint);
