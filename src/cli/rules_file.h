// Rules out of a file (specs/rules.md), for commands that judge evidence.
#pragma once

#include <stdint.h>

#include "attest/rules.h"
#include "cli/tool.h"

#define VCH_RULES_FILE_SIGNERS_MAX 16u
#define VCH_RULES_FILE_CRL_OPTION \
    { \
        "crl", "FILE", "a revocation list of your own, which counts whatever is shown", true \
    }

// Reads and checks the rules of `path` at that time, signed by one of the keys of the repeatable
// option --`signer` (hexadecimal or key files), of which there has to be one at least; with the
// lists of vch_rules_file_crls. `out` lives in the tool's arena.
vch_status vch_rules_file_load(struct vch_rules *out, struct vch_tool *tool, const char *path,
                               const char *signer, int64_t time_s);

// The same under trust that is made up elsewhere.
vch_status vch_rules_file_read(struct vch_rules *out, struct vch_tool *tool, const char *path,
                               const struct vch_rules_trust *trust);

// The revocation lists of the repeatable option --crl (DER or PEM) go into the rules. REFUSED: one
// is over at that time.
vch_status vch_rules_file_crls(struct vch_rules *rules, struct vch_tool *tool, int64_t time_s);

// Whatever the file is, for its author: a draft, or a file that somebody signed, whom nobody was
// asked whether to trust; over or not.
vch_status vch_rules_file_look(struct vch_rules *out, bool *is_signed, struct vch_tool *tool,
                               const char *path);

// The class of data that the option --`name` names; `out` stays as it is without the option.
vch_status vch_rules_file_class(enum vch_rules_class *out, struct vch_tool *tool, const char *name);

// "2026-01-31T12:00:00Z" of the option --`name`, in seconds since 1970; now without the option.
vch_status vch_rules_file_time(int64_t *out, struct vch_tool *tool, const char *name);
