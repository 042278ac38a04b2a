// Tables of certificates as hosts hand them out, and as they should not.
#include "collect/cert_table.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

static const uint8_t VCEK[16] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t VCEK_SWAPPED[16] = {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45,
                                         0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t VLEK[16] = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                                 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
static const uint8_t ASK[16] = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                                0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
static const uint8_t OTHER[16] = {1};

static uint8_t table[4096];
static size_t entries, size;
static struct vch_cert_table found;
static struct vch_complaint complaint;

static void start(void)
{
    memset(table, 0, sizeof table);
    entries = 0;
    size = (size_t)17 * 24;
    complaint.text[0] = '\0';
}

static void add(const uint8_t id[16], const char *text)
{
    uint8_t *entry = table + 24 * entries++;

    memcpy(entry, id, 16);
    vch_put_u32le(entry + 16, (uint32_t)size);
    vch_put_u32le(entry + 20, (uint32_t)strlen(text));
    memcpy(table + size, text, strlen(text));
    size += strlen(text);
}

static vch_status decode(void)
{
    return vch_cert_table_decode(&found, table, size, &complaint);
}

static bool is_text(const uint8_t *bytes, size_t bytes_size, const char *text)
{
    return bytes_size == strlen(text) && memcmp(bytes, text, bytes_size) == 0;
}

TEST(certificates_are_found_by_what_they_are_for)
{
    start();
    add(OTHER, "other");
    add(ASK, "issuer");
    add(VCEK, "chip");
    CHECK_OK(decode());
    CHECK(is_text(found.vek, found.vek_size, "chip"));
    CHECK(is_text(found.issuer, found.issuer_size, "issuer") && found.crl == NULL);
    start();
    add(VLEK, "loaned");
    CHECK_OK(decode());
    CHECK(is_text(found.vek, found.vek_size, "loaned") && found.issuer == NULL);
    add(VCEK_SWAPPED, "chip"); // the chip's own before one that is loaned
    CHECK_OK(decode());
    CHECK(is_text(found.vek, found.vek_size, "chip"));
}

TEST(host_that_hands_out_nothing_hands_out_no_certificates)
{
    start();
    CHECK_OK(vch_cert_table_decode(&found, table, 0, &complaint));
    CHECK_OK(vch_cert_table_decode(&found, table, 4096, &complaint));
    CHECK(found.vek == NULL && found.issuer == NULL && found.crl == NULL);
    add(VCEK, "");
    CHECK_OK(decode());
    CHECK(found.vek == NULL && found.vek_size == 0);
}

TEST(table_that_points_out_of_itself_is_malformed)
{
    const struct {
        uint32_t offset, length;
    } LIES[] = {{0, 4},
                {24, 4},
                {47, 4},
                {4096, 1},
                {0xffffffff, 1},
                {48, 0xffffffff},
                {0xfffffff0, 0x20},
                {17 * 24, 100000}};

    FOR_EACH(lie, LIES)
    {
        start();
        add(VCEK, "chip");
        vch_put_u32le(table + 16, lie->offset);
        vch_put_u32le(table + 20, lie->length);
        CHECK_FAILS(decode(), MALFORMED);
        CHECK(strstr(complaint.text, "not in it") != NULL);
    }
}

TEST(table_without_end_or_with_two_of_a_kind_is_refused)
{
    start();
    add(VCEK, "one");
    add(VCEK_SWAPPED, "two");
    CHECK_FAILS(decode(), MALFORMED);
    start();
    add(VCEK, "chip");
    for (size_t cut = 1; cut < 48; cut++)
        CHECK_FAILS(vch_cert_table_decode(&found, table, cut, NULL), MALFORMED);
    start();
    for (int i = 0; i < 17; i++)
        add(OTHER, "");
    size += 24;
    CHECK_FAILS(decode(), LIMIT);
    CHECK_FAILS(vch_cert_table_decode(&found, table, VCH_CERT_TABLE_SIZE_MAX + 1, NULL), LIMIT);
}
