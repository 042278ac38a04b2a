#include "model/package.h"

#include <stdlib.h>

#include "harness/sample.h"
#include "harness/spec.h"
#include "model/package_format.h"
#include "model/trees.h"

static struct sample sample;
static struct vch_arena arena;
static struct vch_complaint complaint;
static uint8_t *file;
static size_t file_size;

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 30);
    complaint.text[0] = '\0';
    sample_init(&sample);
}

static void encode(void)
{
    CHECK_OK(vch_package_encode(&file, &file_size, &sample.graph, sample.salts, &sample.owner,
                                &arena, NULL, &complaint));
}

static void start_encoded(void)
{
    start();
    encode();
}

static vch_status decode(struct vch_package *out, const uint8_t *bytes, size_t size)
{
    complaint.text[0] = '\0';
    return vch_package_decode(out, bytes, size, &arena, NULL, &complaint);
}

TEST(package_gives_back_what_was_encoded)
{
    struct vch_package package;

    start_encoded();
    CHECK_OK(decode(&package, file, file_size));
    CHECK_EQ(package.graph->operator_count, 3);
    CHECK(strcmp(package.graph->operators[1].name, "sigmoid") == 0);
    CHECK_EQ(package.graph->operators[0].table, VCH_NONE);
    for (uint32_t i = 0; i < SAMPLE_PARAMETERS; i++) {
        const struct vch_parameter *held = &package.graph->parameters[i];
        size_t size = vch_package_format_parameter_size(held);
        CHECK((uintptr_t)held->data % 64 == 0);
        CHECK(memcmp(held->data, sample.parameters[i].data, size) == 0);
        CHECK(memcmp(&package.salts[i], &sample.salts[i], sizeof sample.salts[i]) == 0);
    }
    CHECK(memcmp(package.graph->tables[0].entries, sample.entries, sizeof sample.entries) == 0);
    CHECK(memcmp(&package.owner, &sample.owner.public_key, sizeof package.owner) == 0);
    struct vch_digest identity = vch_package_identity(package.manifest, package.manifest_size);
    CHECK(vch_hash_is_equal(&identity, &package.identity));
}

TEST(package_of_a_package_is_the_same_bytes)
{
    struct vch_package package;
    uint8_t *again = NULL;
    size_t size = 0;

    start_encoded();
    CHECK_OK(decode(&package, file, file_size));
    CHECK_OK(vch_package_encode(&again, &size, package.graph, package.salts, &sample.owner, &arena,
                                NULL, &complaint));
    CHECK_EQ(size, file_size);
    CHECK(memcmp(again, file, size) == 0);
}

TEST(package_of_a_segment_keeps_the_identity_and_merges_back)
{
    struct vch_package whole, first, last;
    struct vch_package_range ranges[3];
    uint32_t count = 0;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start_encoded();
    CHECK_OK(decode(&whole, file, file_size));
    CHECK_OK(vch_package_extract(&bytes, &size, &whole, 0, 1, &arena, &complaint));
    CHECK_OK(decode(&first, bytes, size));
    CHECK_OK(vch_package_extract(&bytes, &size, &whole, 2, 3, &arena, &complaint));
    CHECK_OK(decode(&last, bytes, size));
    CHECK(vch_hash_is_equal(&first.identity, &whole.identity));
    CHECK(first.graph->parameters[2].data == NULL && last.graph->parameters[0].data == NULL);
    CHECK_EQ(vch_package_held_size(&first), 9 + 24);

    vch_package_ranges(ranges, &count, &first);
    CHECK_EQ(count, 1);
    CHECK(ranges[0].first == 0 && ranges[0].last == 2);
    vch_package_ranges(ranges, &count, &last);
    CHECK_EQ(count, 1);
    CHECK(ranges[0].first == 1 && ranges[0].last == 3);

    CHECK_OK(vch_package_merge(&first, &last, &arena, &complaint));
    CHECK_EQ(vch_package_held_count(&first), 3);
    vch_package_ranges(ranges, &count, &first);
    CHECK(count == 1 && ranges[0].first == 0 && ranges[0].last == 3);
    CHECK_OK(vch_package_extract(&bytes, &size, &first, 0, 3, &arena, &complaint));
    CHECK_EQ(size, file_size);
    CHECK(memcmp(bytes, file, size) == 0);
}

// Every byte of the file matters: header, manifest, holder, owner, gaps and data.
TEST(package_refuses_every_flipped_bit)
{
    struct vch_package package;

    start_encoded();
    for (size_t i = 0; i < file_size; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct vch_arena_mark mark = vch_arena_mark(&arena);
            file[i] ^= (uint8_t)(1 << bit);
            if (vch_is_ok(decode(&package, file, file_size)))
                test_fail(__FILE__, __LINE__, "accepted bit %d of byte %zu flipped", bit, i);
            CHECK(complaint.text[0] != '\0' && package.graph == NULL);
            file[i] ^= (uint8_t)(1 << bit);
            vch_arena_rewind(&arena, mark);
        }
    CHECK_OK(decode(&package, file, file_size));
}

TEST(package_refuses_every_truncation_and_extension)
{
    struct vch_package package;
    uint8_t *longer = NULL;

    start_encoded();
    for (size_t size = 0; size < file_size; size++)
        CHECK_FAILS(decode(&package, file, size), TRUNCATED);
    longer = VCH_ARENA_NEW(&arena, uint8_t, file_size + 256);
    memcpy(longer, file, file_size);
    for (size_t more = 1; more <= 256; more++)
        CHECK_FAILS(decode(&package, longer, file_size + more), MALFORMED);
}

TEST(package_refuses_what_is_no_package_in_words)
{
    struct vch_package package;

    start_encoded();
    memcpy(file, "PK\3\4 zip", 8);
    CHECK_FAILS(decode(&package, file, file_size), MALFORMED);
    CHECK(strstr(complaint.text, "VOUCHPKG") != NULL);
    start_encoded();
    file[8] = 2;
    CHECK_FAILS(decode(&package, file, file_size), UNSUPPORTED);
    start_encoded();
    CHECK_FAILS(decode(&package, file + 1, file_size - 1), USAGE); // not at an aligned address
}

TEST(package_takes_no_more_memory_than_it_says)
{
    size_t sizes[] = {0, 1, 1000, 1u << 20, 1u << 30, (size_t)1 << 40};
    struct vch_package package;

    FOR_EACH(size, sizes)
    {
        CHECK(vch_package_memory_max(*size) <= (14u << 20) + 8320 * *size);
        CHECK(vch_package_memory_max(*size) <= ((size_t)3 << 30) + 64 * *size);
    }
    start_encoded();
    for (size_t limit = 0;; limit += 1 << 16) {
        struct vch_arena narrow;
        vch_arena_init(&narrow, limit);
        complaint.text[0] = '\0';
        vch_status status =
            vch_package_decode(&package, file, file_size, &narrow, NULL, &complaint);
        bool is_enough = vch_is_ok(status);
        CHECK(is_enough || complaint.text[0] != '\0');
        CHECK(is_enough || limit < vch_package_memory_max(file_size));
        CHECK(narrow.limit == limit);
        vch_arena_release(&narrow);
        if (is_enough) break;
    }
}

TEST(package_encode_refuses_what_could_not_be_opened)
{
    struct vch_arena *a = &arena;

    start();
    sample.weights[0] = INT8_MIN;
    CHECK_FAILS(vch_package_encode(&file, &file_size, &sample.graph, sample.salts, &sample.owner, a,
                                   NULL, &complaint),
                MALFORMED);
    start();
    sample.parameters[2].data = NULL;
    CHECK_FAILS(vch_package_encode(&file, &file_size, &sample.graph, sample.salts, &sample.owner, a,
                                   NULL, &complaint),
                USAGE);
    start();
    sample.operators[1].public_bound = 77;
    CHECK_FAILS(vch_package_encode(&file, &file_size, &sample.graph, sample.salts, &sample.owner, a,
                                   NULL, &complaint),
                MALFORMED);
}

TEST(package_encode_refuses_names_that_are_not_printable_utf8)
{
    static const char *const bad[] = {
        "\x80",         "a\xc3",
        "\xc0\xaf",     "\xe0\x80\x80",
        "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xff",         "\xf8\x88\x80\x80\x80",
        "\x1b[2J",      "a\n",
        "\x7f",         "\xc2\x9b", // what moves a terminal's cursor
    };
    static const char *const good[] = {"", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    FOR_EACH(name, bad)
    {
        start();
        sample.operators[1].name = *name;
        CHECK_FAILS(vch_package_encode(&file, &file_size, &sample.graph, sample.salts,
                                       &sample.owner, &arena, NULL, &complaint),
                    MALFORMED);
    }
    FOR_EACH(name, good)
    {
        struct vch_package package;
        start();
        sample.operators[1].name = *name;
        encode();
        CHECK_OK(decode(&package, file, file_size));
        CHECK(strcmp(package.graph->operators[1].name, *name) == 0);
    }
}

// (nodes + trees) * targets is what checking costs.
TEST(package_refuses_trees_that_would_take_hours_to_check)
{
    enum { NODES = 1 << 17, TARGETS = 1 << 17 };

    start();
    int32_t(*nodes)[VCH_TREES_COLUMNS] = vch_arena_alloc(&arena, NODES, sizeof *nodes);
    int64_t *leaves = VCH_ARENA_NEW(&arena, int64_t, TARGETS);
    static const int32_t root[1];
    for (int i = 0; i < NODES; i++)
        nodes[i][VCH_TREES_FEATURE] = -1;
    struct vch_parameter parameters[] = {
        {VCH_TYPE_I32, {2, {NODES, VCH_TREES_COLUMNS}}, {{0}}, nodes},
        {VCH_TYPE_I32, {1, {1}}, {{0}}, root},
        {VCH_TYPE_I64, {2, {1, TARGETS}}, {{0}}, leaves},
        {VCH_TYPE_I64, {1, {TARGETS}}, {{0}}, leaves},
    };
    struct vch_salt salts[4] = {0};
    sample.operators[0] = (struct vch_operator){.kind = VCH_OPERATOR_TREES,
                                                .name = "forest",
                                                .input_count = 1,
                                                .inputs = sample.inputs,
                                                .output = 1,
                                                .parameter_count = 4,
                                                .parameters = {0, 1, 2, 3},
                                                .table = VCH_NONE,
                                                .bias_bound = 1};
    sample.values[0].type = VCH_TYPE_I32;
    sample.values[1] = (struct vch_value){VCH_TYPE_I64, {1, {TARGETS}}};
    sample.graph.parameters = parameters;
    sample.graph.parameter_count = 4;
    sample.graph.operator_count = 1;
    sample.graph.value_count = 2;
    sample.graph.table_count = 0;
    sample.graph.outputs[0].value = 1;
    sample_bounds(&sample);
    CHECK_FAILS(vch_package_encode(&file, &file_size, &sample.graph, salts, &sample.owner, &arena,
                                   NULL, &complaint),
                LIMIT);
    CHECK(strstr(complaint.text, "forest") != NULL);
}

TEST(package_extract_refuses_ranges_it_cannot_fill)
{
    struct vch_package whole, part;
    uint8_t *bytes = NULL;
    size_t size = 0;

    start_encoded();
    CHECK_OK(decode(&whole, file, file_size));
    CHECK_FAILS(vch_package_extract(&bytes, &size, &whole, 2, 1, &arena, &complaint), USAGE);
    CHECK_FAILS(vch_package_extract(&bytes, &size, &whole, 0, 4, &arena, &complaint), USAGE);
    CHECK_OK(vch_package_extract(&bytes, &size, &whole, 1, 2, &arena, &complaint));
    CHECK_OK(decode(&part, bytes, size));
    CHECK_EQ(vch_package_held_count(&part), 0);
    CHECK_FAILS(vch_package_extract(&bytes, &size, &part, 0, 2, &arena, &complaint), USAGE);
}

static void fill_model(int8_t *weight, struct vch_operator *operator_)
{
    *weight = 5;
    *operator_ = sample.operators[2];
    operator_->inputs = &sample.inputs[0];
    operator_->output = 1;
    operator_->parameters[0] = 0;
    sample.graph.name = operator_->name = "m";
    sample.graph.value_count = 2;
    sample.graph.operator_count = sample.graph.parameter_count = 1;
    sample.graph.table_count = 0;
    sample.graph.operators = operator_;
    sample.graph.outputs[0].value = 1;
    sample.values[0].shape.dims[0] = sample.values[1].shape.dims[0] = 1;
    sample.parameters[0] = (struct vch_parameter){VCH_TYPE_I8, {2, {1, 1}}, {{0}}, weight};
}

// One layer of one weight, 5. Its bytes are in the specification.
TEST(package_of_the_specification)
{
    struct vch_package package;
    struct vch_operator operator_;
    struct vch_digest root;
    uint8_t vector[1024];
    int8_t weight = 0;

    start();
    fill_model(&weight, &operator_);
    CHECK_OK(vch_graph_public_bound(&operator_.public_bound, &sample.graph, &operator_));
    encode();
    test_spec_check(file, file_size, "package.md", "package");
    CHECK_OK(vch_package_root(&root, &sample.salts[0], &weight, 1, &arena, NULL));
    test_spec_check(root.bytes, sizeof root.bytes, "package.md", "root");

    size_t size = test_spec_vector(vector, sizeof vector, "package.md", "package");
    memcpy(file, vector, size); // aligned
    CHECK_OK(decode(&package, file, size));
    test_spec_check(package.manifest, package.manifest_size, "package.md", "manifest");
    test_spec_check(package.identity.bytes, sizeof package.identity, "package.md", "identity");
    CHECK(*(const int8_t *)package.graph->parameters[0].data == 5);
}
