// Files that are models, and files that only look like one.
#include "import/onnx.h"

#include <stdio.h>
#include <string.h>

#include "harness/onnx.h"
#include "harness/test.h"
#include "import/onnx_tensor.h"

#define DIMS(...) \
    (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static struct onnx onnx;
static struct vch_arena arena;
static struct vch_complaint complaint;

static vch_status decode_with(struct vch_network **network, const struct vch_import_files *files)
{
    const struct onnx_bytes *file = onnx_finish(&onnx);

    vch_arena_release(&arena);
    vch_arena_init(&arena, (size_t)64 << 20);
    complaint.text[0] = '\0';
    return vch_onnx_decode(network, file->bytes, file->size, files, &arena, &complaint);
}

static vch_status decode(void)
{
    struct vch_network *network = NULL;

    return decode_with(&network, NULL);
}

// x (N, 2) -> Relu -> y, for a test to spoil.
static void start(void)
{
    onnx_init(&onnx, 13);
    onnx_input(&onnx, "x", DIMS(-1, 2));
    onnx_output(&onnx, "y");
}

static void relu(const char *input, const char *output)
{
    onnx_node(&onnx, "Relu", input, output);
    onnx_end(&onnx);
}

TEST(onnx_reads_values_nodes_and_constants)
{
    struct vch_network *network = NULL;

    start();
    onnx_reals(&onnx, "w", DIMS(2), (const float[]){1.5f, -2});
    onnx_node(&onnx, "Mul", "x,w", "m");
    onnx_end(&onnx);
    relu("m", "y");
    CHECK_OK(decode_with(&network, NULL));
    CHECK_EQ(network->node_count, 2);
    CHECK_EQ(network->input_count, 1);
    CHECK_EQ(network->values[network->inputs[0]].shape.dims[0], 1); // the open batch
    CHECK(vch_network_is(&network->nodes[0], "Mul"));
    const struct vch_network_tensor *w = vch_network_constant(network, &network->nodes[0], 1);
    CHECK(w != NULL && w->count == 2 && w->reals[1] == -2);
    CHECK_EQ(network->outputs[0], network->nodes[1].outputs[0]);
}

TEST(onnx_reads_every_kind_of_tensor)
{
    static const struct {
        int32_t type;
        uint8_t bytes[8];
        size_t size;
        double want;
    } cases[] = {
        {VCH_ONNX_TENSOR_FLOAT, {0, 0, 0xc0, 0xbf}, 4, -1.5},
        {VCH_ONNX_TENSOR_UINT8, {200}, 1, 200},
        {VCH_ONNX_TENSOR_INT8, {200}, 1, -56},
        {VCH_ONNX_TENSOR_UINT16, {0xff, 0xff}, 2, 65535},
        {VCH_ONNX_TENSOR_INT16, {0xff, 0xff}, 2, -1},
        {VCH_ONNX_TENSOR_INT32, {0xfe, 0xff, 0xff, 0xff}, 4, -2},
        {VCH_ONNX_TENSOR_INT64, {5}, 8, 5},
        {VCH_ONNX_TENSOR_BOOL, {7}, 1, 1},
        {VCH_ONNX_TENSOR_FLOAT16, {0, 0x3e}, 2, 1.5},
        {VCH_ONNX_TENSOR_DOUBLE, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 8, 1.5},
        {VCH_ONNX_TENSOR_UINT32, {0xff, 0xff, 0xff, 0xff}, 4, 4294967295},
        {VCH_ONNX_TENSOR_UINT64, {0, 0, 0, 0, 0, 0, 0, 0x40}, 8, 0x1p62},
        {VCH_ONNX_TENSOR_BFLOAT16, {0xc0, 0xbf}, 2, -1.5},
    };

    FOR_EACH(c, cases)
    {
        struct vch_network *network = NULL;
        start();
        onnx_raw(&onnx, "w", c->type, DIMS(1), c->bytes, c->size);
        relu("x", "y");
        CHECK_OK(decode_with(&network, NULL));
        const struct vch_network_tensor *w = network->values[0].constant;
        CHECK(w->type == VCH_NETWORK_REAL ? (double)w->reals[0] == c->want
                                          : (double)w->integers[0] == c->want);
    }
}

TEST(onnx_refuses_types_it_does_not_read_by_their_names)
{
    static const struct {
        int32_t type;
        const char *name;
    } cases[] = {
        {14, "complex64"}, {17, "float8e4m3fn"}, {22, "int4"}, {23, "float4e2m1"}, {99, "unknown"}};
    static const uint8_t beyond[8] = {0, 0, 0, 0, 0, 0, 0, 0x80};

    FOR_EACH(c, cases)
    {
        start();
        onnx_raw(&onnx, "w", c->type, DIMS(1), "", 1);
        relu("x", "y");
        CHECK_FAILS(decode(), UNSUPPORTED);
        CHECK(strstr(complaint.text, c->name) != NULL);
    }
    start();
    onnx_raw(&onnx, "w", VCH_ONNX_TENSOR_UINT64, DIMS(1), beyond, sizeof beyond);
    relu("x", "y");
    CHECK_FAILS(decode(), UNSUPPORTED);
    CHECK(strstr(complaint.text, "int64") != NULL);
}

TEST(onnx_converts_every_half_exactly)
{
    CHECK(vch_onnx_tensor_half(0x0001) == 0x1p-24f);
    CHECK(vch_onnx_tensor_half(0x03ff) == 0x3ffp-24f);
    CHECK(vch_onnx_tensor_half(0x0400) == 0x1p-14f);
    CHECK(vch_onnx_tensor_half(0x7bff) == 65504);
    CHECK(vch_onnx_tensor_half(0xc000) == -2);
    CHECK(__builtin_isinf(vch_onnx_tensor_half(0x7c00)));
    CHECK(__builtin_isnan(vch_onnx_tensor_half(0x7e00)));
}

TEST(onnx_refuses_a_name_that_nothing_defines)
{
    start();
    relu("nobody", "y");
    CHECK_FAILS(decode(), MALFORMED);
    CHECK(strstr(complaint.text, "nobody") != NULL);
}

TEST(onnx_refuses_names_that_are_no_text_or_would_move_a_terminals_cursor)
{
    static const char *const names[] = {"\x1b[2J", "a\rb",     "\x7f",         "\xc2\x9b",
                                        "see\xc4", "\xc0\xaf", "\xed\xa0\x80", "\xff"};

    FOR_EACH(name, names)
    {
        start();
        relu("x", *name);
        relu(*name, "y");
        CHECK_FAILS(decode(), MALFORMED);
        CHECK(strstr(complaint.text, "control character") != NULL);
    }
}

TEST(onnx_refuses_nodes_that_read_each_other)
{
    start();
    relu("b", "a");
    relu("a", "b");
    relu("b", "y");
    CHECK_FAILS(decode(), MALFORMED);
    start();
    relu("y", "y");
    CHECK_FAILS(decode(), MALFORMED);
}

TEST(onnx_refuses_a_name_defined_twice)
{
    start();
    relu("x", "y");
    relu("x", "y");
    CHECK_FAILS(decode(), MALFORMED);
    start();
    relu("x", "x");
    relu("x", "y");
    CHECK_FAILS(decode(), MALFORMED);
}

TEST(onnx_refuses_an_output_that_nothing_computes)
{
    start();
    relu("x", "z");
    CHECK_FAILS(decode(), MALFORMED);
}

TEST(onnx_refuses_weights_that_are_no_numbers)
{
    static const uint32_t bits[] = {0x7fc00000, 0xffc00000, 0x7f800001};

    FOR_EACH(b, bits)
    {
        start();
        onnx_raw(&onnx, "w", VCH_ONNX_TENSOR_FLOAT, DIMS(1), b, 4);
        relu("x", "y");
        CHECK_FAILS(decode(), UNSUPPORTED);
    }
}

TEST(onnx_refuses_a_tensor_whose_bytes_do_not_fit_its_shape)
{
    const float values[4] = {0};

    for (int64_t count = 0; count < 8; count++) {
        if (count == 4) continue;
        start();
        onnx_raw(&onnx, "w", VCH_ONNX_TENSOR_FLOAT, DIMS(count), values, sizeof values);
        relu("x", "y");
        CHECK_FAILS(decode(), MALFORMED);
    }
}

TEST(onnx_refuses_shapes_that_overflow)
{
    static const int64_t hostile[][3] = {
        {-1, 1, 1},
        {INT64_MAX, 1, 1},
        {INT64_MIN, INT64_MIN, 1},
        {(int64_t)1 << 32, (int64_t)1 << 32, 1},
        {65536, 65536, 65536},
    };

    FOR_EACH(dims, hostile)
    {
        start();
        onnx_raw(&onnx, "w", VCH_ONNX_TENSOR_FLOAT, *dims, 3, "", 0);
        relu("x", "y");
        CHECK_FAILS(decode(), LIMIT);
    }
    onnx_init(&onnx, 13);
    onnx_input(&onnx, "x", DIMS(1, 65536, 65536, 65536));
    onnx_output(&onnx, "y");
    relu("x", "y");
    CHECK_FAILS(decode(), LIMIT);
}

TEST(onnx_refuses_an_open_dimension_that_is_not_the_batch)
{
    onnx_init(&onnx, 13);
    onnx_input(&onnx, "x", DIMS(1, -1));
    onnx_output(&onnx, "y");
    relu("x", "y");
    CHECK_FAILS(decode(), UNSUPPORTED);
    CHECK(strstr(complaint.text, "dimension 1") != NULL);
}

TEST(onnx_refuses_opsets_it_does_not_know)
{
    static const int64_t opsets[] = {-1, 0, 6, 25, INT64_MAX};

    FOR_EACH(opset, opsets)
    {
        onnx_init(&onnx, *opset);
        onnx_input(&onnx, "x", DIMS(1));
        onnx_output(&onnx, "y");
        relu("x", "y");
        CHECK_FAILS(decode(), UNSUPPORTED);
    }
}

TEST(onnx_refuses_files_that_escape_from_the_models_folder)
{
    static const char *const paths[] = {
        "", "/etc/passwd", "../secret", "a/../../b", "a/..", "..", "a//b", "a\\..\\b",
    };

    FOR_EACH(path, paths)
    {
        start();
        onnx_external(&onnx, "w", DIMS(1), *path);
        relu("x", "y");
        CHECK_FAILS(decode(), REFUSED);
    }
}

static vch_status read_eight(void *context, const char *name, const uint8_t **bytes, size_t *size,
                             struct vch_complaint *why)
{
    static const uint8_t file[8] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40};

    (void)context, (void)why;
    CHECK(strcmp(name, "weights/w.bin") == 0);
    *bytes = file;
    *size = sizeof file;
    return VCH_OK;
}

TEST(onnx_reads_tensors_from_other_files)
{
    const struct vch_import_files files = {.read = read_eight};
    struct vch_network *network = NULL;

    start();
    onnx_external(&onnx, "w", DIMS(2), "weights/w.bin");
    relu("x", "y");
    CHECK_OK(decode_with(&network, &files));
    CHECK(network->values[0].constant->reals[1] == 2);
    CHECK_FAILS(decode(), UNSUPPORTED); // nobody to read it

    start();
    onnx_external(&onnx, "w", DIMS(3), "weights/w.bin");
    relu("x", "y");
    CHECK_FAILS(decode_with(&network, &files), MALFORMED);
}

TEST(onnx_reads_no_byte_beyond_an_external_file)
{
    const struct vch_import_files files = {.read = read_eight};
    static const struct {
        const char *offset, *length;
        enum vch_code code;
        const char *why;
    } cases[] = {
        {"4", NULL, VCH_CODE_NONE, ""},
        {NULL, "4", VCH_CODE_NONE, ""},
        {"4", "4", VCH_CODE_NONE, ""},
        {"0", "8", VCH_CODE_MALFORMED, "asks for 1 elements of 4 bytes, and the file holds 8"},
        {"8", NULL, VCH_CODE_MALFORMED, "the file holds 0 bytes"},
        {"9", NULL, VCH_CODE_TRUNCATED, "has 8 bytes, not 9"},
        {"5", "4", VCH_CODE_TRUNCATED, "has 8 bytes, not 9"},
        {"2147483648", "4", VCH_CODE_TRUNCATED, "has 8 bytes, not 2147483648"},
        {"4", "2147483648", VCH_CODE_TRUNCATED, "has 8 bytes, not 2147483652"},
        {"18446744073709551612", "4", VCH_CODE_MALFORMED, "not a sensible number"},
        {"4", "18446744073709551615", VCH_CODE_MALFORMED, "not a sensible number"},
        {"99999999999999999999999", NULL, VCH_CODE_MALFORMED, "not a sensible number"},
        {"-4", NULL, VCH_CODE_MALFORMED, "not a sensible number"},
        {"+4", NULL, VCH_CODE_MALFORMED, "not a sensible number"},
        {" 4", NULL, VCH_CODE_MALFORMED, "not a sensible number"},
        {"4x", NULL, VCH_CODE_MALFORMED, "not a sensible number"},
        {"", NULL, VCH_CODE_MALFORMED, "not a sensible number"},
    };

    FOR_EACH(c, cases)
    {
        struct vch_network *network = NULL;
        start();
        onnx_external_part(&onnx, "w", DIMS(1), "weights/w.bin", c->offset, c->length);
        relu("x", "y");
        vch_status status = decode_with(&network, &files);
        if (status.code != c->code || strstr(complaint.text, c->why) == NULL)
            test_fail(__FILE__, __LINE__, "%s, %s: %s", c->offset, c->length, complaint.text);
    }
}

static vch_status read_megabyte(void *context, const char *name, const uint8_t **bytes,
                                size_t *size, struct vch_complaint *why)
{
    static const uint8_t file[1 << 20];

    (void)name, (void)why;
    ++*(int *)context;
    *bytes = file;
    *size = sizeof file;
    return VCH_OK;
}

// Each tensor of a few bytes in the model takes a megabyte, up to what the arena allows.
TEST(onnx_tensors_that_share_one_large_file_take_no_more_memory_than_they_may)
{
    int reads = 0;
    const struct vch_import_files files = {&reads, read_megabyte};
    struct vch_network *network = NULL;

    start();
    for (int i = 0; i < 500; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "w%d", i);
        onnx_external(&onnx, name, DIMS(1 << 18), "large.bin");
    }
    relu("x", "y");
    CHECK_FAILS(decode_with(&network, &files), NO_MEMORY);
    CHECK(arena.used <= arena.limit);
    CHECK(strstr(complaint.text, "does not fit the 67108864 bytes") != NULL);
    CHECK(reads < 100);
}

// A field of `size` bytes, which stand at the buffer's end already, gets its head before them.
static size_t put_head(uint8_t *end, size_t size, unsigned field)
{
    uint8_t head[8];
    size_t head_size = 0;

    head[head_size++] = (uint8_t)(field << 3 | 2);
    for (size_t left = size; head_size == 1 || left > 0; left >>= 7)
        head[head_size++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    memcpy(end - size - head_size, head, head_size);
    return size + head_size;
}

TEST(onnx_refuses_subgraphs_however_deep)
{
    enum { DEPTH_MAX = 100000, ROOM = 15 * (DEPTH_MAX + 1) };
    static const unsigned fields[] = {6, 5, 1}; // graph, attribute, node
    static const int depths[] = {1, 100, DEPTH_MAX};
    static uint8_t bytes[ROOM];

    FOR_EACH(depth, depths)
    {
        struct vch_network *network = NULL;
        size_t size = 0;
        for (int i = 0; i < *depth; i++)
            FOR_EACH(field, fields)
        size = put_head(bytes + ROOM, size, *field);
        size = put_head(bytes + ROOM, size, 7);
        vch_arena_release(&arena);
        vch_arena_init(&arena, (size_t)64 << 20);
        vch_status status =
            vch_onnx_decode(&network, bytes + ROOM - size, size, NULL, &arena, &complaint);
        CHECK_FAILS(status, MALFORMED); // without outputs, which is noticed first
    }
    start();
    onnx_node(&onnx, "If", "x", "y");
    onnx_attribute_subgraph(&onnx, "then_branch");
    onnx_end(&onnx);
    CHECK_FAILS(decode(), UNSUPPORTED);
    CHECK(strstr(complaint.text, "subgraphs are not") != NULL);
}

TEST(onnx_survives_any_cut_and_any_flipped_byte)
{
    static struct onnx_bytes spoiled;
    struct vch_network *network = NULL;

    start();
    onnx_reals(&onnx, "w", DIMS(2), (const float[]){1, 2});
    onnx_node(&onnx, "Mul", "x,w", "m");
    onnx_attribute_integers(&onnx, "list", DIMS(1, 2, 3));
    onnx_end(&onnx);
    relu("m", "y");
    const struct onnx_bytes *file = onnx_finish(&onnx);
    for (size_t i = 0; i < file->size; i++) {
        vch_arena_release(&arena);
        vch_arena_init(&arena, (size_t)16 << 20);
        vch_status cut = vch_onnx_decode(&network, file->bytes, i, NULL, &arena, NULL);
        CHECK(cut.code != VCH_CODE_NONE);
        spoiled = *file;
        spoiled.bytes[i] ^= (uint8_t)(1 + test_below(255));
        (void)vch_onnx_decode(&network, spoiled.bytes, spoiled.size, NULL, &arena, NULL);
    }
}

TEST(onnx_takes_no_more_memory_than_it_may)
{
    struct vch_network *network = NULL;

    start();
    onnx_reals(&onnx, "w", DIMS(64, 64), (const float[4096]){0});
    relu("x", "y");
    const struct onnx_bytes *file = onnx_finish(&onnx);
    for (size_t limit = 0; limit < (size_t)1 << 17; limit += 4096) {
        vch_arena_release(&arena);
        vch_arena_init(&arena, limit);
        vch_status status = vch_onnx_decode(&network, file->bytes, file->size, NULL, &arena, NULL);
        CHECK(arena.used <= limit);
        CHECK(status.code == VCH_CODE_NONE || status.code == VCH_CODE_NO_MEMORY ||
              status.code == VCH_CODE_MALFORMED);
    }
}
