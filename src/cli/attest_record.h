// Evidence out of a file for `vouch attest verify`: of its own format, or one node's in a voucher.
#pragma once

#include "attest/record.h"
#include "cli/tool.h"

// The bytes live in the tool's arena. A voucher is read for --node, or where it holds
// evidence of one node alone; that its block is this job's and client's is checked by `vouch
// verify`.
vch_status vch_attest_record_read(struct vch_record *out, struct vch_tool *tool, const char *path);

// Endorsements of --endorse LABEL=FILE in place of those that came along, or beside them: each is
// signed by its vendor, so whoever brings a newer one may.
vch_status vch_attest_record_endorse(struct vch_exchange_response *response, struct vch_tool *tool);
