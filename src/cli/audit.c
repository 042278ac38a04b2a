// vouch audit: is what somebody answered what the model gives?
#include "cli/audit_segment.h"
#include "cli/commands.h"

static const struct vch_option options[] = {
    {"segment", "M.vouch", "check accumulators against the model you hold", false},
    {"accumulators", "FILE", "what was shown (vouch run --accumulators)", false},
    {"input", "[NAME=]FILE", "the model's input: .npy, .npz:ARRAY or synthetic[:SEED]", true},
    {"range", "FIRST:LAST", "operators FIRST up to LAST - 1 (default: all)", false},
    {"key", "K.audit", "your secret; made if it is not there, and counted in", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static vch_status run(struct vch_tool *tool)
{
    return vch_audit_segment_check(tool);
}

const struct vch_command vch_commands_audit = {
    .name = "audit",
    .operands = "--segment M.vouch --accumulators FILE --input X.npy --key K.audit",
    .summary = "check a segment for less than it costs to run it",
    .details =
        "Tests the accumulators of a segment's linear operators by products with a secret\n"
        "vector, runs every other operator, and says whether the answer that follows is the\n"
        "model's. Whoever does not know the key passes one wrong test with a probability of\n"
        "2^-63. Keep the key to yourself, and never copy it: it counts its tests.",
    .options = options,
    .run = run,
};
