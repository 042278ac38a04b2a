// vouch owner: weights sealed for machines that are not their owner's, and the release of their
// key.
#include "cli/actions.h"
#include "cli/commands.h"
#include "cli/owner_log.h"
#include "cli/owner_release.h"
#include "cli/owner_seal.h"
#include "cli/rules_file.h"
#include "cli/showing.h"

static const struct vch_option options[] = {
    {"key", "FILE", "the owner's key file; of log: who has to have written it (or its hexadecimal)",
     false},
    {"passphrase-file", "FILE", "opens the key files, and seals the data key's", false},
    {"no-passphrase", NULL, "of seal: do not seal the data key's file", false},
    {"output", "M.sealed", "of seal: where the sealed weights go", false},
    {"data-key", "FILE",
     "the data key's file; made by seal where it is not (default: M.sealed.key)", false},
    {"counter", "N", "of seal: which release of the model (default: the log's last, or 1)", false},
    {"licence", "FILE", "of seal: text whose digest the manifest names", false},
    {"log", "FILE", "the log of releases (default: KEY.releases)", false},
    {"to", "HOST:PORT", "of release: where the node listens", false},
    {"node", "KEY", "of release: the node's identity", false},
    {"policy", "RULES", "of release: what the node has to show for weights:private", false},
    {"policy-signer", "KEY", "of release: whose rules count: hexadecimal or key file", true},
    VCH_RULES_FILE_CRL_OPTION,
    {"accept", "CHECK", "of release: in spite of a warning of that check", true},
    {"for", "SECONDS", "of release: how long the node may begin to use it (default: 600)", false},
    {"timeout", "SECONDS", "of release: for everything (default: 600)", false},
    {"evidence", "FILE", "of release: keeps what the node showed (vouch attest verify)", false},
    VCH_SHOWING_OPTIONS("nodes that ask"),
    {"head", "HEX", "of log: a head that was kept, and that it has to have had", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static const struct vch_action ACTIONS[] = {
    {"seal", "one M.vouch", 1, 1, vch_owner_seal_run},
    {"release", "one M.sealed", 1, 1, vch_owner_release_run},
    {"log", "one FILE", 1, 1, vch_owner_log_run},
};

static vch_status run(struct vch_tool *tool)
{
    return vch_actions_run(tool, "owner", 0, ACTIONS, sizeof ACTIONS / sizeof *ACTIONS);
}

const struct vch_command vch_commands_owner = {
    .name = "owner",
    .operands = "seal M.vouch --key K -o M.sealed | release M.sealed --to HOST:PORT --node KEY "
                "--policy RULES --policy-signer KEY --key K | log FILE",
    .summary = "seal weights for machines of others; what was released to whom",
    .details =
        "seal: checks a package that --key has signed, seals it a mebibyte at a time, and writes "
        "the\n"
        "data key to a file of its own. Sealed weights are the same bytes for every node and may "
        "lie\n"
        "anywhere (specs/sealing.md). A release that replaces others has a higher --counter.\n\n"
        "release: connects to a node, which has to show by --policy what may have weights:private, "
        "on\n"
        "this very connection; writes the release down; and sends the data key, sealed to the key "
        "that\n"
        "the node has shown. Where a check is only warned about nothing is released, unless "
        "--accept\n"
        "names it. M.sealed may be its first 296 bytes alone. Nodes admit the --owner that they "
        "name,\n"
        "and whoever is in their registry. A node that has the same file opens it and serves it; "
        "exits\n"
        "with 0 when it does.\n\n"
        "log: checks a log of releases, record by record, and prints it. Keep its head elsewhere:\n"
        "--head shows that nothing was taken off its end since.",
    .operand_min = 1,
    .operand_max = 2,
    .options = options,
    .run = run,
};
