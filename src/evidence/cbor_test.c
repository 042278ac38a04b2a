// CBOR: the examples of its RFC, and everything that has a shorter, ordered or definite form.
#include "evidence/cbor.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static vch_status check_hex(const char *hex)
{
    uint8_t bytes[64];
    size_t size = strlen(hex) / 2;

    CHECK(size <= sizeof bytes);
    CHECK_OK(vch_hex_decode(bytes, size, hex));
    return vch_cbor_check(bytes, size, NULL);
}

// RFC 8949, appendix A, without floats and what is indefinite.
TEST(cbor_takes_the_examples_of_the_rfc)
{
    static const char *const rows[] = {
        "00",
        "01",
        "0a",
        "17",
        "1818",
        "1819",
        "1864",
        "1903e8",
        "1a000f4240",
        "1b000000e8d4a51000",
        "1bffffffffffffffff",
        "20",
        "29",
        "3863",
        "3903e7",
        "3bffffffffffffffff",
        "f4",
        "f5",
        "f6",
        "40",
        "4401020304",
        "60",
        "6161",
        "6449455446",
        "62225c",
        "62c3bc",
        "63e6b0b4",
        "64f0908591",
        "80",
        "83010203",
        "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "826161a161626163",
        "a56161614161626142616361436164614461656145",
        "c11a514b67b0",
        "d74401020304",
        "d818456449455446",
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
    };

    FOR_EACH(row, rows)
    CHECK_OK(check_hex(*row));
}

TEST(cbor_refuses_what_is_not_in_its_one_form)
{
    static const struct {
        const char *hex;
        enum vch_code code;
    } rows[] = {
        {"", VCH_CODE_TRUNCATED},
        {"1817", VCH_CODE_MALFORMED},       // 23 in two bytes
        {"1900ff", VCH_CODE_MALFORMED},     // 255 in three
        {"1a0000ffff", VCH_CODE_MALFORMED}, // 65535 in five
        {"1b00000000ffffffff", VCH_CODE_MALFORMED},
        {"3817", VCH_CODE_MALFORMED},
        {"580141", VCH_CODE_MALFORMED}, // a length in two bytes
        {"981700", VCH_CODE_MALFORMED},
        {"5f42010243030405ff", VCH_CODE_MALFORMED}, // indefinite
        {"9fff", VCH_CODE_MALFORMED},
        {"bfff", VCH_CODE_MALFORMED},
        {"1c", VCH_CODE_MALFORMED}, // reserved
        {"ff", VCH_CODE_MALFORMED},
        {"f90000", VCH_CODE_UNSUPPORTED}, // floats
        {"fa47c35000", VCH_CODE_UNSUPPORTED},
        {"fb3ff199999999999a", VCH_CODE_UNSUPPORTED},
        {"f7", VCH_CODE_UNSUPPORTED}, // undefined
        {"f0", VCH_CODE_UNSUPPORTED},
        {"f818", VCH_CODE_UNSUPPORTED},
        {"a203040102", VCH_CODE_MALFORMED}, // keys descend
        {"a201020103", VCH_CODE_MALFORMED}, // a key twice
        {"a2616200616100", VCH_CODE_MALFORMED},
        {"a262616100616100", VCH_CODE_MALFORMED}, // longer before shorter
        {"a1800000", VCH_CODE_UNSUPPORTED},       // an array as key
        {"a1f500", VCH_CODE_UNSUPPORTED},
        {"61ff", VCH_CODE_MALFORMED},       // not UTF-8
        {"62c080", VCH_CODE_MALFORMED},     // an overlong zero
        {"63eda080", VCH_CODE_MALFORMED},   // a surrogate
        {"64f4908080", VCH_CODE_MALFORMED}, // above U+10FFFF
        {"61c3", VCH_CODE_MALFORMED},
        {"0000", VCH_CODE_MALFORMED}, // something follows
        {"8100f6", VCH_CODE_MALFORMED},
        {"8181818100", VCH_CODE_NONE},
        {"818181818100", VCH_CODE_LIMIT}, // five deep
        {"c1c1c1c1c100", VCH_CODE_LIMIT},
        {"8181818180", VCH_CODE_LIMIT},
    };

    FOR_EACH(row, rows)
    CHECK_CODE(check_hex(row->hex), row->code);
}

// Lengths and counts of up to 2**64 - 1 cost nothing.
TEST(cbor_refuses_bombs_at_once)
{
    static const char *const rows[] = {
        "9bffffffffffffffff00",
        "bbffffffffffffffff0000",
        "5bffffffffffffffff00",
        "7bffffffffffffffff00",
        "9a7fffffff00",
        "bb80000000000000010000",
        "a2010203",
    };
    uint8_t deep[64];

    FOR_EACH(row, rows)
    CHECK_FAILS(check_hex(*row), TRUNCATED);
    memset(deep, 0x81, sizeof deep);
    CHECK_FAILS(vch_cbor_check(deep, sizeof deep, NULL), LIMIT);
}

// {1: 2^32, "ab": [h'0102', true, "é"]}
static size_t write_example(uint8_t *out, size_t room)
{
    struct vch_cbor_writer writer = {out, room, 0};
    size_t size = 0;

    vch_cbor_write_map(&writer, 2);
    vch_cbor_write_uint(&writer, 1);
    vch_cbor_write_uint(&writer, UINT64_C(1) << 32);
    vch_cbor_write_text(&writer, "ab", 2);
    vch_cbor_write_array(&writer, 3);
    vch_cbor_write_bytes(&writer, "\1\2", 2);
    vch_cbor_write_bool(&writer, true);
    vch_cbor_write_text(&writer, "\xc3\xa9", 2);
    vch_status status = vch_cbor_write_end(&writer, &size);
    CHECK_EQ(vch_is_ok(status), room >= 22);
    return size;
}

TEST(cbor_reads_what_it_wrote)
{
    uint8_t bytes[64];
    const uint8_t *string = NULL;
    const char *text = NULL;
    size_t size = write_example(bytes, sizeof bytes), count = 0, length = 0;
    uint64_t number = 0;
    bool flag = false;

    CHECK_HEX(bytes, size,
              "a2011b0000000100000000626162834201"
              "02f562c3a9");
    CHECK_OK(vch_cbor_check(bytes, size, NULL));
    struct vch_cbor_reader reader = {bytes, size, 0};
    CHECK_EQ(vch_cbor_type(&reader), VCH_CBOR_MAP);
    CHECK_FAILS(vch_cbor_read_array(&reader, &count), MALFORMED); // and it stays
    CHECK_OK(vch_cbor_read_map(&reader, &count));
    CHECK_EQ(count, 2);
    CHECK_OK(vch_cbor_read_uint(&reader, &number));
    CHECK_FAILS(vch_cbor_read_text(&reader, &text, &length), MALFORMED);
    CHECK_OK(vch_cbor_read_uint(&reader, &number));
    CHECK_EQ(number, 1ll << 32);
    CHECK_OK(vch_cbor_read_text(&reader, &text, &length));
    CHECK(length == 2 && memcmp(text, "ab", 2) == 0);
    CHECK_OK(vch_cbor_read_array(&reader, &count));
    CHECK_EQ(count, 3);
    CHECK_FAILS(vch_cbor_read_exactly(&reader, bytes + 40, 3), MALFORMED);
    CHECK_OK(vch_cbor_read_bytes(&reader, &string, &length));
    CHECK(length == 2 && string[1] == 2);
    CHECK_FAILS(vch_cbor_read_end(&reader), MALFORMED);
    CHECK_OK(vch_cbor_read_bool(&reader, &flag));
    CHECK(flag);
    CHECK_FAILS(vch_cbor_read_bool(&reader, &flag), MALFORMED);
    CHECK_OK(vch_cbor_read_text(&reader, &text, &length));
    CHECK_OK(vch_cbor_read_end(&reader));
    CHECK_EQ(vch_cbor_type(&reader), VCH_CBOR_END);
    CHECK_FAILS(vch_cbor_read_uint(&reader, &number), TRUNCATED);
}

TEST(cbor_writes_nothing_past_its_room_and_no_prefix_passes)
{
    uint8_t bytes[64];
    size_t size = write_example(bytes, sizeof bytes);

    for (size_t i = 0; i < size; i++)
        CHECK_FAILS(vch_cbor_check(bytes, i, NULL), TRUNCATED);
    for (size_t room = 0; room < 22; room++) {
        memset(bytes, 0xee, sizeof bytes);
        (void)write_example(bytes, room);
        for (size_t i = room; i < sizeof bytes; i++)
            CHECK_EQ(bytes[i], 0xee);
    }
}

TEST(cbor_writes_the_shortest_numbers)
{
    static const struct {
        uint64_t value;
        const char *hex;
    } rows[] = {
        {23, "17"},
        {24, "1818"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {UINT32_MAX, "1affffffff"},
        {UINT64_C(1) << 32, "1b0000000100000000"},
        {UINT64_MAX, "1bffffffffffffffff"},
    };
    uint8_t bytes[16];
    size_t size = 0;

    FOR_EACH(row, rows)
    {
        struct vch_cbor_writer writer = {bytes, sizeof bytes, 0};
        vch_cbor_write_uint(&writer, row->value);
        CHECK_OK(vch_cbor_write_end(&writer, &size));
        CHECK_HEX(bytes, size, row->hex);
        CHECK_OK(vch_cbor_check(bytes, size, NULL));
    }
}
