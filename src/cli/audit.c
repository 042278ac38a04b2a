// vouch audit: is what others say true? A ledger replayed from nothing, or a segment's arithmetic.
#include "cli/audit_ledger.h"
#include "cli/audit_segment.h"
#include "cli/commands.h"

static const struct vch_option options[] = {
    {"from", "URL|DIR", "replay the ledger that is published there", false},
    {"charter", "FILE", "that ledger's charter", false},
    {"founder", "KEY", "whose charter counts: hexadecimal or key file", false},
    {"seen", "FILE", "compare with the checkpoint of last time; keep this one there", false},
    {"evidence", "FILE", "where evidence goes, if the clerk signed two histories", false},
    {"shown", "FILE", "hear what a witness signed: a promise, a refusal, a log's state", true},
    {"witness", "URL", "ask this witness how many trees of the log it has cosigned", true},
    {"verbose", NULL, "list draws that are missing, and seats that were silent", false},
    {"equivocation", "FILE", "check such evidence, and nothing else", false},
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
    bool is_segment = vch_options_has(tool->options, "segment");
    bool is_ledger = vch_options_has(tool->options, "from");
    bool is_evidence = vch_options_has(tool->options, "equivocation");

    if (is_segment + is_ledger + is_evidence != 1)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "say what to audit: --from a ledger, --segment of a model, or "
                            "--equivocation");
    if (is_segment) return vch_audit_segment_check(tool);
    return is_ledger ? vch_audit_ledger_replay(tool) : vch_audit_ledger_equivocation(tool);
}

const struct vch_command vch_commands_audit = {
    .name = "audit",
    .operands = "--from URL --charter C --founder KEY | --segment M.vouch ...",
    .summary = "replay a ledger from nothing; check a segment for less than running it",
    .details =
        "--from: reads what a ledger publishes, checks every signature, draw and cosignature,\n"
        "recomputes every verdict and balance, and prints them. With --seen it notices a ledger\n"
        "that shows one history today and had another before, and keeps the evidence.\n"
        "With --shown it hears what witnesses signed against the log: a clerk that refused what\n"
        "its own log takes is convicted, and the exit code is 1.\n"
        "--segment: tests the accumulators of a segment's linear operators by products with a\n"
        "secret vector (--accumulators, --input, --key), and runs every other operator. Whoever\n"
        "does not know the key passes one wrong test with a probability of 2^-63. Keep the key\n"
        "to yourself, and never copy it: it counts its tests.",
    .options = options,
    .run = run,
};
