// What `vouch annex` and `vouch import --provable` do alike.
#pragma once

#include "circuit/circuit.h"
#include "cli/annex_files.h"
#include "cli/tool.h"

// The parameters that a package holds, as statements about an annex of it name them.
vch_status vch_annex_make_model(struct vch_circuit_model *out, struct vch_tool *tool,
                                const struct vch_package *package, uint32_t log_columns);

// Makes an annex of all that the package holds, signed by its owner, and the annex's key, where
// `files` say; then reads it back into `files`. --openings is the least number that a root allows.
vch_status vch_annex_make(struct vch_annex_files *files, struct vch_tool *tool,
                          const struct vch_package *package, const struct vch_secret_key *owner);

// What became of it, for people.
vch_status vch_annex_make_print(const struct vch_annex_files *files, struct vch_tool *tool);
