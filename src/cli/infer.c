// vouch infer: a private, checkable answer from a network of nodes.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/annex_holder.h"
#include "cli/commands.h"
#include "cli/ledger_tool.h"
#include "cli/showing.h"
#include "cli/tensors.h"
#include "client/client.h"
#include "consensus/registry.h"
#include "crypto/known.h"
#include "entry/entry.h"
#include "host/random.h"

static const struct vch_option options[] = {
    {"input", "[NAME=]FILE", ".npy, .npz:ARRAY or synthetic[:SEED]", true},
    {"key", "FILE", "the client's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"registry", "FILE", "the network's signed registry", false},
    {"founder", "KEY", "whose registry counts: hexadecimal or key file", false},
    {"peers", "FILE", "where nodes listen: lines of \"HEXKEY host:port\"", false},
    {"quorum", "K", "votes of different operators per segment (default: 3)", false},
    {"prove", NULL, "every segment on nodes is proven, in zero knowledge, by one that voted",
     false},
    {"annex", "M.annex", "proves what runs here as well (default: the one beside the model)",
     false},
    {"ledger", "HOST:PORT", "by committees drawn on this ledger, in place of direct votes", false},
    {"charter", "FILE", "that ledger's charter", false},
    {"fee", "N", "paid for each seat of a committee (default: 1)", false},
    {"exclude", "OPERATOR", "who may have no seat", true},
    {"policy", "RULES", "what nodes have to show before anything private is sent to them", false},
    {"policy-signer", "KEY", "whose rules count: hexadecimal or key file", true},
    {"class", "CLASS", "of data, by the rules (default: prompts)", false},
    VCH_SHOWING_OPTIONS("nodes that ask"),
    {"segments", "N", "exactly N segments on nodes (default: whatever is fastest)", false},
    {"cuts", "P,P,...", "these very segments on nodes, between operators P (see vouch split)",
     false},
    {"keep-first", "N", "layers run here first, so that nodes see no input (default: 1)", false},
    {"keep-last", "N", "layers run here last, so that nodes see no output (default: 1)", false},
    {"share", "PERCENT", "most of the layers one operator may see (default: 100)", false},
    {"strict", NULL, "neighbouring segments never share an operator, whatever the quorum", false},
    {"deadline-ms", "N", "give up after this long (default: 60000; with --prove 600000)", false},
    {"patience-ms", "N", "ask someone else as well after this long (default: by estimate)", false},
    {"grace-ms", "N", "wait for stragglers once there is a majority (default: by experience)",
     false},
    {"voucher", "FILE", "where the voucher goes", false},
    {"opening", "FILE", "where the opening goes: private, opens the voucher's commitments", false},
    {"output", "FILE.npy", "write an output, float32", false},
    {"port", "NAME", "which output --output holds (default: the first)", false},
    {"repeat", "N", "ask N times over the same connections, for measuring (default: 1)", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

// Legal cuts that the caller chose: nodes run between the first and the last of them.
struct chosen_cuts {
    uint32_t count;
    struct vch_job_segment segments[VCH_JOB_SEGMENTS_MAX];
};

struct session {
    struct chosen_cuts cuts;
    struct vch_package package;
    struct vch_tensors inputs;
    struct vch_secret_key key;
    struct vch_client_options how;
    struct vch_client_request request;
    struct vch_annex_holder holder;
    struct vch_annex_source annex;
    struct vch_ledger_tool_place ledger;
    const char *excluded[VCH_ENTRY_EXCLUDED_MAX];
    uint64_t repeat;
    struct vch_demands demands;
    struct vch_showing showing;
};

static vch_status load_network(struct session *s, struct vch_tool *tool)
{
    const char *registry = NULL, *founder = NULL, *peers = NULL;
    struct vch_complaint *c = &tool->complaint;
    struct vch_peer *list = NULL;
    uint8_t *bytes = NULL, *text = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&registry, tool->options, "registry", c));
    VCH_TRY(vch_options_required(&founder, tool->options, "founder", c));
    VCH_TRY(vch_options_required(&peers, tool->options, "peers", c));
    VCH_TRY(vch_tool_public_key(&s->how.founder, tool, founder));
    VCH_TRY(vch_tool_file(&bytes, &s->how.registry_size, tool, registry, VCH_REGISTRY_SIZE_MAX));
    VCH_TRY(vch_tool_file(&text, &size, tool, peers, VCH_PEERS_FILE_MAX));
    VCH_TRY(vch_peers_parse(&list, &s->how.peer_count, (const char *)text, size, &tool->arena, c));
    s->how.registry_bytes = bytes;
    s->how.peers = list;
    return VCH_OK;
}

static vch_status parse_u32(uint32_t *out, struct vch_tool *tool, const char *name, uint64_t least,
                            uint64_t most)
{
    uint64_t value = *out;

    VCH_TRY(vch_options_u64(&value, tool->options, name, least, most, &tool->complaint));
    *out = (uint32_t)value;
    return VCH_OK;
}

static void add_segment(struct chosen_cuts *cuts, uint32_t first, uint32_t last, enum vch_job_by by)
{
    if (first == last) return; // the client keeps nothing at this end
    cuts->segments[cuts->count++] = (struct vch_job_segment){first, last, by};
}

static vch_status parse_cuts(struct session *s, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "cuts");
    uint32_t end = s->package.graph->operator_count, before = 0, given = 0;
    char *save = NULL;

    if (text == NULL) return VCH_OK;
    char *copy = vch_arena_string(&tool->arena, text, strlen(text));
    if (copy == NULL) return VCH_FAIL(NO_MEMORY);
    for (char *word = strtok_r(copy, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
        uint64_t at = 0;
        if (!vch_options_is_number(&at, word, given > 0 ? before + 1 : 0, end) ||
            given + 2 >= VCH_JOB_SEGMENTS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "--cuts expects rising positions from 0 to %u, found \"%.80s\"",
                                end, text);
        add_segment(&s->cuts, before, (uint32_t)at,
                    given++ > 0 ? VCH_JOB_BY_NODES : VCH_JOB_BY_CLIENT);
        before = (uint32_t)at;
    }
    if (given < 2)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--cuts takes at least two positions: where nodes begin and end");
    add_segment(&s->cuts, before, end, VCH_JOB_BY_CLIENT);
    s->request.segments = s->cuts.segments;
    s->request.segment_count = s->cuts.count;
    return VCH_OK;
}

static vch_status parse_request(struct session *s, struct vch_tool *tool)
{
    struct vch_client_request *r = &s->request;

    *r = (struct vch_client_request){.quorum = 3, .keep_first = 1, .keep_last = 1};
    VCH_TRY(parse_u32(&r->quorum, tool, "quorum", 1, VCH_JOB_QUORUM_MAX));
    VCH_TRY(parse_u32(&r->keep_first, tool, "keep-first", 0, UINT32_MAX));
    VCH_TRY(parse_u32(&r->keep_last, tool, "keep-last", 0, UINT32_MAX));
    VCH_TRY(parse_u32(&r->segments_min, tool, "segments", 1, 64));
    VCH_TRY(parse_u32(&r->share_percent_max, tool, "share", 1, 100));
    VCH_TRY(parse_u32(&r->deadline_ms, tool, "deadline-ms", 1, 86400000));
    VCH_TRY(parse_u32(&r->patience_ms, tool, "patience-ms", 1, 86400000));
    VCH_TRY(parse_u32(&r->grace_ms, tool, "grace-ms", 1, 86400000));
    VCH_TRY(vch_options_u64(&s->repeat, tool->options, "repeat", 1, 1000000, &tool->complaint));
    r->segments_max = r->segments_min;
    r->input = &s->inputs.tensor[0];
    r->batch = s->inputs.batch;
    r->adjacency_is_strict = vch_options_has(tool->options, "strict");
    return parse_cuts(s, tool);
}

// With an annex of what runs here, that is proven too.
static vch_status open_annex(struct session *s, struct vch_tool *tool)
{
    struct vch_annex_files files;

    s->request.proves = vch_options_has(tool->options, "prove");
    if (!s->request.proves) return VCH_OK;
    VCH_TRY(vch_annex_files_find(&files, tool, tool->options->operands[0]));
    bool is_there = access(files.annex, F_OK) == 0 && access(files.key, F_OK) == 0;
    if (!is_there && !vch_options_has(tool->options, "annex")) return VCH_OK;
    s->how.annex = &s->annex;
    return vch_annex_holder_open(&s->holder, &s->annex, tool, files.annex);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static vch_status join_ledger(struct session *s, struct vch_tool *tool)
{
    struct vch_client_request *r = &s->request;
    const char *name = NULL;

    VCH_TRY(vch_ledger_tool_place(&s->ledger, tool));
    r->fee = 1;
    VCH_TRY(vch_options_u64(&r->fee, tool->options, "fee", 0, UINT64_C(1) << 40, &tool->complaint));
    while ((name = vch_options_nth(tool->options, "exclude", r->excluded_count)) != NULL) {
        if (r->excluded_count == VCH_ENTRY_EXCLUDED_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT,
                                "at most %u operators can be excluded", VCH_ENTRY_EXCLUDED_MAX);
        s->excluded[r->excluded_count++] = name;
    }
    qsort(s->excluded, r->excluded_count, sizeof *s->excluded, compare_names);
    r->excluded = s->excluded;
    r->agrees = s->ledger.host != NULL;
    s->how.ledger_host = s->ledger.host;
    s->how.ledger_port = s->ledger.port;
    s->how.charter = &s->ledger.charter;
    return VCH_OK;
}

static vch_status open_session(struct session *s, struct vch_tool *tool)
{
    s->repeat = 1;
    VCH_TRY(vch_tool_package(&s->package, tool, tool->options->operands[0]));
    if (s->package.graph->input_count != 1)
        return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                            "a network run takes a model with one input; this one has %u",
                            s->package.graph->input_count);
    VCH_TRY(vch_tensors_load(&s->inputs, tool, s->package.graph));
    VCH_TRY(parse_request(s, tool));
    VCH_TRY(open_annex(s, tool));
    s->how.package = &s->package;
    s->how.kernels = &tool->kernels;
    s->how.workers = tool->workers;
    VCH_TRY(load_network(s, tool));
    return join_ledger(s, tool);
}

// What nodes send is read where there is neither a prompt nor a key.
static vch_status judge_apart(struct session *s, struct vch_tool *tool)
{
#ifdef VCH_SANITIZED // which looks into its own process
    (void)s, (void)tool;
    return VCH_OK;
#else
    struct vch_demands *const demands[] = {&s->demands};

    if (!s->demands.is_set) return VCH_OK;
    return vch_demands_judge_apart(&s->how.parser, tool, demands, 1);
#endif
}

static vch_status attest(struct session *s, struct vch_tool *tool)
{
    VCH_TRY(vch_demands_load(&s->demands, tool, "policy", "policy-signer", VCH_RULES_PROMPTS));
    VCH_TRY(vch_showing_start(&s->showing, tool));
    VCH_TRY(judge_apart(s, tool));
    vch_showing_finish(&s->showing, &s->demands, 0, NULL);
    s->how.policy = vch_demands_policy(&s->demands);
    s->how.attester = vch_showing_setup(&s->showing);
    return VCH_OK;
}

static const char *operator_of(const struct vch_client *client, const struct vch_public_key *key)
{
    const char *name = vch_client_operator(client, key);
    return name != NULL ? name : "unknown";
}

// What each segment's nodes did, for people.
static void print_segment(const struct vch_client *client, const struct vch_client_segment *segment)
{
    const struct vch_segment_result *r = &segment->result;

    printf("  operators %u to %u: %u of %u votes agree", segment->first, segment->last - 1,
           segment->agreeing, r->vote_count);
    for (uint32_t i = 0; i < r->vote_count; i++)
        if (memcmp(&r->votes[i].output, &segment->output, sizeof segment->output) != 0)
            printf("; %s signed ANOTHER result", operator_of(client, &r->votes[i].node));
    if (segment->is_proven) printf("; proven by %s", operator_of(client, &segment->prover));
    for (uint32_t i = 0; i < r->fault_count; i++)
        printf("; %s %s", operator_of(client, &r->faults[i].node),
               vch_vote_fault_text(r->faults[i].kind));
    putchar('\n');
}

static json_t *segment_json(const struct vch_client *client,
                            const struct vch_client_segment *segment)
{
    const struct vch_segment_result *r = &segment->result;
    json_t *dissent = json_array(), *faults = json_array();

    for (uint32_t i = 0; i < r->vote_count; i++)
        if (memcmp(&r->votes[i].output, &segment->output, sizeof segment->output) != 0)
            json_array_append_new(dissent, json_string(operator_of(client, &r->votes[i].node)));
    for (uint32_t i = 0; i < r->fault_count; i++)
        json_array_append_new(faults, json_pack("{s:s, s:s}", "operator",
                                                operator_of(client, &r->faults[i].node), "fault",
                                                vch_vote_fault_text(r->faults[i].kind)));
    json_t *proof =
        segment->is_proven
            ? json_pack("{s:s, s:I, s:I}", "operator", operator_of(client, &segment->prover),
                        "elapsed_us", (json_int_t)segment->proof_elapsed_us, "compute_us",
                        (json_int_t)segment->proof_us)
            : json_null();
    return json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:o, s:o, s:o}", "first", (int)segment->first,
                     "last", (int)segment->last, "votes", (int)r->vote_count, "agreeing",
                     (int)segment->agreeing, "elapsed_us", (json_int_t)segment->elapsed_us,
                     "compute_us", (json_int_t)segment->compute_us, "dissent", dissent, "faults",
                     faults, "proof", proof);
}

// What the nodes have shown, under the rules of --policy.
static json_t *attested_json(const struct session *s, const struct vch_client *client)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < s->how.peer_count; i++) {
        const struct vch_asker_kept *kept = vch_client_peer_evidence(client, i);
        const struct vch_public_key *key = &s->how.peers[i].key;
        if (kept == NULL) continue;
        json_array_append_new(rows, json_pack("{s:o, s:s, s:s, s:s, s:b, s:s}", "node",
                                              vch_tool_json_hex(key->bytes, sizeof key->bytes),
                                              "operator", operator_of(client, key), "level",
                                              vch_rules_level_name(kept->verdict.level), "verdict",
                                              vch_result_word_text(kept->verdict.word), "test",
                                              kept->verdict.is_test, "why", kept->verdict.why));
    }
    return rows;
}

static void print_attested(const struct session *s, const struct vch_client *client)
{
    for (uint32_t i = 0; i < s->how.peer_count; i++) {
        const struct vch_asker_kept *kept = vch_client_peer_evidence(client, i);
        if (kept == NULL) continue;
        printf("  %s: %s, %s%s%s%s%s\n", operator_of(client, &s->how.peers[i].key),
               kept->verdict.level == VCH_RULES_SANDBOX ? "its own word, no evidence"
                                                        : vch_rules_level_name(kept->verdict.level),
               vch_result_word_text(kept->verdict.word),
               kept->verdict.is_test ? ", BY A TEST'S ROOTS" : "",
               kept->verdict.why[0] != '\0' ? " (" : "", kept->verdict.why,
               kept->verdict.why[0] != '\0' ? ")" : "");
    }
}

// A committee all of whose seats lie alike is caught by nobody but whoever runs the job again.
static void print_check(const struct vch_tool *tool, const struct session *s)
{
    const char *voucher = vch_options_text(tool->options, "voucher");
    const char *opening = vch_options_text(tool->options, "opening");

    if (s->ledger.host == NULL || voucher == NULL || opening == NULL) return;
    printf("  for %" PRIu64
           " s `vouch dispute %s --opening %s ...` can run it again, and have a lie "
           "overturned\n",
           s->ledger.charter.parameters.dispute_ms / 1000, voucher, opening);
}

static vch_status show(struct vch_tool *tool, const struct session *s,
                       const struct vch_client *client, const struct vch_client_answer *answer,
                       json_t *times)
{
    struct vch_tensors outputs = {.batch = s->inputs.batch,
                                  .count = s->package.graph->output_count};

    memcpy(outputs.tensor, answer->outputs, sizeof outputs.tensor);
    VCH_TRY(vch_tensors_save(&outputs, tool, s->package.graph));
    if (!vch_options_has(tool->options, "json")) {
        VCH_TRY(vch_tensors_show(&outputs, tool, s->package.graph, NULL));
        for (uint32_t i = 0; i < answer->segment_count; i++)
            print_segment(client, &answer->segments[i]);
        print_attested(s, client);
        print_check(tool, s);
        json_decref(times);
        return VCH_OK;
    }
    json_t *rows = json_array(), *segments = json_array();
    VCH_TRY(vch_tensors_show(&outputs, tool, s->package.graph, rows));
    for (uint32_t i = 0; i < answer->segment_count; i++)
        json_array_append_new(segments, segment_json(client, &answer->segments[i]));
    return vch_tool_print_json(json_pack(
        "{s:o, s:o, s:o, s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "job",
        vch_tool_json_hex(answer->job_id.bytes, VCH_DIGEST_SIZE), "outputs", rows, "segments",
        segments, "attested", attested_json(s, client), "operators", (int)answer->operator_count,
        "ends_us", (json_int_t)answer->ends_us, "network_us", (json_int_t)answer->network_us,
        "proof_us", (json_int_t)answer->proof_us, "bytes_in", (json_int_t)answer->bytes_in,
        "bytes_out", (json_int_t)answer->bytes_out, "agreement_us",
        (json_int_t)answer->agreement_us, "total_us", times));
}

// The opening first: a voucher whose opening was lost could never be opened again.
static vch_status write_evidence(struct vch_tool *tool, const struct vch_client_answer *answer)
{
    const char *voucher = vch_options_text(tool->options, "voucher");
    const char *opening = vch_options_text(tool->options, "opening");

    if (opening != NULL)
        VCH_TRY(
            vch_file_write(opening, answer->opening, answer->opening_size, true, &tool->complaint));
    if (voucher != NULL)
        VCH_TRY(vch_file_write(voucher, answer->voucher, answer->voucher_size, false,
                               &tool->complaint));
    return VCH_OK;
}

// All repeats but the last leave no trace but their time.
static vch_status ask(struct vch_tool *tool, struct session *s, struct vch_client *client)
{
    struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
    struct vch_client_answer answer = {0};
    json_t *times = json_array();
    vch_status status = VCH_OK;

    for (uint64_t i = 0; i < s->repeat && vch_is_ok(status); i++) {
        vch_arena_rewind(&tool->arena, mark);
        answer = (struct vch_client_answer){0};
        vch_random_bytes(s->request.secret, sizeof s->request.secret);
        vch_random_bytes(s->request.nonce.bytes, sizeof s->request.nonce.bytes);
        status = vch_client_infer(client, &s->request, &answer, &tool->arena, &tool->complaint);
        json_array_append_new(times, json_integer((json_int_t)answer.total_us));
    }
    vch_wipe(s->request.secret, sizeof s->request.secret);
    if (vch_is_ok(status)) status = write_evidence(tool, &answer);
    if (vch_is_ok(status)) return show(tool, s, client, &answer, times);
    json_decref(times);
    return status;
}

// Who is not connected at the end, and whether that came before anything private went there.
static void tell_refused(const struct session *s, const struct vch_client *client)
{
    for (uint32_t i = 0; s->demands.is_set && i < s->how.peer_count; i++) {
        const struct vch_public_key *key = &s->how.peers[i].key;
        const char *why = vch_client_peer_trouble(client, i);
        char name[17];
        vch_hex_encode(name, key->bytes, 8);
        if (why != NULL)
            (void)fprintf(stderr, "vouch infer: %s node %s of %s: %s\n",
                          vch_client_peer_was_told(client, i) ? "data was sent before it left to"
                                                              : "nothing was sent to",
                          name, operator_of(client, key), why);
    }
}

static vch_status connect_and_ask(struct vch_tool *tool, struct session *s)
{
    struct vch_client *client = NULL;

    s->how.key = &s->key;
    VCH_TRY(vch_client_new(&client, &s->how, &tool->complaint));
    vch_status status = ask(tool, s, client);
    tell_refused(s, client);
    vch_client_free(client);
    return status;
}

static vch_status run(struct vch_tool *tool)
{
    static struct session session;
    const char *key = NULL;

    vch_known_start();
    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    VCH_TRY(attest(&session, tool)); // nothing secret is in memory yet
    VCH_TRY(open_session(&session, tool));
    VCH_TRY(vch_tool_secret_key(&session.key, tool, key));
    vch_status status = connect_and_ask(tool, &session);
    vch_showing_stop(&session.showing);
    vch_parser_free(session.how.parser);
    vch_wipe(&session.key, sizeof session.key);
    return status;
}

const struct vch_command vch_commands_infer = {
    .name = "infer",
    .operands = "M.vouch --input X.npy --key K --registry R --founder KEY --peers P",
    .summary = "a private, checkable answer from a network of nodes",
    .details =
        "Runs the model's first and last layers here and the rest on nodes, K of different\n"
        "operators per segment; takes over only what a majority signed; names the others.\n"
        "Writes a voucher that anyone can check, and the opening, which is yours alone.\n"
        "M.vouch must hold the layers that run here. With --policy each node first shows what it\n"
        "is; one that falls short is sent nothing, and standard error says who and why.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
