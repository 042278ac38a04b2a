// M.annex and M.annex.key on disk: found beside the model, changed so that nothing is ever lost.
#pragma once

#include "annex/annex.h"
#include "annex/annex_key.h"
#include "cli/tool.h"

struct vch_annex_files {
    const char *annex, *key; // paths
    const uint8_t *bytes;    // the annex as it was read
    size_t size;
    struct vch_annex decoded;
};

// Where they are: --annex FILE, or the model's path with .annex in place of .vouch; the key has
// ".key" after it. Reads nothing.
vch_status vch_annex_files_find(struct vch_annex_files *out, struct vch_tool *tool,
                                const char *model);

// The annex at this path. Reads nothing.
vch_status vch_annex_files_at(struct vch_annex_files *out, struct vch_tool *tool,
                              const char *annex);
// The one beside a model, whatever the options say.
vch_status vch_annex_files_beside(struct vch_annex_files *out, struct vch_tool *tool,
                                  const char *model);

// Reads the annex, which must be of this model; NULL: of any.
vch_status vch_annex_files_read(struct vch_annex_files *files, struct vch_tool *tool,
                                const struct vch_digest *model);

// The epoch of the root that the annex ends with.
uint32_t vch_annex_files_epoch(const struct vch_annex_files *files);

// The key of that root, as it is on disk. REFUSED when key and annex do not go together. Wipe it
// when done.
vch_status vch_annex_files_key(struct vch_annex_key *out, const struct vch_annex_files *files,
                               struct vch_tool *tool);

// One opening of that root, which nobody else will get: the raised count is on disk when this
// returns, whatever happens next.
vch_status vch_annex_files_take(const struct vch_annex_files *files, struct vch_tool *tool);

// The key of a root that is yet to be made, its own proof counted: fresh where there is no key,
// else the one that follows. `files->bytes` is NULL where there is no annex. Wipe it when done.
vch_status vch_annex_files_next(struct vch_annex_key *out, const struct vch_annex_files *files,
                                struct vch_tool *tool, const struct vch_digest *model);

// Puts a new annex into place, then its key. REFUSED when somebody else did so meanwhile.
vch_status vch_annex_files_write(const struct vch_annex_files *files, struct vch_tool *tool,
                                 const uint8_t *annex, size_t size,
                                 const struct vch_annex_key *key);
