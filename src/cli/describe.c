#include "cli/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/tool.h"
#include "model/segment.h"

static json_t *shape_json(const struct vch_shape *shape)
{
    json_t *dims = json_array();

    for (uint32_t i = 0; i < shape->rank; i++)
        json_array_append_new(dims, json_integer(shape->dims[i]));
    return dims;
}

static json_t *port_json(const struct vch_graph *graph, const struct vch_port *port)
{
    static const char *const kinds[] = {"", "real", "keys", "integer", "class"};
    const struct vch_value *value = &graph->values[port->value];
    double scale = 0;

    memcpy(&scale, &port->scale_bits, sizeof scale);
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:o}", "name", port->name, "kind", kinds[port->kind], "type",
                  vch_tensor_type_name(value->type), "shape", shape_json(&value->shape));
    if (port->kind == VCH_PORT_REAL) json_object_set_new(out, "scale", json_real(scale));
    if (port->label_count > 0) json_object_set_new(out, "labels", json_integer(port->label_count));
    return out;
}

static json_t *ports_json(const struct vch_graph *graph, const struct vch_port *ports,
                          uint32_t count)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(rows, port_json(graph, &ports[i]));
    return rows;
}

static json_t *operators_json(const struct vch_graph *graph)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < graph->operator_count; i++) {
        const struct vch_operator *o = &graph->operators[i];
        const struct vch_value *value = &graph->values[o->output];
        json_array_append_new(
            rows, json_pack("{s:i, s:s, s:s, s:s, s:o, s:I, s:b}", "index", (int)i, "kind",
                            vch_graph_operator_text(o->kind), "name", o->name, "type",
                            vch_tensor_type_name(value->type), "shape", shape_json(&value->shape),
                            "work", (json_int_t)vch_graph_work(graph, o), "held",
                            (int)vch_segment_is_held(graph, i, i + 1)));
    }
    return rows;
}

json_t *vch_describe_package(const struct vch_package *package)
{
    const struct vch_graph *graph = package->graph;
    uint32_t count = graph->operator_count;
    bool is_whole = vch_segment_is_held(graph, 0, count);

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:i, s:I, s:o, s:o, s:o}", "kind", "model package", "name",
        graph->name, "identity", vch_tool_json_hex(package->identity.bytes, VCH_DIGEST_SIZE),
        "owner", vch_tool_json_hex(package->owner.bytes, VCH_SIGN_PUBLIC_SIZE), "holds",
        is_whole ? "every parameter" : "the parameters of one or more segments", "layers",
        (int)vch_segment_layer_count(graph, 0, count), "parameter_size",
        (json_int_t)vch_segment_parameter_size(graph, 0, count), "inputs",
        ports_json(graph, graph->inputs, graph->input_count), "outputs",
        ports_json(graph, graph->outputs, graph->output_count), "operators", operators_json(graph));
}

json_t *vch_describe_registry(const struct vch_registry *registry)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < registry->member_count; i++) {
        const struct vch_member *m = &registry->members[i];
        json_t *row = json_pack(
            "{s:s, s:s, s:o}", "role", m->role == VCH_ROLE_NODE ? "node" : "client", "operator",
            m->operator_name, "key", vch_tool_json_hex(m->key.bytes, VCH_SIGN_PUBLIC_SIZE));
        if (m->has_vrf)
            json_object_set_new(row, "vrf", vch_tool_json_hex(m->vrf.bytes, VCH_VRF_PUBLIC_SIZE));
        json_array_append_new(rows, row);
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "kind", "registry", "network",
                     registry->network, "serial", (json_int_t)registry->serial, "expires_ms",
                     (json_int_t)registry->expires_ms, "founder",
                     vch_tool_json_hex(registry->founder.bytes, VCH_SIGN_PUBLIC_SIZE), "digest",
                     vch_tool_json_hex(registry->digest.bytes, VCH_DIGEST_SIZE), "members", rows);
}

static json_t *segments_json(const struct vch_voucher *voucher)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < voucher->job.segment_count; i++) {
        const struct vch_job_segment *s = &voucher->job.segments[i];
        json_array_append_new(rows, json_pack("{s:i, s:i, s:i, s:s}", "segment", (int)i, "first",
                                              (int)s->first, "last", (int)s->last, "by",
                                              s->by == VCH_JOB_BY_NODES ? "nodes" : "client"));
    }
    return rows;
}

static json_t *votes_json(const struct vch_voucher *voucher)
{
    json_t *rows = json_array();

    for (uint32_t r = 0; r < voucher->result_count; r++) {
        const struct vch_segment_result *result = &voucher->results[r];
        for (uint32_t i = 0; i < result->vote_count; i++)
            json_array_append_new(
                rows,
                json_pack("{s:i, s:o, s:o}", "segment", (int)result->segment, "node",
                          vch_tool_json_hex(result->votes[i].node.bytes, VCH_SIGN_PUBLIC_SIZE),
                          "output",
                          vch_tool_json_hex(result->votes[i].output.bytes, VCH_DIGEST_SIZE)));
    }
    return rows;
}

static json_t *faults_json(const struct vch_voucher *voucher)
{
    json_t *rows = json_array();

    for (uint32_t r = 0; r < voucher->result_count; r++) {
        const struct vch_segment_result *result = &voucher->results[r];
        for (uint32_t i = 0; i < result->fault_count; i++)
            json_array_append_new(
                rows,
                json_pack("{s:i, s:o, s:s}", "segment", (int)result->segment, "node",
                          vch_tool_json_hex(result->faults[i].node.bytes, VCH_SIGN_PUBLIC_SIZE),
                          "fault", vch_vote_fault_text(result->faults[i].kind)));
    }
    return rows;
}

static json_t *proofs_json(const struct vch_voucher *voucher)
{
    json_t *rows = json_array();

    for (uint32_t r = 0; r < voucher->result_count; r++) {
        const struct vch_segment_proof *proof = voucher->results[r].proof;
        if (proof == NULL) continue;
        json_array_append_new(
            rows,
            json_pack("{s:i, s:o, s:o, s:I, s:I}", "segment", (int)voucher->results[r].segment,
                      "input_root", vch_tool_json_hex(proof->input_root.bytes, VCH_DIGEST_SIZE),
                      "output_root", vch_tool_json_hex(proof->output_root.bytes, VCH_DIGEST_SIZE),
                      "annex_size", (json_int_t)proof->annex_size, "proof_size",
                      (json_int_t)proof->proof_size));
    }
    return rows;
}

static json_t *attestations_json(const struct vch_voucher *voucher)
{
    json_t *rows = json_array();

    for (uint32_t r = 0; r < voucher->result_count; r++) {
        const struct vch_segment_result *result = &voucher->results[r];
        for (uint32_t i = 0; i < result->attestation_count; i++)
            json_array_append_new(
                rows, json_pack("{s:i, s:o, s:I, s:I}", "segment", (int)result->segment, "node",
                                vch_tool_json_hex(result->attestations[i].node.bytes,
                                                  VCH_SIGN_PUBLIC_SIZE),
                                "size", (json_int_t)result->attestations[i].response_size,
                                "time_ms", (json_int_t)result->attestations[i].time_ms));
    }
    return rows;
}

json_t *vch_describe_voucher(const struct vch_voucher *voucher)
{
    const struct vch_job *job = &voucher->job;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind",
        "voucher (claims unverified)", "job",
        vch_tool_json_hex(voucher->job_id.bytes, VCH_DIGEST_SIZE), "model",
        vch_tool_json_hex(job->model.bytes, VCH_DIGEST_SIZE), "owner",
        vch_tool_json_hex(voucher->owner.bytes, VCH_SIGN_PUBLIC_SIZE), "client",
        vch_tool_json_hex(job->client.bytes, VCH_SIGN_PUBLIC_SIZE), "batch", (int)job->batch,
        "quorum", (int)job->quorum, "deadline_ms", (json_int_t)job->deadline_ms, "finished_ms",
        (json_int_t)voucher->finished_ms, "input_commitment",
        vch_tool_json_hex(job->input.bytes, VCH_DIGEST_SIZE), "output_commitment",
        vch_tool_json_hex(voucher->output.bytes, VCH_DIGEST_SIZE), "segments",
        segments_json(voucher), "votes", votes_json(voucher), "faults", faults_json(voucher),
        "proofs", proofs_json(voucher), "attestations", attestations_json(voucher));
}

// NOLINTNEXTLINE(misc-no-recursion): what we describe ourselves nests once
static void print_scalar(const json_t *value)
{
    if (json_is_string(value)) printf("%s", json_string_value(value));
    if (json_is_integer(value)) printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value)) printf("%.6g", json_real_value(value));
    if (json_is_boolean(value)) printf("%s", json_is_true(value) ? "yes" : "no");
    if (!json_is_array(value)) return;
    putchar('(');
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0) printf(", ");
        print_scalar(json_array_get(value, i));
    }
    putchar(')');
}

static void print_row(const json_t *row)
{
    const char *key = NULL;
    json_t *value = NULL;

    putchar(' ');
    json_object_foreach((json_t *)(uintptr_t)row, key, value)
    {
        printf("  %s ", key);
        print_scalar(value);
    }
    putchar('\n');
}

void vch_describe_print(const json_t *description)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)(uintptr_t)description, key, value)
    {
        if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
            printf("%s\n", key);
            for (size_t i = 0; i < json_array_size(value); i++)
                print_row(json_array_get(value, i));
            continue;
        }
        printf("%-18s", key);
        print_scalar(value);
        putchar('\n');
    }
}
