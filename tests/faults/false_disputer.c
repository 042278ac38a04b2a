// An account that disputes a verdict that is right, with a trace that it made up: it moves and
// opens as `vouch dispute` would, and pays for it.
//
//     false_disputer VOUCHER OPENING MODEL KEY CHARTER PORT PEERS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keyfile.h"
#include "crypto/merkle.h"
#include "host/file.h"
#include "host/process.h"
#include "member/charter_file.h"
#include "net/loop.h"
#include "node/contender.h"
#include "voucher/retrace.h"

enum { ARGUMENTS = 8, MEMORY_MAX = 1 << 28 };

static struct scene {
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_voucher voucher;
    struct vch_opening opening;
    struct vch_package package;
    struct vch_secret_key key;
    struct vch_signer signer;
    struct vch_charter charter;
    struct vch_kernels kernels;
    struct vch_retrace truth;
} s;

static vch_status read_file(uint8_t **bytes, size_t *size, const char *path)
{
    return vch_file_read(bytes, size, path, 1 << 26, &s.arena, &s.complaint);
}

static vch_status load(char **arguments)
{
    struct vch_file_map map;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(read_file(&bytes, &size, arguments[1]));
    VCH_TRY(vch_voucher_decode(&s.voucher, bytes, size, &s.arena, &s.complaint));
    VCH_TRY(read_file(&bytes, &size, arguments[2]));
    VCH_TRY(vch_opening_decode(&s.opening, bytes, size, &s.arena, &s.complaint));
    VCH_TRY(vch_file_map(&map, arguments[3], &s.complaint));
    VCH_TRY(vch_package_decode(&s.package, map.bytes, map.size, &s.arena, NULL, &s.complaint));
    VCH_TRY(read_file(&bytes, &size, arguments[4]));
    VCH_TRY(vch_keyfile_decode(&s.key, bytes, size, "", &s.complaint));
    s.signer = vch_signer_local(&s.key);
    VCH_TRY(read_file(&bytes, &size, arguments[5]));
    return vch_charter_file_decode(&s.charter, bytes, size, NULL, &s.complaint);
}

// One leaf of the trace is made up; the root is over what is there.
static vch_status lie(struct vch_retrace_segment *segment)
{
    struct vch_digest *scratch = VCH_ARENA_NEW(&s.arena, struct vch_digest, segment->leaf_count);

    if (scratch == NULL) return VCH_FAIL(NO_MEMORY);
    segment->leaves[segment->leaf_count / 2].bytes[0] ^= 1;
    memcpy(scratch, segment->leaves, segment->leaf_count * sizeof *scratch);
    segment->trace = vch_merkle_root_in_place(scratch, segment->leaf_count);
    return VCH_OK;
}

static struct vch_contender_case make_case(const struct vch_retrace_segment *segment)
{
    return (struct vch_contender_case){
        .record = {.contest = {s.voucher.job_id, segment->index, 0},
                   .model = s.package.identity,
                   .output = segment->output,
                   .trace = segment->trace,
                   .first = segment->traced.first,
                   .last = segment->traced.last,
                   .batch = s.voucher.job.batch,
                   .input_nonce = segment->traced.input_nonce,
                   .output_nonce = segment->traced.output_nonce,
                   .job = s.voucher.job_bytes,
                   .input = segment->input.data,
                   .job_size = s.voucher.job_size,
                   .input_size = vch_tensor_size(&segment->input) * s.voucher.job.batch},
        .graph = s.package.graph,
        .leaves = segment->leaves,
        .leaf_count = segment->leaf_count,
    };
}

static vch_status plead(struct event_base *base, char **arguments, enum vch_dispute_result *result)
{
    const struct vch_contender_setup setup = {
        .base = base,
        .signer = &s.signer,
        .charter = s.charter,
        .host = "127.0.0.1",
        .port = (uint16_t)strtoul(arguments[6], NULL, 10),
        .peers = arguments[7],
        .kernels = &s.kernels,
    };
    const struct vch_segment_agreement *agreement = s.voucher.results[0].agreement;
    struct vch_contender *contender = NULL;

    if (s.truth.count == 0 || agreement == NULL) return VCH_FAIL(USAGE);
    VCH_TRY(lie(&s.truth.segments[0]));
    const struct vch_contender_case stand = make_case(&s.truth.segments[0]);
    VCH_TRY(vch_contender_new(&contender, &setup, &s.complaint));
    vch_status status = vch_contender_follow(
        contender, agreement->leaves[agreement->leaf_count - 1].position, &s.complaint);
    if (vch_is_ok(status)) status = vch_contender_plead(contender, &stand, result, &s.complaint);
    vch_contender_free(contender);
    return status;
}

static vch_status run(char **arguments, enum vch_dispute_result *result)
{
    const struct vch_retrace_input input = {
        .voucher = &s.voucher, .opening = &s.opening, .package = &s.package, .kernels = &s.kernels};

    VCH_TRY(load(arguments));
    VCH_TRY(vch_retrace_run(&s.truth, &input, &s.arena, &s.complaint));
    struct event_base *base = vch_loop_new();
    if (base == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = plead(base, arguments, result);
    event_base_free(base);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {
        [VCH_DISPUTE_NONE] = "none",     [VCH_DISPUTE_OVERTURNED] = "overturned",
        [VCH_DISPUTE_UPHELD] = "upheld", [VCH_DISPUTE_BOTH_LOSE] = "both_lose",
        [VCH_DISPUTE_VOID] = "void",
    };
    enum vch_dispute_result result = VCH_DISPUTE_NONE;

    if (argc != ARGUMENTS) return 2;
    vch_process_harden();
    vch_arena_init(&s.arena, MEMORY_MAX);
    s.kernels = vch_kernels_select(vch_cpu_level(NULL));
    vch_status status = run(argv, &result);
    if (vch_is_ok(status))
        printf("%s\n", names[result]);
    else
        (void)fprintf(stderr, "false_disputer: %s: %s\n", vch_code_text(status.code),
                      s.complaint.text);
    vch_arena_release(&s.arena);
    return vch_is_ok(status) ? EXIT_SUCCESS : EXIT_FAILURE;
}
