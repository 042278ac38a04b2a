// vouch infer: a private, checkable answer from a network of nodes.
#include <stdio.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/infer_parts.h"
#include "cli/rules_file.h"
#include "crypto/known.h"
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
    VCH_RULES_FILE_CRL_OPTION,
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

static vch_status attest(struct vch_infer *s, struct vch_tool *tool)
{
    VCH_TRY(vch_demands_load(&s->demands, tool, "policy", "policy-signer", VCH_RULES_PROMPTS));
    VCH_TRY(vch_showing_start(&s->showing, tool, NULL));
    // What nodes send is read where there is neither a prompt nor a key.
    VCH_TRY(vch_demands_judge_one(&s->how.parser, tool, &s->demands));
    vch_showing_finish(&s->showing, &s->demands, 0, NULL);
    s->how.policy = vch_demands_policy(&s->demands);
    s->how.attester = vch_showing_setup(&s->showing);
    return VCH_OK;
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
static vch_status ask(struct vch_tool *tool, struct vch_infer *s, struct vch_client *client)
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
    if (vch_is_ok(status)) return vch_infer_parts_show(tool, s, client, &answer, times);
    json_decref(times);
    return status;
}

// Who is not connected at the end, and whether that came before anything private went there.
static void tell_refused(const struct vch_infer *s, const struct vch_client *client)
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
                          name, vch_infer_parts_operator(client, key), why);
    }
}

static vch_status connect_and_ask(struct vch_tool *tool, struct vch_infer *s)
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
    static struct vch_infer session;
    const char *key = NULL;

    vch_known_start();
    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    VCH_TRY(attest(&session, tool)); // nothing secret is in memory yet
    VCH_TRY(vch_infer_parts_open(&session, tool));
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
