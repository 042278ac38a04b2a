#include "cli/attest_record.h"

#include <string.h>

#include "base/bytes.h"
#include "voucher/attested.h"

static const char head[] = "vouch evidence1\n";

static bool is_record(const uint8_t *bytes, size_t size)
{
    return size < sizeof head - 1 || memcmp(bytes, head, sizeof head - 1) == 0;
}

// The one of that node, or of any where `node` is NULL; `count` says how many there are.
static const struct vch_segment_attestation *
find(const struct vch_voucher *voucher, const struct vch_public_key *node, uint32_t *count)
{
    const struct vch_segment_attestation *found = NULL;

    *count = 0;
    for (uint32_t i = 0; i < voucher->result_count; i++)
        for (uint32_t j = 0; j < voucher->results[i].attestation_count; j++) {
            const struct vch_segment_attestation *one = &voucher->results[i].attestations[j];
            if (node != NULL && !vch_is_equal(node, &one->node, sizeof *node)) continue;
            found = one;
            ++*count;
        }
    return found;
}

// Evidence of another node, client or job, which a client may put into its voucher.
static vch_status check_own(struct vch_tool *tool, const struct vch_voucher *voucher,
                            const struct vch_segment_attestation *found)
{
    struct vch_binder binder;

    VCH_TRY(vch_binder_decode(&binder, found->block, VCH_BINDER_SIZE, &tool->complaint));
    const char *lie = vch_attested_contradiction(voucher, found, &binder);
    if (lie == NULL) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "the evidence is not what the voucher says it is: %s", lie);
}

static vch_status read_voucher(struct vch_record *out, struct vch_tool *tool, const uint8_t *bytes,
                               size_t size)
{
    struct vch_voucher *voucher = VCH_ARENA_NEW(&tool->arena, struct vch_voucher, 1);
    const char *text = vch_options_text(tool->options, "node");
    struct vch_public_key node;
    uint32_t count = 0;

    if (voucher == NULL) return VCH_FAIL(NO_MEMORY);
    if (!vch_is_ok(vch_voucher_decode(voucher, bytes, size, &tool->arena, NULL)))
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "expected a file of evidence, as `vouch attest collect` makes it, or a "
                            "voucher; found neither");
    if (text != NULL) VCH_TRY(vch_tool_public_key(&node, tool, text));
    const struct vch_segment_attestation *found =
        find(voucher, text != NULL ? &node : NULL, &count);
    if (count == 0)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED, "the voucher has no evidence of %s",
                            text != NULL ? "that node" : "any node");
    if (count > 1 && text == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "the voucher has evidence of %u nodes: name one with --node (`vouch "
                            "inspect` lists them)",
                            count);
    VCH_TRY(check_own(tool, voucher, found));
    *out = (struct vch_record){found->block, found->response, found->response_size};
    return VCH_OK;
}

vch_status vch_attest_record_read(struct vch_record *out, struct vch_tool *tool, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_VOUCHER_SIZE_MAX));
    if (is_record(bytes, size)) return vch_record_decode(out, bytes, size, &tool->complaint);
    return read_voucher(out, tool, bytes, size);
}

static struct vch_cmw_item *place_of(struct vch_cmw *collection, const char *label)
{
    const struct vch_cmw_item *found = vch_cmw_find(collection, label);

    if (found != NULL) return &collection->items[found - collection->items];
    return collection->count < VCH_CMW_ITEMS_MAX ? &collection->items[collection->count++] : NULL;
}

static vch_status endorse(struct vch_cmw *collection, struct vch_tool *tool, const char *text)
{
    const char *equals = strchr(text, '=');
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (equals == NULL || equals == text || equals - text > VCH_CMW_LABEL_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--endorse is LABEL=FILE, not \"%.60s\"", text);
    char *label = vch_arena_string(&tool->arena, text, (size_t)(equals - text));
    if (label == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_tool_file(&bytes, &size, tool, equals + 1, VCH_CMW_SIZE_MAX));
    struct vch_cmw_item *item = place_of(collection, label);
    if (item == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "more than %d endorsements",
                            VCH_CMW_ITEMS_MAX);
    *item = (struct vch_cmw_item){
        .label = label, .label_size = strlen(label), .bytes = bytes, .size = size};
    return VCH_OK;
}

vch_status vch_attest_record_endorse(struct vch_exchange_response *response, struct vch_tool *tool)
{
    const char *text = NULL;

    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "endorse", i)) != NULL; i++)
        VCH_TRY(endorse(&response->endorsements, tool, text));
    return VCH_OK;
}
