// vouch node: the daemon. Holds segments, admits a network's clients, executes, signs.
#include "node/node.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/annex_holder.h"
#include "cli/commands.h"
#include "cli/fenced.h"
#include "cli/fenced_paths.h"
#include "cli/keys.h"
#include "cli/ledger_tool.h"
#include "cli/node_folder.h"
#include "cli/rules_file.h"
#include "cli/showing.h"
#include "cli/weights_files.h"
#include "consensus/registry.h"
#include "crypto/known.h"
#include "host/log.h"

static const struct vch_option options[] = {
    {"key", "FILE", "this node's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"registry", "FILE", "the network's signed registry", false},
    {"founder", "KEY", "whose registry counts: hexadecimal or key file", false},
    {"listen", "HOST:PORT", "where clients connect (default: 127.0.0.1:0, the kernel picks)",
     false},
    {"http-port", "N", "/healthz and /metrics on 127.0.0.1 (default: the kernel picks)", false},
    {"annex", "M.annex", "proves with it, its key beside it (default: those beside the segments)",
     true},
    {"ledger", "HOST:PORT", "takes seats on this ledger, for agreed jobs", false},
    {"charter", "FILE", "that ledger's charter", false},
    {"witness", "URL", "is handed this node's drafts, too: http://ADDRESS:PORT[/PREFIX]", true},
    {"witness-after", "MS",
     "what no anchor has by then, or an eighth of its window (default: 1000)", false},
    {"vrf", "FILE", "the key file with which this node draws (vouch keygen --vrf)", false},
    {"peers", "FILE", "where other nodes listen: for disputes", false},
    {"journal", "FILE", "keeps what this node committed to (default: KEY.node/seats)", false},
    {"keep", "MIB",
     "most that JOURNAL.runs keeps of inputs, for disputes; a client's: an eighth (default: 1024)",
     false},
    {"no-disputes", NULL, "accept verdicts against what this node computed", false},
    {"memory", "MIB", "most memory that requests may take (default: 1024)", false},
    {"prove-memory", "MIB", "of that, most that one proof may take (default: all)", false},
    {"queue", "N", "most requests that wait (default: 64)", false},
    {"connections", "N", "most connections (default: 256)", false},
    {"threads", "N", "threads (default: one per processor)", false},
    VCH_SHOWING_OPTIONS("clients that ask"),
    {"sealed", "M.sealed", "sealed weights, served when their key is released to what it shows",
     true},
    {"owner", "KEY", "whose sealed weights: hexadecimal or key file", false},
    {"opened", "FILE", "which releases were opened here, against older ones (default: KEY.opened)",
     false},
    {"client-policy", "RULES", "what clients have to show before a request is listened to", false},
    {"policy", "RULES", "what referees have to show before anything is opened to them", false},
    {"policy-signer", "KEY", "whose rules count: hexadecimal or key file", true},
    VCH_RULES_FILE_CRL_OPTION,
    {"confine", "on|off", "give up what a node does not need (default: on)", false},
    {"verbose", NULL, "log each request", false},
    {0},
};

static vch_status parse_limits(struct vch_node_options *how, struct vch_tool *tool)
{
    uint64_t http = 0, memory = 0, prove = 0, queue = 0, connections = 0, keep = 0;
    struct vch_complaint *c = &tool->complaint;

    VCH_TRY(vch_ledger_tool_address(&how->host, &how->port, tool, "listen", 0));
    VCH_TRY(vch_options_u64(&http, tool->options, "http-port", 1, UINT16_MAX, c));
    VCH_TRY(vch_options_u64(&memory, tool->options, "memory", 1, 1 << 20, c));
    VCH_TRY(vch_options_u64(&prove, tool->options, "prove-memory", 1, 1 << 20, c));
    VCH_TRY(vch_options_u64(&queue, tool->options, "queue", 1, 65536, c));
    VCH_TRY(vch_options_u64(&connections, tool->options, "connections", 1, 65536, c));
    VCH_TRY(vch_options_u64(&keep, tool->options, "keep", 1, 1 << 24, c));
    how->http_port = (uint16_t)http;
    how->memory_max = (size_t)memory << 20;
    how->prove_memory_max = (size_t)prove << 20;
    how->keep_max = keep << 20;
    how->queue_max = (uint32_t)queue;
    how->connections_max = (uint32_t)connections;
    return VCH_OK;
}

static vch_status map_packages(struct vch_node_options *how, struct vch_tool *tool)
{
    uint32_t count = tool->options->operand_count;
    struct vch_node_package *out = VCH_ARENA_NEW(&tool->arena, struct vch_node_package, count);

    if (out == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        struct vch_file_map *map = &tool->maps[tool->map_count];
        VCH_TRY(vch_file_map(map, tool->options->operands[i], &tool->complaint));
        tool->map_count++;
        out[i] = (struct vch_node_package){map->bytes, map->size};
    }
    how->packages = out;
    how->package_count = count;
    return VCH_OK;
}

// All annexes of one node.
struct annexes {
    uint32_t count;
    struct vch_annex_holder holders[VCH_PROVERS_MAX];
    struct vch_annex_source sources[VCH_PROVERS_MAX];
};

static vch_status open_annex(struct annexes *annexes, struct vch_tool *tool, const char *path)
{
    uint32_t i = annexes->count;

    if (i == VCH_PROVERS_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "a node holds at most %u annexes",
                            VCH_PROVERS_MAX);
    annexes->count++;
    return vch_annex_holder_open(&annexes->holders[i], &annexes->sources[i], tool, path);
}

// Those named, or those that lie beside the segments.
static vch_status open_annexes(struct vch_node_options *how, struct annexes *annexes,
                               struct vch_tool *tool)
{
    struct vch_annex_files files;
    const char *path = NULL;

    for (uint32_t i = 0; (path = vch_options_nth(tool->options, "annex", i)) != NULL; i++)
        VCH_TRY(open_annex(annexes, tool, path));
    for (uint32_t i = 0;
         !vch_options_has(tool->options, "annex") && i < tool->options->operand_count; i++) {
        VCH_TRY(vch_annex_files_beside(&files, tool, tool->options->operands[i]));
        bool is_there = access(files.annex, F_OK) == 0 && access(files.key, F_OK) == 0;
        if (is_there) VCH_TRY(open_annex(annexes, tool, files.annex));
    }
    how->annexes = annexes->sources;
    how->annex_count = annexes->count;
    return VCH_OK;
}

static vch_status load_registry(struct vch_node_options *how, struct vch_tool *tool)
{
    const char *path = NULL, *founder = NULL;
    uint8_t *bytes = NULL;

    VCH_TRY(vch_options_required(&path, tool->options, "registry", &tool->complaint));
    VCH_TRY(vch_options_required(&founder, tool->options, "founder", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&how->founder, tool, founder));
    VCH_TRY(vch_tool_file(&bytes, &how->registry_size, tool, path, VCH_REGISTRY_SIZE_MAX));
    how->registry_bytes = bytes;
    return VCH_OK;
}

static vch_status name_witnesses(struct vch_node_options *how, struct vch_tool *tool)
{
    static const char *urls[VCH_OPTIONS_GIVEN_MAX];
    uint64_t after_ms = 1000;

    while ((urls[how->witness_count] =
                vch_options_nth(tool->options, "witness", how->witness_count)) != NULL)
        how->witness_count++;
    how->witness_urls = urls;
    VCH_TRY(vch_options_u64(&after_ms, tool->options, "witness-after", 0, 60000, &tool->complaint));
    how->witness_after_ms = (uint32_t)after_ms;
    return VCH_OK;
}

// On a ledger, where one is named. `ledger` must outlive the node.
static vch_status join_ledger(struct vch_node_options *how, struct vch_ledger_tool_place *ledger,
                              struct vch_tool *tool)
{
    const char *journal = vch_options_text(tool->options, "journal");

    VCH_TRY(vch_ledger_tool_place(ledger, tool));
    if (ledger->host == NULL) return VCH_OK;
    if (journal == NULL) VCH_TRY(vch_node_folder_file(&journal, tool, "seats"));
    how->ledger_host = ledger->host;
    how->ledger_port = ledger->port;
    how->charter = &ledger->charter;
    how->journal = journal;
    how->disputes = !vch_options_has(tool->options, "no-disputes");
    VCH_TRY(name_witnesses(how, tool));
    how->peers = vch_options_text(tool->options, "peers");
    return VCH_OK;
}

// Scripts wait for this line: everything is loaded, checked and listening.
static void print_ready(const struct vch_node *node, const struct vch_public_key *key)
{
    char hex[2 * VCH_SIGN_PUBLIC_SIZE + 1];
    const char *host = vch_node_host(node);
    bool is_v6 = strchr(host, ':') != NULL;

    vch_hex_encode(hex, key->bytes, sizeof key->bytes);
    printf("ready %s %s%s%s:%u http 127.0.0.1:%u\n", hex, is_v6 ? "[" : "", host, is_v6 ? "]" : "",
           vch_node_port(node), vch_node_http_port(node));
    (void)fflush(stdout);
}

static vch_status serve(struct vch_tool *tool, const struct vch_node_options *how)
{
    struct vch_node *node = NULL;

    VCH_TRY(vch_node_new(&node, how, &tool->complaint));
    print_ready(node, &how->signer->public_key);
    vch_status status = vch_node_run(node);
    vch_node_free(node);
    return status;
}

// What this node shows, and to what it holds others.
struct attestation {
    struct vch_showing showing;
    struct vch_demands clients, peers;
    struct vch_weights_setup weights; // sealed for what it shows
    struct vch_opened opened;         // of those
};

// Before any key is read.
static vch_status attest(struct vch_node_options *how, struct attestation *attestation,
                         struct vch_tool *tool, const struct vch_agent *agent)
{
    const uint8_t *sealing_key = agent != NULL ? vch_agent_sealing_key(agent)->bytes : NULL;

    VCH_TRY(vch_demands_load(&attestation->clients, tool, "client-policy", "policy-signer",
                             VCH_RULES_PROMPTS));
    VCH_TRY(
        vch_demands_load(&attestation->peers, tool, "policy", "policy-signer", VCH_RULES_PROMPTS));
    VCH_TRY(vch_showing_start(&attestation->showing, tool, sealing_key));
    if (attestation->weights.path_count > 0) how->weights = &attestation->weights;
    how->client_policy = vch_demands_policy(&attestation->clients);
    how->peer_policy = vch_demands_policy(&attestation->peers);
    how->attest = vch_showing_setup(&attestation->showing);
    return VCH_OK;
}

// What the node may say of its keys. A key file that it can open by itself is a key.
static vch_status claim_keys(uint32_t *claims, struct vch_tool *tool,
                             const struct vch_node_options *how, const struct annexes *annexes,
                             const struct vch_keys *keys)
{
    static const char *const names[] = {"key", "vrf"};
    bool is_found = false;

    *claims = 0;
    if (keys->agent == NULL) return VCH_OK;
    *claims = vch_agent_facts(keys->agent)->home == VCH_SECRET_MEMFD ? VCH_FACTS_SECRET_MEMORY
                                                                     : VCH_FACTS_LOCKED_MEMORY;
    for (size_t i = 0; i < 2 && keys->needs_no_passphrase; i++) {
        const char *path = vch_options_text(tool->options, names[i]);
        enum vch_fenced_paths_way way = VCH_FENCED_PATHS_NONE;
        if (path != NULL)
            VCH_TRY(
                vch_fenced_paths_reach(&way, tool, how, annexes->holders, annexes->count, path));
        if (way != VCH_FENCED_PATHS_NONE)
            vch_log_write(VCH_LOG_WARNING,
                          "the key file %s has no passphrase and lies where this process reads and "
                          "writes: whoever takes it over has the key; keep the journal and "
                          "annexes in folders of their own",
                          path);
        is_found = is_found || way != VCH_FENCED_PATHS_NONE;
    }
    if (!is_found) *claims |= VCH_FACTS_KEYS_APART;
    return VCH_OK;
}

// The agent alone writes this file; who can put another in its place sets the next start back.
static vch_status guard_opened(struct vch_tool *tool, const struct vch_node_options *how,
                               const struct annexes *annexes, const struct vch_keys *keys,
                               const struct vch_opened *opened)
{
    enum vch_fenced_paths_way way = VCH_FENCED_PATHS_NONE;

    if (how->weights == NULL || keys->agent == NULL) return VCH_OK;
    VCH_TRY(
        vch_fenced_paths_reach(&way, tool, how, annexes->holders, annexes->count, opened->path));
    if (way == VCH_FENCED_PATHS_WRITES)
        vch_log_write(VCH_LOG_WARNING,
                      "the file of opened releases %s lies in a folder that this process writes: "
                      "whoever takes it over can have older releases opened after the next start; "
                      "name a file elsewhere by --opened",
                      opened->path);
    return VCH_OK;
}

static vch_status load_keys(struct vch_keys *keys, struct vch_node_options *how,
                            struct vch_tool *tool)
{
    const char *path = NULL;

    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_keys_load(keys, tool, path));
    how->signer = &keys->signer;
    how->lifeline = keys->agent != NULL ? vch_agent_descriptor(keys->agent) : 0;
    if (how->charter == NULL) return VCH_OK;
    VCH_TRY(vch_options_required(&path, tool->options, "vrf", &tool->complaint));
    return vch_keys_load_vrf(&how->ballot_keys, keys, tool, path, &how->charter->id);
}

// The policy that the node may say it holds others to. On a ledger it opens tensors to referees: to
// hold its clients to a policy, or referees to another one, says nothing of that.
static const struct vch_demands *held_to(const struct attestation *attestation,
                                         const struct vch_node_options *how)
{
    static const struct vch_demands nothing = {0};
    const struct vch_demands *clients = &attestation->clients, *peers = &attestation->peers;

    if (how->charter == NULL) return clients;
    if (clients->is_set && !vch_hash_is_equal(&clients->rules.id, &peers->rules.id))
        return &nothing;
    return peers;
}

// Without an agent there are keys in this process from here on.
static vch_status run_with_keys(struct vch_tool *tool, struct vch_node_options *how,
                                const struct annexes *annexes, struct attestation *attestation,
                                struct vch_keys *keys)
{
    static struct vch_ledger_tool_place ledger;
    uint32_t confinement = 0, claims = 0;

    VCH_TRY(join_ledger(how, &ledger, tool));
    VCH_TRY(load_keys(keys, how, tool));
    VCH_TRY(claim_keys(&claims, tool, how, annexes, keys));
    VCH_TRY(guard_opened(tool, how, annexes, keys, &attestation->opened));
    if (how->parser != NULL) claims |= VCH_FACTS_PARSER_APART;
    vch_status status = vch_fenced_node(&confinement, tool, how, annexes->holders, annexes->count);
    how->workers = tool->workers;
    vch_showing_finish(&attestation->showing, held_to(attestation, how), confinement | claims,
                       keys->sealing_key);
    attestation->weights.unsealer = keys->unsealer;
    return vch_is_ok(status) ? serve(tool, how) : status;
}

static vch_status run(struct vch_tool *tool)
{
    struct vch_node_options how = {
        .kernels = &tool->kernels,
        .workers = tool->workers,
        .handles_signals = true,
    };
    static struct annexes annexes;
    static struct attestation attestation;
    static struct vch_keys keys;
    struct vch_agent *agent = NULL;
    struct vch_opened *opened = NULL;
    const char *path = NULL;

    vch_known_start();
    vch_log_set_level(vch_options_has(tool->options, "verbose") ? VCH_LOG_DEBUG : VCH_LOG_INFO);
    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    VCH_TRY(parse_limits(&how, tool));
    VCH_TRY(vch_weights_files_load(&attestation.weights, &attestation.opened, tool));
    if (attestation.weights.path_count > 0) opened = &attestation.opened;
    VCH_TRY(vch_fenced_agent(&agent, opened, tool));
    VCH_TRY(attest(&how, &attestation, tool, agent));
    struct vch_demands *const demands[2] = {&attestation.clients, &attestation.peers};
    VCH_TRY(vch_fenced_parser(&how.parser, tool, demands, 2));
    VCH_TRY(load_registry(&how, tool));
    VCH_TRY(map_packages(&how, tool));
    VCH_TRY(open_annexes(&how, &annexes, tool));
    VCH_TRY(vch_fenced_engine(&how.apart, tool, &how));
    vch_keys_init(&keys, agent, opened);
    vch_status status = run_with_keys(tool, &how, &annexes, &attestation, &keys);
    vch_apart_free(how.apart);
    vch_parser_free(how.parser);
    vch_showing_stop(&attestation.showing);
    vch_keys_release(&keys);
    vch_opened_close(&attestation.opened);
    vch_wipe(&how.ballot_keys, sizeof how.ballot_keys);
    return status;
}

const struct vch_command vch_commands_node = {
    .name = "node",
    .operands = "[SEGMENT.vouch...] --key K --registry R --founder KEY",
    .summary = "serve segments of models to a network's clients",
    .details =
        "Loads and checks its segments, listens for clients of the registry over TLS 1.3 with\n"
        "mutual keys, runs what it is asked and signs what came out; proves what it has an\n"
        "annex and its key of, which takes one opening a proof. With --ledger it draws for seats,\n"
        "commits, reveals and disputes there. Prints one line when ready. SIGTERM drains: what was "
        "admitted is answered, then it exits with 0. Listens\n"
        "on loopback unless --listen says otherwise.\n"
        "With --attest it shows clients what it is and how it is confined, bound to their\n"
        "connection; of kind none that is its word and no evidence. Weights of --sealed it opens "
        "into\n"
        "memory when their --owner has released the key to what it showed (vouch owner release).",
    .operand_min = 0,
    .operand_max = VCH_TOOL_MAPS_MAX,
    .options = options,
    .run = run,
};
