#include "cli/owner_release.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/record.h"
#include "base/bytes.h"
#include "cli/demands.h"
#include "cli/ledger_tool.h"
#include "cli/owner_log.h"
#include "cli/showing.h"
#include "client/releasing.h"

// One release on its way.
struct order {
    const char *path, *log;
    struct vch_secret_key key;
    uint8_t data_key[VCH_SEALED_KEY_SIZE];
    struct vch_sealed sealed;
    struct vch_demands demands; // of --policy
    struct vch_showing showing; // to nodes that ask whom they serve
    struct vch_releasing_setup setup;
};

// The manifest stands first; what is sealed need not be here.
static vch_status read_manifest(struct order *order, struct vch_tool *tool)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE];
    FILE *file = fopen(order->path, "rb");

    if (file == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_IO, "cannot open %s", order->path);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    return vch_sealed_decode(&order->sealed, bytes, size, &tool->complaint);
}

// Nothing is released that a later release has replaced: a node's own memory of that may have been
// set back.
static vch_status check_counter(const struct vch_owner_log *log, const struct vch_sealed *sealed,
                                struct vch_complaint *complaint)
{
    uint64_t highest = vch_owner_log_counter(log, &sealed->model);

    if (sealed->counter >= highest) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "this is release %" PRIu64 " of the model, and by the log there is release "
                        "%" PRIu64 ": nothing was released",
                        sealed->counter, highest);
}

static vch_status use_log(const struct order *order, const struct vch_release *release,
                          struct vch_complaint *complaint)
{
    static struct vch_owner_log log;

    VCH_TRY(vch_owner_log_open(&log, order->log, complaint));
    vch_status status = check_counter(&log, &order->sealed, complaint);
    if (vch_is_ok(status) && release != NULL)
        status = vch_owner_log_append(&log, release, &order->key, complaint);
    vch_owner_log_close(&log);
    return status;
}

// Others may release meanwhile: the log is taken for as long as it is written.
static vch_status record(void *context, const struct vch_release *release,
                         struct vch_complaint *complaint)
{
    return use_log(context, release, complaint);
}

static vch_status read_node(struct vch_peer *out, struct vch_tool *tool)
{
    const char *to = NULL, *node = NULL, *host = NULL;

    VCH_TRY(vch_options_required(&to, tool->options, "to", &tool->complaint));
    VCH_TRY(vch_options_required(&node, tool->options, "node", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&out->key, tool, node));
    VCH_TRY(vch_ledger_tool_address(&host, &out->port, tool, "to", 1));
    if (strlen(host) > VCH_PEERS_HOST_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "--to names no host: \"%.40s\"", to);
    (void)snprintf(out->host, sizeof out->host, "%s", host);
    return VCH_OK;
}

static vch_status read_data_key(struct order *order, struct vch_tool *tool)
{
    static const char suffix[] = ".key";
    const char *path = vch_options_text(tool->options, "data-key");
    size_t size = strlen(order->path);

    if (path == NULL) {
        char *beside = vch_arena_alloc(&tool->arena, size + sizeof suffix, 1);
        if (beside == NULL) return VCH_FAIL(NO_MEMORY);
        memcpy(beside, order->path, size);
        memcpy(beside + size, suffix, sizeof suffix);
        path = beside;
    }
    VCH_TRY(vch_tool_data_key(order->data_key, tool, path));
    const struct vch_digest check = vch_sealed_key_check(order->data_key);
    if (vch_hash_is_equal(&check, &order->sealed.key_check)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "%s is not the key that %s is sealed under", path, order->path);
}

static vch_status read_terms(struct vch_releasing_setup *setup, struct vch_tool *tool)
{
    static const char *accepted[VCH_OPTIONS_GIVEN_MAX];
    uint64_t timeout_s = 600;

    setup->lifetime_s = 600;
    setup->accepted = accepted;
    while ((accepted[setup->accepted_count] =
                vch_options_nth(tool->options, "accept", (uint32_t)setup->accepted_count)) != NULL)
        setup->accepted_count++;
    VCH_TRY(vch_options_u64(&setup->lifetime_s, tool->options, "for", 1, 86400, &tool->complaint));
    VCH_TRY(vch_options_u64(&timeout_s, tool->options, "timeout", 1, 86400, &tool->complaint));
    setup->timeout_ms = (uint32_t)timeout_s * 1000;
    return VCH_OK;
}

// Before any key is read.
static vch_status read_order(struct order *order, struct vch_tool *tool)
{
    const struct vch_demands none = {0};
    const char *policy = NULL;

    VCH_TRY(vch_options_required(&policy, tool->options, "policy", &tool->complaint));
    VCH_TRY(vch_demands_load(&order->demands, tool, "policy", "policy-signer",
                             VCH_RULES_PRIVATE_WEIGHTS));
    VCH_TRY(read_node(&order->setup.node, tool));
    VCH_TRY(read_terms(&order->setup, tool));
    VCH_TRY(read_manifest(order, tool));
    VCH_TRY(vch_owner_log_path(&order->log, tool));
    VCH_TRY(use_log(order, NULL, &tool->complaint));
    VCH_TRY(vch_showing_start(&order->showing, tool, NULL));
    VCH_TRY(vch_demands_judge_one(&order->setup.parser, tool, &order->demands));
    vch_showing_finish(&order->showing, &none, 0, NULL);
    order->setup.attester = vch_showing_setup(&order->showing);
    order->setup.rules = &order->demands.rules;
    order->setup.policy = vch_demands_policy(&order->demands);
    order->setup.sealed = &order->sealed;
    return VCH_OK;
}

// The evidence that the release rests on, for whoever wants to judge it again.
static vch_status keep_evidence(const struct vch_asker_kept *evidence, struct vch_tool *tool)
{
    const char *path = vch_options_text(tool->options, "evidence");
    const struct vch_record record = {.binder = evidence->verdict.binder,
                                      .response = evidence->bytes,
                                      .response_size = evidence->size};
    size_t size = 0;

    if (path == NULL || evidence->bytes == NULL) return VCH_OK;
    uint8_t *bytes = vch_arena_alloc(&tool->arena, VCH_RECORD_SIZE_MAX, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_record_encode(bytes, VCH_RECORD_SIZE_MAX, &size, &record));
    return vch_file_write(path, bytes, size, false, &tool->complaint);
}

static vch_status print(const struct order *order, const struct vch_releasing *done,
                        struct vch_tool *tool)
{
    const struct vch_asker_verdict *found = &done->evidence.verdict;
    const char *word = vch_result_word_text(found->word);
    const char *level = vch_rules_level_name(found->level);
    char node[2 * 32 + 1], verdict[2 * 32 + 1];

    vch_hex_encode(node, done->release.node.bytes, 32);
    vch_hex_encode(verdict, found->digest.bytes, 32);
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(json_pack(
            "{s:s, s:s, s:s, s:b, s:s, s:o, s:I, s:I}", "node", node, "level", level, "word", word,
            "test", (int)found->is_test, "verdict", verdict, "model",
            vch_tool_json_hex(order->sealed.model.bytes, 32), "counter",
            (json_int_t)order->sealed.counter, "expiry", (json_int_t)done->release.expiry_s));
    printf("node %s serves release %" PRIu64 " of what %s holds\n%s, at the level %s, by the "
           "policy \"%s\"%s\nverdict %s\n",
           node, order->sealed.counter, order->path, word, level, order->demands.rules.name,
           found->is_test ? " (a test, not production)" : "", verdict);
    return VCH_OK;
}

static vch_status release_key(struct order *order, struct vch_tool *tool)
{
    static struct vch_releasing done;
    const char *key = NULL;

    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_tool_secret_key(&order->key, tool, key));
    VCH_TRY(read_data_key(order, tool));
    order->setup.key = &order->key;
    order->setup.data_key = order->data_key;
    order->setup.record = record;
    order->setup.context = order;
    vch_status status = vch_releasing_run(&done, &order->setup, &tool->complaint);
    vch_status kept = keep_evidence(&done.evidence, tool);
    free(done.evidence.bytes);
    VCH_TRY(status);
    VCH_TRY(kept);
    return print(order, &done, tool);
}

vch_status vch_owner_release_run(struct vch_tool *tool)
{
    static struct order order;

    order.path = tool->options->operands[1];
    vch_status status = read_order(&order, tool);
    if (vch_is_ok(status)) status = release_key(&order, tool);
    vch_showing_stop(&order.showing);
    vch_parser_free(order.setup.parser);
    vch_wipe(&order.key, sizeof order.key);
    vch_wipe(order.data_key, sizeof order.data_key);
    return status;
}
