// What vouch infer is to ask, and whom.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/infer_parts.h"
#include "consensus/registry.h"

static vch_status load_network(struct vch_infer *s, struct vch_tool *tool)
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

static void add_segment(struct vch_infer_cuts *cuts, uint32_t first, uint32_t last,
                        enum vch_job_by by)
{
    if (first == last) return; // the client keeps nothing at this end
    cuts->segments[cuts->count++] = (struct vch_job_segment){first, last, by};
}

static vch_status parse_cuts(struct vch_infer *s, struct vch_tool *tool)
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

static vch_status parse_request(struct vch_infer *s, struct vch_tool *tool)
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
static vch_status open_annex(struct vch_infer *s, struct vch_tool *tool)
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

static vch_status join_ledger(struct vch_infer *s, struct vch_tool *tool)
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

vch_status vch_infer_parts_open(struct vch_infer *s, struct vch_tool *tool)
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
