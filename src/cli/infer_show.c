// What came of it: outputs, and what each node did.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/infer_parts.h"

const char *vch_infer_parts_operator(const struct vch_client *client,
                                     const struct vch_public_key *key)
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
            printf("; %s signed ANOTHER result",
                   vch_infer_parts_operator(client, &r->votes[i].node));
    if (segment->is_proven)
        printf("; proven by %s", vch_infer_parts_operator(client, &segment->prover));
    for (uint32_t i = 0; i < r->fault_count; i++)
        printf("; %s %s", vch_infer_parts_operator(client, &r->faults[i].node),
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
            json_array_append_new(dissent,
                                  json_string(vch_infer_parts_operator(client, &r->votes[i].node)));
    for (uint32_t i = 0; i < r->fault_count; i++)
        json_array_append_new(faults,
                              json_pack("{s:s, s:s}", "operator",
                                        vch_infer_parts_operator(client, &r->faults[i].node),
                                        "fault", vch_vote_fault_text(r->faults[i].kind)));
    json_t *proof = segment->is_proven
                        ? json_pack("{s:s, s:I, s:I}", "operator",
                                    vch_infer_parts_operator(client, &segment->prover),
                                    "elapsed_us", (json_int_t)segment->proof_elapsed_us,
                                    "compute_us", (json_int_t)segment->proof_us)
                        : json_null();
    return json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:o, s:o, s:o}", "first", (int)segment->first,
                     "last", (int)segment->last, "votes", (int)r->vote_count, "agreeing",
                     (int)segment->agreeing, "elapsed_us", (json_int_t)segment->elapsed_us,
                     "compute_us", (json_int_t)segment->compute_us, "dissent", dissent, "faults",
                     faults, "proof", proof);
}

// A name to compare with others, and no id that anybody else knows it by.
static json_t *json_machine(const struct vch_digest *machine)
{
    if (vch_is_zero(machine->bytes, sizeof machine->bytes)) return json_null();
    return vch_tool_json_hex(machine->bytes, sizeof machine->bytes);
}

// What the nodes have shown, under the rules of --policy.
static json_t *attested_json(const struct vch_infer *s, const struct vch_client *client)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < s->how.peer_count; i++) {
        const struct vch_asker_kept *kept = vch_client_peer_evidence(client, i);
        const struct vch_public_key *key = &s->how.peers[i].key;
        if (kept == NULL) continue;
        json_array_append_new(rows,
                              json_pack("{s:o, s:s, s:s, s:s, s:b, s:s, s:o}", "node",
                                        vch_tool_json_hex(key->bytes, sizeof key->bytes),
                                        "operator", vch_infer_parts_operator(client, key), "level",
                                        vch_rules_level_name(kept->verdict.level), "verdict",
                                        vch_result_word_text(kept->verdict.word), "test",
                                        kept->verdict.is_test, "why", kept->verdict.why, "machine",
                                        json_machine(&kept->verdict.machine)));
    }
    return rows;
}

static void print_attested(const struct vch_infer *s, const struct vch_client *client)
{
    for (uint32_t i = 0; i < s->how.peer_count; i++) {
        const struct vch_asker_kept *kept = vch_client_peer_evidence(client, i);
        if (kept == NULL) continue;
        printf("  %s: %s, %s%s%s%s%s\n", vch_infer_parts_operator(client, &s->how.peers[i].key),
               kept->verdict.level == VCH_RULES_SANDBOX ? "its own word, no evidence"
                                                        : vch_rules_level_name(kept->verdict.level),
               vch_result_word_text(kept->verdict.word),
               kept->verdict.is_test ? ", BY A TEST'S ROOTS" : "",
               kept->verdict.why[0] != '\0' ? " (" : "", kept->verdict.why,
               kept->verdict.why[0] != '\0' ? ")" : "");
    }
}

// A committee all of whose seats lie alike is caught by nobody but whoever runs the job again.
static void print_check(const struct vch_tool *tool, const struct vch_infer *s)
{
    const char *voucher = vch_options_text(tool->options, "voucher");
    const char *opening = vch_options_text(tool->options, "opening");

    if (s->ledger.host == NULL || voucher == NULL || opening == NULL) return;
    printf("  for %" PRIu64
           " s `vouch dispute %s --opening %s ...` can run it again, and have a lie "
           "overturned\n",
           s->ledger.charter.parameters.dispute_ms / 1000, voucher, opening);
}

vch_status vch_infer_parts_show(struct vch_tool *tool, const struct vch_infer *s,
                                const struct vch_client *client,
                                const struct vch_client_answer *answer, json_t *times)
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
