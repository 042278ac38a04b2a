// Arrays that NumPy wrote, and everything that a hostile file could be instead.
#include "import/npy.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"
#include "import/zip.h"

static const char f4[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   "
    "                                                       \x0a\x00\x00\x80\x3f\x00\x00 "
    "\xc0\x00\x00@@\xcd\xcc\xcc=\xca\xf2Iq\x00\x00\x00\x80";

static const char f4_fortran[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 4), } "
    "                                                       \x0a\x00\x00\x00\x00\x00\x00@"
    "A\x00\x00\x80@\x00\x00\x80"
    "A\x00\x00\x00"
    "A\x00\x00\xa0"
    "A\x00\x00\x80\x3f\x00\x00P"
    "A\x00\x00\xa0@\x00\x00\x88"
    "A\x00\x00\x10"
    "A\x00\x00\xa8"
    "A\x00\x00\x00@\x00\x00`A"
    "\x00\x00\xc0@\x00\x00\x90"
    "A\x00\x00 A\x00\x00\xb0"
    "A\x00\x00@@\x00\x00pA\x00\x00"
    "\xe0@\x00\x00\x98"
    "A\x00\x00"
    "0A\x00\x00\xb8"
    "A";

static const char f8_big[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '>f8', 'fortran_order': False, 'shape': (4,), }     "
    "                                                       \x0a\x3f\xf0\x00\x00\x00\x00"
    "\x00\x00\xc0\x04\x00\x00\x00\x00\x00\x00\x3f\xb9\x99\x99\x99\x99\x99\x9a\x3fPbM\xd2"
    "\xf1\xa9\xfc";

static const char f2[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '<f2', 'fortran_order': False, 'shape': (8,), }     "
    "                                                       \x0a\x00<\x00\xc1"
    "f.\xff{"
    "\x01\x00\x00\x80\x00|\x00~";

static const char i2_big[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '>i2', 'fortran_order': False, 'shape': (2, 2), }   "
    "                                                       \x0a\x00\x01\xff\xfe\x01,\x80"
    "\x00";

static const char version2[] =
    "\x93NUMPY\x02\x00t\x00\x00\x00{'descr': '<i8', 'fortran_order': False, 'shape': (3,)"
    ", }                                                          \x0a\xff\xff\xff\xff"
    "\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00";

static const char scalar[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (), }       "
    "                                                       \x0a\x07";

static const char b1[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }     "
    "                                                       \x0a\x01\x00\x01";

static const char u8[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '<u8', 'fortran_order': False, 'shape': (3,), }     "
    "                                                       \x0a\xff\xff\xff\xff\xff\xff"
    "\xff\xff\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

static const char archive[] =
    "PK\x03\x04-\x00\x00\x00\x00\x00\x00\x00!\x00O\xe9\x00*\xff\xff\xff\xff\xff\xff\xff"
    "\xff\x05\x00\x14\x00x.npy\x01\x00\x10\x00\x98\x00\x00\x00\x00\x00\x00\x00\x98\x00"
    "\x00\x00\x00\x00\x00\x00\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': Fals"
    "e, 'shape': (2, 3), }                                                          \x0a"
    "\x00\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@PK"
    "\x01\x02-\x03-\x00\x00\x00\x00\x00\x00\x00!\x00O\xe9\x00*\x98\x00\x00\x00\x98\x00"
    "\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00x.np"
    "yPK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"
    "3\x00\x00\x00\xcf\x00\x00\x00\x00\x00";

static const char archive_deflated[] =
    "PK\x03\x04-\x00\x00\x00\x08\x00\x00\x00!\x00\xd1"
    "ce\x03\xff\xff\xff\xff\xff\xff\xff"
    "\xff\x05\x00\x14\x00x.npy\x01\x00\x10\x00\x80\x02\x00\x00\x00\x00\x00\x00L\x00\x00"
    "\x00\x00\x00\x00\x00\x9b\xec\x17\xea\x1b\x10\xc9\xc8P\xc6P\xad\x9e\x92Z\x9c\x5c\xa4n"
    "\xa5\xa0n\x93"
    "f\xa2\xae\xa3\xa0\x9e\x96_TR\x94\x98\x17\x9f_\x94\x92\x0a\x12wK\xcc)N"
    "\x05\x8a\x17g$\x16\xa4\x02\xf9\x1a\x16:\x0a\x86"
    "f\x9a:\x0a\xb5\x0a\xe4\x02.\x86Q0"
    "\xa2\x01\x00PK\x03\x04-\x00\x00\x00\x08\x00\x00\x00!\x00"
    "5\xfc"
    "ec\xff\xff\xff\xff"
    "\xff\xff\xff\xff\x05\x00\x14\x00y.npy\x01\x00\x10\x00\x94\x00\x00\x00\x00\x00\x00"
    "\x00Q\x00\x00\x00\x00\x00\x00\x00\x9b\xec\x17\xea\x1b\x10\xc9\xc8P\xc6P\xad\x9e\x92Z"
    "\x9c\x5c\xa4n\xa5\xa0n\x93i\xa2\xae\xa3\xa0\x9e\x96_TR\x94\x98\x17\x9f_\x94\x92\x0a"
    "\x12wK\xcc)N\x05\x8a\x17g$\x16\xa4\x02\xf9\x1a\xa6:\x9a:\x0a\xb5\x0a\x14\x00.\x06 `"
    "\x04"
    "b& f\x06"
    "b\x16 \x06\x00PK\x01\x02-\x03-\x00\x00\x00\x08\x00\x00\x00!\x00\xd1"
    "ce\x03L\x00\x00\x00\x80\x02\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x80\x01\x00\x00\x00\x00x.npyPK\x01\x02-\x03-\x00\x00\x00\x08\x00\x00\x00!\x00"
    "5"
    "\xfc"
    "ecQ\x00\x00\x00\x94\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x80\x01\x83\x00\x00\x00y.npyPK\x05\x06\x00\x00\x00\x00\x02\x00\x02\x00"
    "f\x00"
    "\x00\x00\x0b\x01\x00\x00\x00\x00";

struct vector {
    const char *bytes;
    size_t size;
};

#define VECTOR(name) ((struct vector){name, sizeof(name) - 1})

static struct vch_arena arena;

static struct vch_arena *fresh(size_t limit)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, limit);
    return &arena;
}

static struct vch_npy decode(struct vector vector)
{
    struct vch_npy array = {0};
    CHECK_OK(
        vch_npy_decode(&array, (const uint8_t *)vector.bytes, vector.size, fresh(1 << 20), NULL));
    return array;
}

static uint32_t bits_of(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void check_values(const struct vch_npy *array, const float *values, size_t count)
{
    CHECK_EQ(array->count, count);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(bits_of(array->values[i]), bits_of(values[i]));
}

#define CHECK_VALUES(array, ...) \
    do { \
        const float values_[] = {__VA_ARGS__}; \
        check_values(array, values_, sizeof values_ / sizeof *values_); \
    } while (0)

TEST(npy_reads_every_number_type_of_either_byte_order)
{
    struct vch_npy array = decode(VECTOR(f4));
    CHECK_EQ(array.rank, 2);
    CHECK_EQ(array.dims[0], 2);
    CHECK_EQ(array.dims[1], 3);
    CHECK_VALUES(&array, 1, -2.5f, 3, 0.1f, 1e30f, -0.0f);
    array = decode(VECTOR(f8_big));
    CHECK_VALUES(&array, 1, -2.5f, 0.1f, 1e-3f);
    array = decode(VECTOR(i2_big));
    CHECK_VALUES(&array, 1, -2, 300, -32768);
    array = decode(VECTOR(version2));
    CHECK_VALUES(&array, -1, 0, 1);
    array = decode(VECTOR(b1));
    CHECK_VALUES(&array, 1, 0, 1);
    array = decode(VECTOR(u8));
    CHECK_VALUES(&array, 0x1p64f, 0x1p24f, 0); // 2**24 + 1 is a tie and goes to even
    array = decode(VECTOR(scalar));
    CHECK_EQ(array.rank, 0);
    CHECK_VALUES(&array, 7);
}

TEST(npy_reads_half_precision_with_subnormals_infinities_and_nan)
{
    struct vch_npy array = decode(VECTOR(f2));
    CHECK_EQ(array.count, 8);
    static const float want[7] = {1, -2.5f, 0x1.998p-4f, 65504, 0x1p-24f, -0.0f, INFINITY};
    for (size_t i = 0; i < 7; i++)
        CHECK_EQ(bits_of(array.values[i]), bits_of(want[i]));
    CHECK(isnan(array.values[7]));
}

TEST(npy_turns_fortran_order_into_rows)
{
    struct vch_npy array = decode(VECTOR(f4_fortran));
    CHECK_EQ(array.rank, 3);
    CHECK_EQ(array.count, 24);
    for (size_t i = 0; i < 24; i++)
        CHECK(array.values[i] == (float)i);
}

TEST(npy_refuses_every_truncation_and_every_extension)
{
    struct vector all[] = {VECTOR(f4), VECTOR(f4_fortran), VECTOR(f2), VECTOR(version2),
                           VECTOR(b1)};
    static uint8_t longer[sizeof f4_fortran + 1];

    FOR_EACH(vector, all)
    {
        for (size_t size = 0; size < vector->size; size++) {
            struct vch_npy array = {.count = 77};
            struct vch_complaint complaint = {0};
            CHECK_FAILS(vch_npy_decode(&array, (const uint8_t *)vector->bytes, size, fresh(1 << 20),
                                       &complaint),
                        TRUNCATED);
            CHECK(complaint.text[0] != '\0');
            CHECK_EQ(array.count, 77);
        }
        struct vch_npy array;
        memcpy(longer, vector->bytes, vector->size);
        CHECK_FAILS(vch_npy_decode(&array, longer, vector->size + 1, fresh(1 << 20), NULL),
                    MALFORMED);
    }
}

TEST(npy_refuses_hostile_headers)
{
    static const struct {
        const char *dictionary;
        enum vch_code code;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", VCH_CODE_NONE},
        {"{\"shape\":(2L,),\"fortran_order\":True,\"descr\":\"<f4\"}", VCH_CODE_NONE},
        {"{'descr': '|O8', 'fortran_order': False, 'shape': (1,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': '|f4', 'fortran_order': False, 'shape': (2,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': 'f4', 'fortran_order': False, 'shape': (2,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': '', 'fortran_order': False, 'shape': (2,), }", VCH_CODE_UNSUPPORTED},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
         VCH_CODE_UNSUPPORTED},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 2), }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,,), }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [2], }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False }", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
         VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'extra': 1}", VCH_CODE_MALFORMED},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", VCH_CODE_MALFORMED},
        {"{'descr' '<f4', 'fortran_order': False, 'shape': (2,)}", VCH_CODE_MALFORMED},
        {"{'descr: <f4, ", VCH_CODE_MALFORMED},
        {"", VCH_CODE_MALFORMED},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1073741825,), }", VCH_CODE_LIMIT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
         VCH_CODE_LIMIT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536, 65536, 65536), }",
         VCH_CODE_LIMIT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2), }",
         VCH_CODE_LIMIT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }", VCH_CODE_TRUNCATED},
    };

    FOR_EACH(c, cases)
    {
        uint8_t bytes[300] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
        size_t size = strlen(c->dictionary);
        struct vch_npy array;
        struct vch_complaint complaint = {0};
        bytes[8] = (uint8_t)size;
        memcpy(bytes + 10, c->dictionary, size);
        CHECK_EQ(vch_npy_decode(&array, bytes, 10 + size + 8, fresh(1 << 20), &complaint).code,
                 c->code);
        CHECK((complaint.text[0] == '\0') == (c->code == VCH_CODE_NONE));
    }
}

TEST(npy_refuses_other_files_and_versions_with_advice)
{
    struct vch_npy array;
    struct vch_complaint complaint = {0};
    uint8_t bytes[sizeof f4];

    CHECK_FAILS(vch_npy_decode(&array, (const uint8_t *)archive, sizeof archive - 1, fresh(1 << 20),
                               &complaint),
                MALFORMED);
    CHECK(strstr(complaint.text, "npz") != NULL);
    memcpy(bytes, f4, sizeof bytes);
    bytes[6] = 4;
    CHECK_FAILS(vch_npy_decode(&array, bytes, sizeof f4 - 1, fresh(1 << 20), NULL), UNSUPPORTED);
    memcpy(bytes, version2, 12);
    memset(bytes + 8, 0xff, 4);
    CHECK_FAILS(vch_npy_decode(&array, bytes, sizeof f4 - 1, fresh(1 << 20), NULL), LIMIT);
}

TEST(npy_refuses_a_float64_beyond_float32_and_names_it)
{
    uint8_t bytes[sizeof f8_big];
    struct vch_npy array;
    struct vch_complaint complaint = {0};

    memcpy(bytes, f8_big, sizeof bytes);
    memcpy(bytes + sizeof f8_big - 1 - 16, "\x7e\x37", 2); // 1e300 and a bit, at element 2
    CHECK_FAILS(vch_npy_decode(&array, bytes, sizeof f8_big - 1, fresh(1 << 20), &complaint),
                MALFORMED);
    CHECK(strstr(complaint.text, "element 2") != NULL);
    memcpy(bytes + sizeof f8_big - 1 - 16, "\x7f\xf0\0\0\0\0\0\0", 8); // infinity stays infinity
    CHECK_OK(vch_npy_decode(&array, bytes, sizeof f8_big - 1, fresh(1 << 20), NULL));
    CHECK(isinf(array.values[2]));
}

TEST(npy_stays_within_the_arena)
{
    struct vch_npy array;
    CHECK_FAILS(vch_npy_decode(&array, (const uint8_t *)f4, sizeof f4 - 1, fresh(16), NULL),
                NO_MEMORY);
}

TEST(npy_writes_what_it_reads_and_what_numpy_writes)
{
    struct vch_npy array = decode(VECTOR(f4)), again;
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_npy_encode(&bytes, &size, array.values, array.dims, array.rank, &arena));
    CHECK_EQ(size, sizeof f4 - 1);
    CHECK(memcmp(bytes, f4, size) == 0);
    for (uint32_t rank = 0; rank <= VCH_NPY_RANK_MAX; rank++) {
        float values[256];
        uint64_t dims[VCH_NPY_RANK_MAX] = {2, 1, 2, 2, 2, 2, 2, 2};
        for (size_t i = 0; i < 256; i++)
            values[i] = (float)i;
        CHECK_OK(vch_npy_encode(&bytes, &size, values, dims, rank, fresh(1 << 20)));
        CHECK_OK(vch_npy_decode(&again, bytes, size, &arena, NULL));
        CHECK_EQ(again.rank, rank);
        for (uint32_t i = 0; i < rank; i++)
            CHECK_EQ(again.dims[i], dims[i]);
        check_values(&again, values, again.count);
    }
    uint64_t huge[2] = {1 << 30, 1 << 30}, none[1] = {0};
    CHECK_FAILS(vch_npy_encode(&bytes, &size, array.values, huge, 2, &arena), LIMIT);
    CHECK_FAILS(vch_npy_encode(&bytes, &size, array.values, huge, 9, &arena), LIMIT);
    CHECK_FAILS(vch_npy_encode(&bytes, &size, array.values, none, 1, &arena), USAGE);
}

static vch_status decode_archive(struct vch_npy *array, const char *name, const void *bytes,
                                 size_t size, struct vch_complaint *complaint)
{
    return vch_npy_decode_archive(array, name, bytes, size, fresh(1 << 20), complaint);
}

TEST(npy_keeps_whole_numbers_that_float32_would_round)
{
    static const int64_t values[] = {16777217, -5, INT64_MIN, INT64_MAX, 0, 1};
    static const uint64_t dims[] = {2, 3};
    struct vch_npy array = {0};
    struct vch_arena *memory = fresh(1 << 20);
    uint8_t *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_npy_encode_integers(&bytes, &size, values, dims, 2, memory));
    CHECK_OK(vch_npy_decode(&array, bytes, size, memory, NULL));
    CHECK(array.rank == 2 && array.dims[1] == 3 && array.values[1] == -5);
    CHECK(array.integers != NULL && memcmp(array.integers, values, sizeof values) == 0);
    CHECK_OK(vch_npy_encode_integers(&bytes, &size, values + 4, dims, 1, memory));
    CHECK_OK(vch_npy_decode(&array, bytes, size, memory, NULL));
    CHECK(array.integers == NULL && array.values[1] == 1); // float32 says it all
}

TEST(npz_reads_what_it_writes)
{
    static const uint8_t bytes[] = {1, 2, 3};
    const struct vch_zip_source sources[] = {{"a.npy", bytes, 3}, {"b", bytes, 0}};
    struct vch_arena *memory = fresh(1 << 20);
    uint8_t *out = NULL;
    size_t size = 0;

    CHECK_OK(vch_zip_write(&out, &size, sources, 2, memory));
    struct vch_zip zip = {0};
    CHECK_OK(vch_zip_open(&zip, out, size, NULL));
    CHECK_EQ(zip.member_count, 2);
    FOR_EACH(source, sources)
    {
        struct vch_zip_member member = {0};
        const uint8_t *found = NULL;
        CHECK_OK(vch_zip_find(&member, &zip, source->name, ".npy", NULL));
        CHECK_OK(vch_zip_read(&found, &zip, &member, memory, NULL));
        CHECK(member.size == source->size && memcmp(found, bytes, member.size) == 0);
    }
    CHECK_FAILS(vch_zip_write(&out, &size, sources, VCH_ZIP_MEMBERS_WRITTEN_MAX + 1, memory),
                LIMIT);
}

TEST(npz_gives_the_only_array_or_the_named_one)
{
    struct vch_npy array;
    struct vch_complaint complaint = {0};

    CHECK_OK(decode_archive(&array, NULL, archive, sizeof archive - 1, NULL));
    CHECK_EQ(array.dims[0], 2);
    CHECK_VALUES(&array, 0, 1, 2, 3, 4, 5);
    CHECK_OK(decode_archive(&array, "x", archive, sizeof archive - 1, NULL));
    CHECK_OK(decode_archive(&array, "y", archive_deflated, sizeof archive_deflated - 1, NULL));
    CHECK_VALUES(&array, 0, 1, 2, 3, 4);
    CHECK_OK(decode_archive(&array, "x.npy", archive_deflated, sizeof archive_deflated - 1, NULL));
    CHECK_EQ(array.count, 128);

    CHECK_FAILS(
        decode_archive(&array, NULL, archive_deflated, sizeof archive_deflated - 1, &complaint),
        USAGE);
    CHECK(strstr(complaint.text, "'x.npy', 'y.npy'") != NULL);
    complaint.text[0] = '\0';
    CHECK_FAILS(decode_archive(&array, "z", archive, sizeof archive - 1, &complaint), USAGE);
    CHECK(strstr(complaint.text, "'x.npy'") != NULL);
}

TEST(npz_refuses_every_truncation)
{
    for (size_t size = 0; size < sizeof archive_deflated - 1; size++) {
        struct vch_npy array;
        struct vch_complaint complaint = {0};
        uint8_t copy[sizeof archive_deflated];
        memcpy(copy, archive_deflated, size);
        CHECK(!vch_is_ok(decode_archive(&array, "x", copy, size, &complaint)));
        CHECK(complaint.text[0] != '\0');
    }
}

// A flipped bit may hit a time stamp, which nobody reads; it may never change a number.
TEST(npz_with_a_flipped_bit_is_refused_or_gives_the_same_numbers)
{
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * (sizeof archive_deflated - 1); bit++) {
        struct vch_npy array;
        uint8_t copy[sizeof archive_deflated];
        memcpy(copy, archive_deflated, sizeof copy);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (vch_is_ok(decode_archive(&array, "y", copy, sizeof copy - 1, NULL)))
            CHECK_VALUES(&array, 0, 1, 2, 3, 4);
        else
            refused++;
    }
    CHECK(refused > 1000);
}

// Finds the directory entry of member 0 in a copy of `archive_deflated`.
static uint8_t *directory_of(uint8_t *copy)
{
    for (size_t i = 0;; i++)
        if (memcmp(copy + i, "PK\1\2", 4) == 0) return copy + i;
}

TEST(npz_bombs_are_refused_before_memory_is_taken)
{
    static const uint32_t sizes[] = {0x7fffffff, 1u << 20, 0};
    uint8_t copy[sizeof archive_deflated];
    struct vch_npy array;

    FOR_EACH(size, sizes)
    {
        memcpy(copy, archive_deflated, sizeof copy);
        vch_put_u32le(directory_of(copy) + 24, *size);
        CHECK(!vch_is_ok(decode_archive(&array, "x", copy, sizeof copy - 1, NULL)));
        CHECK(arena.used <= 1 << 20);
    }
    memcpy(copy, archive_deflated, sizeof copy);
    directory_of(copy)[10] = 12; // bzip2
    CHECK_FAILS(decode_archive(&array, "x", copy, sizeof copy - 1, NULL), UNSUPPORTED);
    memcpy(copy, archive_deflated, sizeof copy);
    directory_of(copy)[8] |= 1; // encrypted
    CHECK_FAILS(decode_archive(&array, "x", copy, sizeof copy - 1, NULL), UNSUPPORTED);
}
