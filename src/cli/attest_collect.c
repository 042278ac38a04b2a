#include "cli/attest_collect.h"

#include <stdio.h>
#include <string.h>

#include "attest/exchange.h"
#include "attest/record.h"
#include "base/bytes.h"
#include "cli/image.h"
#include "host/file.h"
#include "host/random.h"

enum { PCR_COUNT = 24, SECONDS_MAX = 600 };

// "0-7,11": bits of PCRs.
static bool read_pcrs(uint32_t *out, const char *text)
{
    const char *at = text;

    *out = 0;
    for (;;) {
        char *end = NULL;
        unsigned long first = strtoul(at, &end, 10), last = first;
        if (end == at || *at < '0' || *at > '9') return false;
        if (*end == '-') {
            at = end + 1;
            last = strtoul(at, &end, 10);
            if (end == at || *at < '0' || *at > '9') return false;
        }
        if (first > last || last >= PCR_COUNT) return false;
        for (unsigned long pcr = first; pcr <= last; pcr++)
            *out |= 1u << pcr;
        if (*end == '\0') return true;
        if (*end != ',') return false;
        at = end + 1;
    }
}

static vch_status read_endorsements(struct vch_collector_setup *out, struct vch_tool *tool)
{
    struct vch_collector_endorsement *list =
        VCH_ARENA_NEW(&tool->arena, struct vch_collector_endorsement, VCH_CMW_ITEMS_MAX);
    const char *text = NULL;

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    out->endorsements = list;
    while ((text = vch_options_nth(tool->options, "endorse", out->endorsement_count)) != NULL) {
        const char *equals = strchr(text, '=');
        if (equals == NULL || equals == text || out->endorsement_count == VCH_CMW_ITEMS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "--endorse is LABEL=FILE, at most %d of them, not \"%.60s\"",
                                VCH_CMW_ITEMS_MAX, text);
        char *label = vch_arena_string(&tool->arena, text, (size_t)(equals - text));
        if (label == NULL) return VCH_FAIL(NO_MEMORY);
        list[out->endorsement_count++] = (struct vch_collector_endorsement){label, equals + 1};
    }
    return VCH_OK;
}

vch_status vch_attest_collect_setup(struct vch_collector_setup *out, struct vch_tool *tool,
                                    const char *source)
{
    const char *pcrs = vch_options_text(tool->options, "pcrs");
    uint64_t seconds = 20;

    VCH_TRY(vch_collector_read(out, source, &tool->complaint));
    VCH_TRY(vch_options_u64(&seconds, tool->options, "timeout", 1, SECONDS_MAX, &tool->complaint));
    out->timeout_ms = (uint32_t)seconds * 1000;
    if (pcrs != NULL && !read_pcrs(&out->pcrs, pcrs))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--pcrs lists numbers and ranges from 0 to %d, such as 0-7,11, not "
                            "\"%.60s\"",
                            PCR_COUNT - 1, pcrs);
    out->event_log = vch_options_text(tool->options, "event-log");
    return read_endorsements(out, tool);
}

static vch_status read_hex(uint8_t out[static 32], struct vch_tool *tool, const char *name)
{
    const char *text = NULL;

    VCH_TRY(vch_options_required(&text, tool->options, name, &tool->complaint));
    if (vch_is_ok(vch_hex_decode(out, 32, text))) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--%s is 64 hexadecimal digits, not \"%.80s\"", name, text);
}

// A key that is drawn here is forgotten here: what is sealed to it stays so.
static vch_status read_sealing_key(uint8_t out[static 32], struct vch_tool *tool)
{
    if (vch_options_has(tool->options, "sealing-key")) return read_hex(out, tool, "sealing-key");
    vch_random_bytes(out, 32);
    return VCH_OK;
}

static vch_status make_block(struct vch_binder *out, uint8_t *statement, size_t *statement_size,
                             struct vch_tool *tool, enum vch_binder_kind kind)
{
    struct vch_public_key node;
    struct vch_facts facts;
    const char *text = NULL;

    *out = (struct vch_binder){
        .mode = VCH_BINDER_REGISTRATION, .role = VCH_BINDER_SERVER, .kind = kind};
    VCH_TRY(vch_options_required(&text, tool->options, "node", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&node, tool, text));
    memcpy(out->node, node.bytes, sizeof out->node);
    out->own = vch_binder_identity(node.bytes);
    VCH_TRY(read_hex(out->nonce, tool, "nonce"));
    VCH_TRY(read_hex(out->policy.bytes, tool, "policy-id"));
    VCH_TRY(read_sealing_key(out->sealing_key, tool));
    VCH_TRY(vch_image_facts(&facts, &tool->complaint));
    if (vch_options_has(tool->options, "model-id"))
        VCH_TRY(read_hex(facts.model.bytes, tool, "model-id"));
    VCH_TRY(vch_facts_encode(statement, statement_size, &facts));
    out->facts = vch_hash_bytes(statement, *statement_size);
    return VCH_OK;
}

static vch_status write_record(struct vch_tool *tool, const uint8_t binder[VCH_BINDER_SIZE],
                               const struct vch_exchange_response *response, const char *path)
{
    uint8_t *said = vch_arena_alloc(&tool->arena, VCH_EXCHANGE_SIZE_MAX, 1);
    uint8_t *bytes = vch_arena_alloc(&tool->arena, VCH_RECORD_SIZE_MAX, 1);
    size_t said_size = 0, size = 0;

    if (said == NULL || bytes == NULL) return VCH_FAIL(NO_MEMORY);
    if (!vch_is_ok(vch_exchange_encode_response(said, VCH_EXCHANGE_SIZE_MAX, &said_size, response)))
        return vch_complain(&tool->complaint, VCH_CODE_LIMIT,
                            "evidence and endorsements come to more than %u bytes: show a shorter "
                            "boot log or fewer endorsements",
                            VCH_EXCHANGE_SIZE_MAX);
    VCH_TRY(vch_record_encode(bytes, VCH_RECORD_SIZE_MAX, &size,
                              &(struct vch_record){binder, said, said_size}));
    return vch_file_write(path, bytes, size, 0, &tool->complaint);
}

static vch_status collect(struct vch_tool *tool, struct vch_collector *collector, const char *path)
{
    struct vch_exchange_response *response =
        VCH_ARENA_NEW(&tool->arena, struct vch_exchange_response, 1);
    uint8_t statement[VCH_FACTS_SIZE_MAX], bytes[VCH_BINDER_SIZE];
    size_t statement_size = 0;
    struct vch_binder block;

    if (response == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(make_block(&block, statement, &statement_size, tool, collector->kind));
    if (!vch_is_ok(vch_binder_encode(bytes, &block)))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "nonce, node and sealing key cannot be zero");
    VCH_TRY(vch_collector_collect(collector, bytes, &response->evidence, &response->endorsements,
                                  &tool->arena, &tool->complaint));
    response->kind = collector->kind;
    response->statement = statement;
    response->statement_size = statement_size;
    memcpy(response->sealing_key, block.sealing_key, sizeof response->sealing_key);
    return write_record(tool, bytes, response, path);
}

vch_status vch_attest_collect_run(struct vch_tool *tool)
{
    static struct vch_collector collector;
    struct vch_collector_setup setup;
    const char *source = NULL, *path = NULL;

    VCH_TRY(vch_options_required(&source, tool->options, "from", &tool->complaint));
    VCH_TRY(vch_options_required(&path, tool->options, "output", &tool->complaint));
    VCH_TRY(vch_attest_collect_setup(&setup, tool, source));
    VCH_TRY(vch_collector_start(&collector, &setup, &tool->complaint));
    vch_status status = collect(tool, &collector, path);
    vch_collector_stop(&collector);
    return status;
}
