// Questions that were tampered with: an honest one, made once, and what the input says is done to
// it.
//
// An input is a list of edits of 7 bytes: which file, where in it (u32le), what is done, with what.
#include <string.h>

#include "annex/annex_prove.h"
#include "annex/answer_prove.h"
#include "annex/proof_opening.h"
#include "base/bytes.h"
#include "base/check.h"
#include "model/manifest.h"
#include "model/package.h"
#include "vouch/verify.h"

enum { EDIT = 7, EDITS_MAX = 16, FILES = 4, MEMORY = 128 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// One LINEAR operator from int8 (1) to int8 (1), weight 5: specs/package.md, section 7.
static const uint8_t manifest[] = {
    0x08, 0x01, 0x12, 0x01, 0x6d, 0x1a, 0x07, 0x08, 0x01, 0x12, 0x03, 0x0a, 0x01, 0x01, 0x1a, 0x07,
    0x08, 0x01, 0x12, 0x03, 0x0a, 0x01, 0x01, 0x22, 0x20, 0x08, 0x01, 0x12, 0x01, 0x6d, 0x1a, 0x01,
    0x00, 0x20, 0x01, 0x2a, 0x01, 0x00, 0x32, 0x0d, 0x0a, 0x02, 0xd4, 0x0f, 0x12, 0x01, 0x0e, 0x18,
    0xfd, 0x01, 0x20, 0xfe, 0x01, 0x80, 0x01, 0x81, 0x7e, 0x2a, 0x2a, 0x08, 0x01, 0x12, 0x04, 0x0a,
    0x02, 0x01, 0x01, 0x1a, 0x20, 0xec, 0x9c, 0x4b, 0x40, 0x07, 0x0c, 0xa0, 0x73, 0xff, 0x7b, 0xb8,
    0x25, 0x49, 0xbc, 0x2e, 0xc5, 0xaa, 0xe3, 0x02, 0x40, 0x73, 0xb3, 0xa3, 0xd4, 0xcc, 0xe1, 0xfa,
    0x0c, 0x67, 0x2e, 0xa9, 0x48, 0x3a, 0x05, 0x0a, 0x01, 0x78, 0x18, 0x03, 0x42, 0x10, 0x0a, 0x01,
    0x79, 0x10, 0x01, 0x18, 0x01, 0x21, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
static const int8_t weight = 5;
static int8_t number = 100;

static struct vch_arena arena;
static struct vch_secret_key owner;
static struct vouch_bytes honest[FILES];
static uint8_t *edited[FILES], *memory;

static void must(vch_status status)
{
    VCH_ASSERT(vch_is_ok(status));
}

static void make_annex(struct vch_annex *out, const struct vch_graph *graph)
{
    static const uint32_t held[] = {0};
    const struct vch_annex_order order = {
        .model = {graph, vch_package_identity(manifest, sizeof manifest), 9, 1, held},
        .seed = {1},
    };
    uint8_t *bytes = NULL;

    must(vch_annex_prove(&bytes, &honest[1].size, &order, 0, &owner, &arena, NULL));
    must(vch_annex_decode(out, bytes, honest[1].size, &arena, NULL));
    honest[1].bytes = bytes;
}

static void make_proof(const struct vch_annex *annex, const struct vch_graph *graph)
{
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_tensor input = {VCH_TYPE_I8, graph->values[0].shape, &number};
    const struct vch_answer_order order = {
        .graph = graph,
        .annex = annex,
        .last = 1,
        .batch = 1,
        .inputs = &input,
        .annex_seed = {1},
        .input_seed = {3},
        .output_seed = {4},
        .proof_seed = {5},
        .kernels = &kernels,
    };
    struct vch_answer answer;
    struct vch_proof_file file;
    uint8_t *bytes = NULL, *opened = NULL;

    must(vch_answer_prove_begin(&answer, &order, &arena, NULL));
    must(vch_answer_prove(&file, &answer, &arena, NULL));
    must(vch_proof_file_encode(&bytes, &honest[2].size, &file, &arena, NULL));
    const struct vch_proof_opening opening = {
        .model = annex->model,
        .last = 1,
        .batch = 1,
        .input = {{3}, 1, {{&number, 1}}},
        .output = {{4}, 1, {{answer.witness.outputs[0].data, 1}}},
    };
    must(vch_proof_opening_encode(&opened, &honest[3].size, &opening, &arena, NULL));
    honest[2].bytes = bytes;
    honest[3].bytes = opened;
}

static void make(void)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {0x42};
    struct vch_graph *graph = NULL;
    struct vch_annex annex;

    vch_arena_init(&arena, (size_t)1 << 29);
    vch_sign_key(&owner, seed);
    honest[0] = (struct vouch_bytes){manifest, sizeof manifest};
    must(vch_manifest_decode(&graph, manifest, sizeof manifest, &arena, NULL));
    graph->parameters[0].data = &weight;
    make_annex(&annex, graph);
    make_proof(&annex, graph);
    for (int i = 0; i < FILES; i++)
        edited[i] = vch_arena_alloc(&arena, honest[i].size + EDITS_MAX, 1);
    memory = vch_arena_alloc(&arena, MEMORY, 1);
    VCH_ASSERT(memory != NULL);
}

// A bit flipped, a byte set, the end cut off here, bytes added there.
static void edit(struct vouch_bytes *file, uint8_t *bytes, const uint8_t *what)
{
    const size_t at = file->size > 0 ? vch_get_u32le(what + 1) % file->size : 0;

    switch (what[5] % 4) {
    case 0: bytes[at] ^= (uint8_t)(1u << what[6] % 8); return;
    case 1: bytes[at] = what[6]; return;
    case 2: file->size = at; return;
    default: bytes[file->size++] = what[6]; return;
    }
}

// Nobody signed the signature, and it is the caller who checks it.
static bool is_honest(const struct vouch_bytes *files)
{
    for (int i = 0; i < FILES; i++) {
        const size_t unsigned_size = i == 1 ? VCH_SIGN_SIGNATURE_SIZE : 0;
        if (files[i].size != honest[i].size ||
            memcmp(files[i].bytes, honest[i].bytes, honest[i].size - unsigned_size) != 0)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vouch_result result;
    struct vouch_bytes files[FILES];

    if (memory == NULL) make();
    for (int i = 0; i < FILES; i++) {
        memcpy(edited[i], honest[i].bytes, honest[i].size);
        files[i] = (struct vouch_bytes){edited[i], honest[i].size};
    }
    for (size_t i = 0; i < EDITS_MAX && (i + 1) * EDIT <= size; i++)
        edit(&files[data[i * EDIT] % FILES], edited[data[i * EDIT] % FILES], data + i * EDIT);
    const struct vouch_question question = {
        .manifest = files[0],
        .annex = files[1],
        .proof = files[2],
        .opening = files[3],
        .owner = owner.public_key.bytes,
        .signature = VOUCH_SIGNATURE_GOOD,
    };
    size_t room = vouch_verify_memory(&question);
    int code = vouch_verify_proof(&result, &question, memory, room < MEMORY ? room : MEMORY);
    VCH_ASSERT(code == result.code);
    // A digest of the annex goes into every statement, so that even its signature is bound to.
    VCH_ASSERT((code == VOUCH_ACCEPTED) <= is_honest(files));
    VCH_ASSERT(code == VOUCH_ACCEPTED || size >= EDIT);
    return 0;
}
