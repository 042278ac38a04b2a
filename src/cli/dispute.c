// vouch dispute: whoever holds the input and the model runs the job again, and has a verdict that
// says something else overturned.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agreement/outcome.h"
#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/ledger_tool.h"
#include "cli/rules_file.h"
#include "cli/showing.h"
#include "net/loop.h"
#include "node/contender.h"
#include "voucher/opening.h"
#include "voucher/retrace.h"

static const struct vch_option options[] = {
    {"opening", "FILE", "the client's opening: what was asked", false},
    {"model", "M.vouch", "the model that the voucher names, all of it", false},
    {"ledger", "HOST:PORT", "the ledger that the job was on", false},
    {"charter", "FILE", "that ledger's charter", false},
    {"founder", "KEY", "whose charter counts: hexadecimal or key file", false},
    {"key", "FILE", "of an account of that ledger: it disputes, and its balance pays the bond",
     false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"bond", "N", "may be paid as a bond, and lost; without it nothing is disputed", false},
    {"peers", "FILE", "where referees listen: lines of \"HEXKEY host:port\"", false},
    {"witness", "URL", "is handed what the ledger does not take", true},
    {"policy", "RULES", "what referees have to show before anything is opened to them", false},
    {"policy-signer", "KEY", "whose rules count: hexadecimal or key file", true},
    VCH_RULES_FILE_CRL_OPTION,
    VCH_SHOWING_OPTIONS("referees that ask"),
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

// What the ledger's verdict on a segment is, next to what the model gives.
enum standing { AGREES, DIFFERS, OTHER_INPUT, FORGOTTEN, UNDECIDED };

struct session {
    struct vch_tool *tool;
    struct vch_voucher voucher;
    struct vch_opening opening;
    struct vch_package package;
    struct vch_retrace truth;
    struct vch_secret_key key;
    struct vch_signer signer;
    struct vch_ledger_tool_place ledger;
    struct event_base *base;
    struct vch_contender *contender;
    const char *witnesses[VCH_OPTIONS_GIVEN_MAX];
    uint64_t bond;
    bool is_json;
    struct vch_demands demands;
    struct vch_parser *parser;
    struct vch_showing showing;
};

static void tell(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "vouch dispute: %s\n", text);
}

static vch_status load(struct session *s)
{
    struct vch_tool *tool = s->tool;
    const char *opening = NULL, *model = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&opening, tool->options, "opening", &tool->complaint));
    VCH_TRY(vch_options_required(&model, tool->options, "model", &tool->complaint));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, tool->options->operands[0], VCH_VOUCHER_SIZE_MAX));
    VCH_TRY(vch_voucher_decode(&s->voucher, bytes, size, &tool->arena, &tool->complaint));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, opening, VCH_OPENING_SIZE_MAX));
    VCH_TRY(vch_opening_decode(&s->opening, bytes, size, &tool->arena, &tool->complaint));
    return vch_tool_package(&s->package, tool, model);
}

static vch_status run_again(struct session *s)
{
    const struct vch_retrace_input input = {.voucher = &s->voucher,
                                            .opening = &s->opening,
                                            .package = &s->package,
                                            .kernels = &s->tool->kernels,
                                            .workers = s->tool->workers};

    return vch_retrace_run(&s->truth, &input, &s->tool->arena, &s->tool->complaint);
}

// The last entry of the ledger that the voucher shows: every verdict is among them.
static vch_status find_position(uint64_t *position, const struct session *s)
{
    bool is_agreed = false;

    *position = 0;
    for (uint32_t i = 0; i < s->voucher.result_count; i++) {
        const struct vch_segment_agreement *agreement = s->voucher.results[i].agreement;
        for (uint32_t j = 0; agreement != NULL && j < agreement->leaf_count; j++)
            if (agreement->leaves[j].position > *position)
                *position = agreement->leaves[j].position;
        is_agreed = is_agreed || agreement != NULL;
    }
    if (is_agreed) return VCH_OK;
    return vch_complain(&s->tool->complaint, VCH_CODE_REFUSED,
                        "this voucher's votes were given to the client alone: no ledger has a "
                        "verdict that could be disputed; `vouch verify` says who signed them");
}

static enum standing stand_of(const struct session *s, const struct vch_retrace_segment *truth)
{
    const struct vch_state *state = vch_contender_state(s->contender);
    const struct vch_contest_id id = {s->voucher.job_id, truth->index, 0};
    const struct vch_segment_record *said =
        vch_state_segment(state, &s->voucher.job_id, truth->index);
    const struct vch_contest *contest = vch_state_contest(state, &id);

    if (said == NULL || said->is_final || contest == NULL) return FORGOTTEN;
    if (said->phase != VCH_JOB_DECIDED) return UNDECIDED;
    if (!contest->has_input || !vch_hash_is_equal(&contest->input, &truth->entered))
        return OTHER_INPUT;
    return vch_hash_is_equal(&said->output, &truth->output) &&
                   vch_hash_is_equal(&said->trace, &truth->trace)
               ? AGREES
               : DIFFERS;
}

// The first segment whose verdict is wrong; what comes after it was given a wrong input. NULL:
// none. Whether anything could be compared at all is in `compared`.
static const struct vch_retrace_segment *find_lie(const struct session *s, uint32_t *compared)
{
    static const char *const texts[] = {
        [AGREES] = "agrees with what the model gives",
        [DIFFERS] = "is NOT what the model gives",
        [OTHER_INPUT] = "is about another input than what the model gives there",
        [FORGOTTEN] = "can be disputed no more: its window is over",
        [UNDECIDED] = "has no majority",
    };
    const struct vch_retrace_segment *found = NULL;

    *compared = 0;
    for (uint32_t i = 0; i < s->truth.count; i++) {
        const struct vch_retrace_segment *truth = &s->truth.segments[i];
        const enum standing standing = stand_of(s, truth);
        (void)fprintf(stderr, "vouch dispute: segment %u: the verdict %s\n", truth->index,
                      texts[standing]);
        *compared += standing == AGREES || standing == DIFFERS;
        if (standing == DIFFERS && found == NULL) found = truth;
    }
    return found;
}

static vch_status say(const struct session *s, const struct vch_retrace_segment *truth,
                      const char *outcome, const char *text)
{
    const struct vch_account *account =
        vch_state_account(vch_contender_state(s->contender), &s->key.public_key);
    const uint64_t balance = account != NULL ? account->balance : 0;

    if (!s->is_json) {
        printf("%s\n", text);
        return VCH_OK;
    }
    return vch_tool_print_json(json_pack(
        "{s:o, s:o, s:s, s:I}", "job", vch_tool_json_hex(s->voucher.job_id.bytes, VCH_DIGEST_SIZE),
        "segment", truth != NULL ? json_integer(truth->index) : json_null(), "outcome", outcome,
        "balance", (json_int_t)balance));
}

static struct vch_contender_case make_case(const struct session *s,
                                           const struct vch_retrace_segment *truth)
{
    const struct vch_tensor *input = &truth->input;

    return (struct vch_contender_case){
        .record = {.contest = {s->voucher.job_id, truth->index, 0},
                   .model = s->voucher.job.model,
                   .output = truth->output,
                   .trace = truth->trace,
                   .first = truth->traced.first,
                   .last = truth->traced.last,
                   .batch = s->voucher.job.batch,
                   .input_nonce = truth->traced.input_nonce,
                   .output_nonce = truth->traced.output_nonce,
                   .job = s->voucher.job_bytes,
                   .input = input->data,
                   .job_size = s->voucher.job_size,
                   .input_size = vch_tensor_size(input) * s->voucher.job.batch},
        .graph = s->package.graph,
        .leaves = truth->leaves,
        .leaf_count = truth->leaf_count,
    };
}

// Nobody pays by accident: the bond is named before, by whoever pays it.
static vch_status check_bond(const struct session *s, const struct vch_retrace_segment *truth)
{
    const uint64_t bond = s->ledger.charter.parameters.dispute_bond;

    if (s->bond >= bond) return VCH_OK;
    return vch_complain(&s->tool->complaint, VCH_CODE_REFUSED,
                        "the verdict on segment %u is wrong, and nothing was done: disputing it "
                        "takes a bond of %" PRIu64 ", which comes back with a bounty if referees "
                        "find you right, and is lost otherwise; --bond %" PRIu64
                        " says that you pay it",
                        truth->index, bond, bond);
}

static vch_status report(const struct session *s, const struct vch_retrace_segment *truth,
                         enum vch_dispute_result result)
{
    static const struct {
        const char *name, *text;
    } ends[] = {
        [VCH_DISPUTE_OVERTURNED] = {"overturned",
                                    "OVERTURNED: the verdict does not stand, whoever gave it was "
                                    "slashed, and the bond is back, with a bounty"},
        [VCH_DISPUTE_BOTH_LOSE] = {"both_lose",
                                   "overturned, but the referees found neither side right: the "
                                   "bond is lost, too"},
        [VCH_DISPUTE_UPHELD] = {"upheld", "upheld: the verdict stands, and the bond is lost"},
        [VCH_DISPUTE_VOID] = {"void", "void: no referees' majority came about, or another dispute "
                                      "was faster; the bond is back"},
    };

    VCH_TRY(say(s, truth, ends[result].name, ends[result].text));
    if (result == VCH_DISPUTE_OVERTURNED) return VCH_OK;
    return vch_complain(&s->tool->complaint, VCH_CODE_BAD_PROOF, "segment %u: %s", truth->index,
                        ends[result].text);
}

static vch_status dispute(const struct session *s, const struct vch_retrace_segment *truth)
{
    const struct vch_contender_case stand = make_case(s, truth);
    enum vch_dispute_result result = VCH_DISPUTE_NONE;
    char text[120];

    if (vch_contender_find(s->contender, &stand) == NULL) {
        VCH_TRY(check_bond(s, truth));
        (void)snprintf(text, sizeof text, "disputing segment %u for a bond of %" PRIu64,
                       truth->index, s->ledger.charter.parameters.dispute_bond);
        tell(NULL, text);
    } else {
        tell(NULL, "this key has that dispute already: going on with it");
    }
    VCH_TRY(vch_contender_plead(s->contender, &stand, &result, &s->tool->complaint));
    return report(s, truth, result);
}

static vch_status compare(const struct session *s)
{
    uint32_t compared = 0;
    const struct vch_retrace_segment *lie = find_lie(s, &compared);

    if (lie != NULL) return dispute(s, lie);
    if (compared == 0)
        return vch_complain(&s->tool->complaint, VCH_CODE_REFUSED,
                            "no verdict of this job can be disputed (any more)");
    return say(s, NULL, "agrees", "agrees: nothing to dispute");
}

static vch_status follow(struct session *s)
{
    struct vch_tool *tool = s->tool;
    struct vch_contender_setup setup = {.signer = &s->signer,
                                        .charter = s->ledger.charter,
                                        .host = s->ledger.host,
                                        .port = s->ledger.port,
                                        .witness_urls = s->witnesses,
                                        .kernels = &tool->kernels,
                                        .policy = vch_demands_policy(&s->demands),
                                        .parser = s->parser,
                                        .attest = vch_showing_setup(&s->showing),
                                        .on_news = tell};
    uint64_t position = 0;

    VCH_TRY(find_position(&position, s));
    VCH_TRY(vch_options_required(&setup.peers, tool->options, "peers", &tool->complaint));
    while ((s->witnesses[setup.witness_count] =
                vch_options_nth(tool->options, "witness", setup.witness_count)) != NULL)
        setup.witness_count++;
    setup.base = s->base = vch_loop_new();
    if (s->base == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_contender_new(&s->contender, &setup, &tool->complaint));
    VCH_TRY(vch_contender_follow(s->contender, position, &tool->complaint));
    return compare(s);
}

static vch_status read_place(struct session *s)
{
    struct vch_tool *tool = s->tool;
    const char *text = NULL;

    VCH_TRY(vch_options_required(&text, tool->options, "ledger", &tool->complaint));
    VCH_TRY(vch_ledger_tool_place(&s->ledger, tool));
    return vch_options_u64(&s->bond, tool->options, "bond", 1, VCH_ENTRY_AMOUNT_MAX,
                           &tool->complaint);
}

static vch_status attest(struct session *s)
{
    VCH_TRY(vch_demands_load(&s->demands, s->tool, "policy", "policy-signer", VCH_RULES_PROMPTS));
    VCH_TRY(vch_showing_start(&s->showing, s->tool, NULL));
    VCH_TRY(vch_demands_judge_one(&s->parser, s->tool, &s->demands));
    vch_showing_finish(&s->showing, &s->demands, 0, NULL);
    return VCH_OK;
}

static vch_status run(struct vch_tool *tool)
{
    static struct session s; // large: a whole job and its registry
    const char *path = NULL;

    s.tool = tool;
    s.is_json = vch_options_has(tool->options, "json");
    VCH_TRY(read_place(&s));
    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    VCH_TRY(attest(&s)); // nothing secret is in memory yet
    VCH_TRY(load(&s));
    VCH_TRY(run_again(&s));
    VCH_TRY(vch_tool_secret_key(&s.key, tool, path));
    s.signer = vch_signer_local(&s.key);
    vch_status status = follow(&s);
    vch_contender_free(s.contender);
    vch_showing_stop(&s.showing);
    vch_parser_free(s.parser);
    if (s.base != NULL) event_base_free(s.base);
    vch_wipe(&s.key, sizeof s.key);
    return status;
}

const struct vch_command vch_commands_dispute = {
    .name = "dispute",
    .operands = "X.voucher --opening F --model M.vouch --ledger HOST:PORT",
    .summary = "run a job again, and have a verdict that is wrong overturned",
    .details =
        "Runs the voucher's job again from the opened input, and compares output and trace of "
        "each\n"
        "segment by nodes with the ledger's verdict. Agrees: exits with 0, and nobody pays. "
        "Otherwise,\nwith --bond, disputes the first verdict that is wrong, from an account that "
        "had no seat\nthere: makes its moves, opens to each referee the tensors that one operator "
        "reads, and\nsays what came of it; 0 only if the verdict was overturned and the bond is "
        "back. Run again\nafter it was killed, it goes on with its dispute.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
