// Packages whose header, digests and signature are right, and which lie about something deeper.
#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "harness/forge.h"
#include "harness/sample.h"
#include "model/manifest.h"

static struct sample sample;
static struct vch_arena arena;
static struct vch_complaint complaint;
static struct vch_package package; // what decoding gave

// The honest parts of a forgery, to be bent one at a time.
static struct forgery honest;

static void compute_roots(void)
{
    for (uint32_t i = 0; i < sample.graph.parameter_count; i++) {
        struct vch_parameter *parameter = &sample.parameters[i];
        CHECK_OK(vch_package_root(&parameter->root, &sample.salts[i], parameter->data,
                                  vch_package_format_parameter_size(parameter), &arena, NULL));
    }
}

static void make_manifest(void)
{
    uint8_t *manifest = NULL;

    CHECK_OK(
        vch_manifest_encode(&manifest, &honest.manifest_size, &sample.graph, &arena, &complaint));
    honest.manifest = manifest;
}

// Lists parameters in the order given, each with its own salt.
static void make_holder(const uint32_t *indices, size_t count)
{
    Vouch__HeldParameter held[8], *pointers[8];
    Vouch__Holder holder;

    vouch__holder__init(&holder);
    for (size_t i = 0; i < count; i++) {
        vouch__held_parameter__init(&held[i]);
        held[i].index = indices[i];
        held[i].salt = (ProtobufCBinaryData){VCH_PACKAGE_SALT_SIZE,
                                             sample.salts[indices[i] % SAMPLE_ROOM].bytes};
        pointers[i] = &held[i];
    }
    holder.n_parameters = count;
    holder.parameters = pointers;
    uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, 512);
    honest.holder_size = vouch__holder__pack(&holder, bytes);
    honest.holder = bytes;
}

// The same parameters, 64-byte aligned in the order given.
static void make_data(const uint32_t *indices, size_t count)
{
    uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, 1024);

    honest.data_size = 0;
    for (size_t i = 0; i < count; i++) {
        const struct vch_parameter *parameter = &sample.parameters[indices[i]];
        size_t size = vch_package_format_parameter_size(parameter);
        honest.data_size = (size_t)vch_package_format_align(honest.data_size);
        memcpy(bytes + honest.data_size, parameter->data, size);
        honest.data_size += size;
    }
    honest.data = bytes;
}

static void hold(const uint32_t *indices, size_t count)
{
    make_holder(indices, count);
    make_data(indices, count);
}
#define HOLD(...) hold((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void start(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1u << 30);
    complaint.text[0] = '\0';
    sample_init(&sample);
    honest = (struct forgery){.owner = &sample.owner};
    compute_roots();
    make_manifest();
    HOLD(0, 1, 2);
}

static vch_status decode(void)
{
    size_t size = 0;
    uint8_t *file = forge(&size, &honest, &arena);

    complaint.text[0] = '\0';
    vch_status status = vch_package_decode(&package, file, size, &arena, NULL, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

static void check_complaint(const char *part)
{
    if (strstr(complaint.text, part) == NULL)
        test_fail(__FILE__, __LINE__, "complained: %s", complaint.text);
}

// Or else no refusal below would mean anything.
TEST(package_forged_honestly_is_accepted)
{
    start();
    CHECK_OK(decode());
    HOLD(0, 1);
    CHECK_OK(decode());
    HOLD(2);
    CHECK_OK(decode());
    make_holder(NULL, 0);
    make_data(NULL, 0);
    CHECK_OK(decode());
    CHECK_EQ(vch_package_held_count(&package), 0);
}

TEST(package_refuses_swapped_parameters)
{
    start();
    make_data((const uint32_t[]){2, 1, 0}, 3); // of the same size and type
    CHECK_FAILS(decode(), BAD_PROOF);
    check_complaint("parameter 0");
}

TEST(package_refuses_the_parameter_of_another_model)
{
    start();
    sample.last_weights[4]--;
    HOLD(0, 1, 2);
    CHECK_FAILS(decode(), BAD_PROOF);
    check_complaint("parameter 2");
}

TEST(package_refuses_a_wrong_salt)
{
    start();
    sample.salts[1].bytes[31] ^= 1;
    HOLD(0, 1, 2);
    CHECK_FAILS(decode(), BAD_PROOF);
    check_complaint("parameter 1");
}

TEST(package_refuses_a_salt_of_another_size)
{
    start();
    uint8_t short_salt[] = {0x0a, 4, 0x12, 2, 0x10, 0x10};
    honest.holder = short_salt;
    honest.holder_size = sizeof short_salt;
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("salt");
}

TEST(package_refuses_a_parameter_listed_twice)
{
    start();
    HOLD(0, 1, 1, 2);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("twice");
}

TEST(package_refuses_parameters_out_of_order)
{
    start();
    HOLD(0, 2, 1);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("order");
}

TEST(package_refuses_a_parameter_that_the_model_does_not_have)
{
    start();
    make_holder((const uint32_t[]){0, 1, 2, 3}, 4);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("does not have");
}

TEST(package_refuses_weights_without_their_bias)
{
    start();
    HOLD(0, 2);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("without the others");
}

TEST(package_refuses_listed_parameters_that_lie_outside_the_file)
{
    start();
    make_data((const uint32_t[]){0, 1}, 2);
    CHECK_FAILS(decode(), TRUNCATED);
    HOLD(0, 1, 2);
    honest.data_size--;
    CHECK_FAILS(decode(), TRUNCATED);
}

TEST(package_refuses_bytes_that_no_parameter_owns)
{
    start();
    make_holder((const uint32_t[]){0, 1}, 2); // the data of 2 follows
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("follow");
    HOLD(0, 1, 2);
    honest.data_size++; // one zero more
    CHECK_FAILS(decode(), MALFORMED);
}

TEST(package_refuses_unaligned_parameters)
{
    start();
    uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, 1024);
    memcpy(bytes, sample.weights, 9);
    memcpy(bytes + 16, sample.bias, 24); // where a reader with other rules would look
    memcpy(bytes + 128, sample.last_weights, 9);
    honest.data = bytes;
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("not zero");
}

TEST(package_refuses_something_in_every_gap)
{
    start();
    for (size_t i = 0; i < honest.data_size; i++) {
        bool is_gap = (i >= 9 && i < 64) || (i >= 64 + 24 && i < 128);
        if (!is_gap) continue;
        HOLD(0, 1, 2);
        uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, honest.data_size);
        memcpy(bytes, honest.data, honest.data_size);
        bytes[i] = 1;
        honest.data = bytes;
        CHECK_FAILS(decode(), MALFORMED);
        check_complaint("not zero");
    }
}

TEST(package_refuses_weights_of_minus_128)
{
    start();
    sample.last_weights[3] = INT8_MIN;
    compute_roots();
    make_manifest();
    HOLD(0, 1, 2);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("symmetric range");
}

TEST(package_refuses_a_bias_beyond_its_promise)
{
    start();
    sample.bias[2] = 1025;
    compute_roots();
    make_manifest();
    HOLD(0, 1, 2);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("bias 2 exceeds");
    sample.bias[2] = INT64_MIN;
    compute_roots();
    make_manifest();
    HOLD(0, 1, 2);
    CHECK_FAILS(decode(), MALFORMED);
}

// Changes the manifest as protobuf-c's structs and wraps it again, signed.
static vch_status decode_changed(void (*change)(Vouch__Manifest *manifest))
{
    Vouch__Manifest *message = vouch__manifest__unpack(NULL, honest.manifest_size, honest.manifest);

    CHECK(message != NULL);
    change(message);
    uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, honest.manifest_size + 4096);
    honest.manifest_size = vouch__manifest__pack(message, bytes);
    honest.manifest = bytes;
    vouch__manifest__free_unpacked(message, NULL);
    return decode();
}

static void lower_bound(Vouch__Manifest *manifest)
{
    manifest->operators[0]->public_bound--;
}

static void raise_bound(Vouch__Manifest *manifest)
{
    manifest->operators[2]->public_bound++;
}

TEST(package_refuses_a_forged_public_bound)
{
    start();
    CHECK_FAILS(decode_changed(lower_bound), MALFORMED);
    check_complaint("its bound is");
    start();
    CHECK_FAILS(decode_changed(raise_bound), MALFORMED);
    check_complaint("its bound is");
}

static void shorten_root(Vouch__Manifest *manifest)
{
    manifest->parameters[1]->root.len = 31;
}

static void change_version(Vouch__Manifest *manifest)
{
    manifest->version = 2;
}

static void change_kind(Vouch__Manifest *manifest)
{
    manifest->operators[1]->kind = VCH_OPERATOR_COUNT;
}

TEST(package_refuses_manifests_it_does_not_know)
{
    start();
    CHECK_FAILS(decode_changed(shorten_root), MALFORMED);
    start();
    CHECK_FAILS(decode_changed(change_version), UNSUPPORTED);
    start();
    CHECK_FAILS(decode_changed(change_kind), UNSUPPORTED);
}

static void end_with_zeros(Vouch__Manifest *manifest)
{
    static uint32_t zero[1];

    manifest->operators[0]->n_order = 1;
    manifest->operators[0]->order = zero;
}

TEST(package_refuses_a_list_that_ends_with_zeros)
{
    uint8_t *bytes = NULL;

    start();
    Vouch__Manifest *message = vouch__manifest__unpack(NULL, honest.manifest_size, honest.manifest);
    CHECK(message != NULL);
    end_with_zeros(message);
    bytes = VCH_ARENA_NEW(&arena, uint8_t, honest.manifest_size + 64);
    honest.manifest_size = vouch__manifest__pack(message, bytes);
    honest.manifest = bytes;
    message->operators[0]->n_order = 0; // not protobuf-c's to free
    message->operators[0]->order = NULL;
    vouch__manifest__free_unpacked(message, NULL);
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("canonical");
}

// The manifest starts with its version, 08 01, and its name, 12 06 "sample".
TEST(package_refuses_every_other_spelling_of_a_manifest)
{
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t size;
        size_t replaced; // bytes at the start of the manifest
    } spellings[] = {
        {"fields in another order", {0x12, 6, 's', 'a', 'm', 'p', 'l', 'e', 0x08, 1}, 10, 10},
        {"a field twice", {0x08, 1, 0x08, 1}, 4, 2},
        {"a long varint", {0x08, 0x81, 0x00}, 3, 2},
        {"a long tag", {0x88, 0x00, 1}, 3, 2},
        {"an unknown field", {0x08, 1, 0x78, 1}, 4, 2},
        {"a NUL in a name", {0x08, 1, 0x12, 6, 's', 'a', 'm', 0, 'l', 'e'}, 10, 10},
        {"bits that are cut off", {0x08, 0x81, 0x80, 0x80, 0x80, 0x10}, 6, 2},
    };

    FOR_EACH(spelling, spellings)
    {
        start();
        CHECK_HEX(honest.manifest, 10, "0801120673616d706c65");
        uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, honest.manifest_size + 16);
        memcpy(bytes, spelling->bytes, spelling->size);
        memcpy(bytes + spelling->size, honest.manifest + spelling->replaced,
               honest.manifest_size - spelling->replaced);
        honest.manifest = bytes;
        honest.manifest_size += spelling->size - spelling->replaced;
        if (decode().code != VCH_CODE_MALFORMED)
            test_fail(__FILE__, __LINE__, "%s: %s", spelling->what, complaint.text);
        check_complaint("canonical");
    }
}

TEST(package_refuses_defaults_that_are_written)
{
    static const uint8_t no_axis[] = {0x4a, 0}; // one more, empty, output-less input port: 7 = 0x3a

    start();
    uint8_t *bytes = VCH_ARENA_NEW(&arena, uint8_t, honest.manifest_size + 2);
    memcpy(bytes, honest.manifest, honest.manifest_size);
    memcpy(bytes + honest.manifest_size, no_axis, 2); // field 9 is unknown
    honest.manifest = bytes;
    honest.manifest_size += 2;
    CHECK_FAILS(decode(), MALFORMED);

    start();
    bytes = VCH_ARENA_NEW(&arena, uint8_t, honest.manifest_size + 2);
    memcpy(bytes, honest.manifest, honest.manifest_size);
    // The last port ends the manifest: its size grows by two, and a scale of kind 0 follows.
    size_t port_size = 0;
    for (size_t i = honest.manifest_size; i > 1 && port_size == 0; i--)
        if (bytes[i - 2] == 0x42 && bytes[i - 1] == honest.manifest_size - i) port_size = i;
    CHECK(port_size > 0);
    bytes[port_size - 1] = (uint8_t)(bytes[port_size - 1] + 2);
    bytes[honest.manifest_size] = 0x10; // value, which is 3: the last one counts
    bytes[honest.manifest_size + 1] = 3;
    honest.manifest = bytes;
    honest.manifest_size += 2;
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("canonical");
}

// Puts bytes into the holder, which starts with 0a 22 12 20: a parameter whose index is 0.
static vch_status decode_respelled(const char *what, const uint8_t *bytes, size_t size,
                                   size_t offset, size_t replaced)
{
    uint8_t *holder = VCH_ARENA_NEW(&arena, uint8_t, honest.holder_size + size);
    size_t behind = offset + replaced;

    CHECK_HEX(honest.holder, 4, "0a221220");
    memcpy(holder, honest.holder, offset);
    memcpy(holder + offset, bytes, size);
    memcpy(holder + offset + size, honest.holder + behind, honest.holder_size - behind);
    honest.holder = holder;
    honest.holder_size += size - replaced;
    vch_status status = decode();
    if (strstr(complaint.text, "canonical") == NULL)
        test_fail(__FILE__, __LINE__, "%s: %s", what, complaint.text);
    return status;
}

TEST(package_refuses_a_holder_in_another_spelling)
{
    static const struct {
        const char *what;
        uint8_t bytes[8];
        size_t size, offset, replaced;
    } spellings[] = {
        {"an unknown field in front", {0x10, 1}, 2, 0, 0},
        {"an unknown field inside", {0x0a, 0x24, 0x18, 1}, 4, 0, 2},
        {"a default that is written", {0x0a, 0x24, 0x08, 0}, 4, 0, 2},
        {"a size in two bytes", {0x0a, 0xa2, 0x00}, 3, 0, 2},
    };

    FOR_EACH(spelling, spellings)
    {
        start();
        CHECK_FAILS(decode_respelled(spelling->what, spelling->bytes, spelling->size,
                                     spelling->offset, spelling->replaced),
                    MALFORMED);
    }
    start();
    CHECK_FAILS(decode_respelled("an unknown field at the end", (const uint8_t[]){0x10, 1}, 2,
                                 honest.holder_size, 0),
                MALFORMED);
    start();
    uint8_t last[] = {0x0a, 0x26, 0x08, 2, 0x12, 0x20}; // 38 = 36 and two more
    size_t size = honest.holder_size;
    uint8_t *holder = VCH_ARENA_NEW(&arena, uint8_t, size);
    memcpy(holder, honest.holder, size);
    holder[size - 37] = last[1]; // the size of the last parameter, 36 bytes long
    honest.holder = holder;
    CHECK_FAILS(decode_respelled("an unknown field at the end inside", (const uint8_t[]){0x18, 1},
                                 2, size, 0),
                MALFORMED);
}

static void compress(size_t size, const uint8_t *bytes, int has_size)
{
    size_t room = ZSTD_compressBound(size);
    uint8_t *stored = VCH_ARENA_NEW(&arena, uint8_t, room + 64);
    ZSTD_CCtx *context = ZSTD_createCCtx();

    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, has_size);
    honest.stored_size = ZSTD_compress2(context, stored, room, bytes, size);
    honest.stored = stored;
    CHECK(!ZSTD_isError(honest.stored_size));
    (void)ZSTD_freeCCtx(context);
}

TEST(package_refuses_a_compression_bomb_before_it_grows)
{
    enum { SIZE = 16 << 20 };

    start();
    uint8_t *zeros = VCH_ARENA_NEW(&arena, uint8_t, SIZE);
    compress(SIZE, zeros, 1);
    honest.manifest = zeros;
    honest.manifest_size = SIZE;
    size_t size = 0;
    uint8_t *file = forge(&size, &honest, &arena);
    struct vch_arena narrow;
    vch_arena_init(&narrow, 1 << 20);
    CHECK_FAILS(vch_package_decode(&package, file, size, &narrow, NULL, &complaint), LIMIT);
    CHECK_EQ(narrow.used, 0);
    check_complaint("grows");
}

TEST(package_refuses_a_manifest_that_says_it_is_smaller_than_it_grows)
{
    start();
    uint8_t *zeros = VCH_ARENA_NEW(&arena, uint8_t, 1 << 20);
    compress(1 << 20, zeros, 1);
    honest.manifest = zeros;
    honest.manifest_size = 1 << 12;
    CHECK_FAILS(decode(), MALFORMED);
    check_complaint("one zstd frame");
}

TEST(package_accepts_only_one_whole_frame)
{
    start();
    compress(honest.manifest_size, honest.manifest, 1);
    CHECK(honest.stored_size < honest.manifest_size);
    CHECK_OK(decode());

    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i'};
    uint8_t *stored = VCH_ARENA_NEW(&arena, uint8_t, honest.stored_size + sizeof skippable);
    memcpy(stored, honest.stored, honest.stored_size);
    memcpy(stored + honest.stored_size, skippable, sizeof skippable);
    honest.stored = stored;
    honest.stored_size += sizeof skippable;
    CHECK_FAILS(decode(), MALFORMED);
    honest.stored_size -= sizeof skippable + 1;
    CHECK_FAILS(decode(), MALFORMED);

    compress(honest.manifest_size, honest.manifest, 0); // a frame that hides its size
    CHECK_FAILS(decode(), MALFORMED);
}

TEST(package_refuses_the_signature_of_somebody_else)
{
    struct vch_secret_key other;
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {7};

    start();
    vch_sign_key(&other, seed);
    other.public_key = sample.owner.public_key;
    honest.owner = &other;
    CHECK_FAILS(decode(), BAD_PROOF);
    check_complaint("signature");
}

TEST(package_refuses_to_merge_another_model)
{
    struct vch_package mine;

    start();
    HOLD(0, 1);
    CHECK_OK(decode());
    mine = package;
    sample.last_weights[0]--;
    compute_roots();
    make_manifest();
    HOLD(2);
    CHECK_OK(decode());
    CHECK_FAILS(vch_package_merge(&mine, &package, &arena, &complaint), BAD_PROOF);
    check_complaint("different models");
    CHECK_EQ(vch_package_held_count(&mine), 2);
}

// Operator `index` becomes a layer of these weights and this bias.
static void make_layer(uint32_t index, uint32_t weights, uint32_t bias, uint64_t bias_bound)
{
    sample_linear(&sample, index, weights);
    sample.operators[index].table = VCH_NONE;
    sample.operators[index].parameter_count = 2;
    sample.operators[index].parameters[1] = bias;
    sample.operators[index].bias_bound = bias_bound;
}

// Operator 2 shares the weights of operator 0 and the bias of operator 1, for which it promises
// less than is true. Neither part can tell; both together must.
TEST(package_merge_checks_what_only_both_parts_show)
{
    static const int64_t bias[3] = {100, 0, -100};
    struct vch_package mine;

    start();
    sample.graph.table_count = 0;
    sample.graph.parameter_count = 4;
    sample.parameters[3] = (struct vch_parameter){VCH_TYPE_I64, {1, {3}}, {{0}}, bias};
    for (uint64_t promise = 64; promise <= 128; promise *= 2) {
        make_layer(1, 2, 3, 1024);
        make_layer(2, 0, 3, promise);
        sample_bounds(&sample);
        compute_roots();
        make_manifest();
        HOLD(0, 1);
        CHECK_OK(decode());
        mine = package;
        HOLD(2, 3);
        CHECK_OK(decode());
        vch_status status = vch_package_merge(&mine, &package, &arena, &complaint);
        CHECK_EQ(status.code, promise < 100 ? VCH_CODE_MALFORMED : VCH_CODE_NONE);
        CHECK_EQ(vch_package_held_count(&mine), promise < 100 ? 2 : 4);
        CHECK(vch_is_zero(&mine.salts[2], sizeof mine.salts[2]) == (promise < 100));
    }
}

// What was found sound once is not looked at again; that must not hide a smaller promise.
TEST(package_checks_a_shared_bias_against_every_promise)
{
    for (uint32_t liar = 0; liar <= 2; liar += 2) {
        start();
        make_layer(0, 0, 1, liar == 0 ? 64 : 1024);
        make_layer(2, 2, 1, liar == 2 ? 64 : 1024);
        sample_bounds(&sample);
        make_manifest();
        CHECK_FAILS(decode(), MALFORMED);
        check_complaint(sample.operators[liar].name);
    }
}

TEST(package_refuses_a_gap_before_the_data)
{
    start();
    size_t size = 0;
    uint8_t *file = forge(&size, &honest, &arena);
    struct vch_package_format format;

    CHECK_OK(vch_package_format_read(&format, file, size, &complaint));
    size_t end = vch_package_format_owner_offset(&format) + VCH_PACKAGE_FORMAT_OWNER_SIZE;
    CHECK(end < vch_package_format_data_offset(&format));
    file[end] = 1;
    vch_package_format_write(file, &format); // with the right digest
    CHECK_FAILS(vch_package_decode(&package, file, size, &arena, NULL, &complaint), MALFORMED);
    check_complaint("before the data");
}

TEST(package_refuses_sections_larger_than_the_file)
{
    static const size_t offsets[] = {12, 16, 20, 24};

    start();
    size_t size = 0;
    uint8_t *file = forge(&size, &honest, &arena);
    FOR_EACH(offset, offsets)
    {
        static const uint32_t sizes[] = {0, 1, 1u << 20, 1u << 28, UINT32_MAX - 63, UINT32_MAX};
        FOR_EACH(lie, sizes)
        {
            uint32_t honest_size = vch_get_u32le(file + *offset);
            vch_put_u32le(file + *offset, *lie);
            CHECK(!vch_is_ok(vch_package_decode(&package, file, size, &arena, NULL, &complaint)));
            vch_put_u32le(file + *offset, honest_size);
        }
    }
    CHECK_OK(vch_package_decode(&package, file, size, &arena, NULL, &complaint));
}
