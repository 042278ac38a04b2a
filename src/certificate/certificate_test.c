#include "certificate/certificate.h"

#include <string.h>

#include "harness/test.h"
#include "harness/vectors.h"

static struct vch_certificate_list list;
static uint8_t copy[VCH_CERTIFICATE_BYTES_MAX + 64];

static vch_status read_bytes(const uint8_t *bytes, size_t size)
{
    vch_certificate_release(&list);
    return vch_certificate_read(&list, bytes, size, NULL);
}

TEST(certificate_says_what_it_holds)
{
    struct vch_certificate_bytes value;
    uint8_t serial[VCH_CERTIFICATE_SERIAL_MAX], name[VCH_CERTIFICATE_NAME_MAX];
    char text[32], small[8];
    struct vch_spki key;
    int64_t start_s = 0, end_s = 0;
    size_t size = 0;
    const uint8_t *bytes = vectors_read("snp/milan-v2-vcek.der", &size);

    CHECK_OK(read_bytes(bytes, size));
    CHECK_OK(vch_certificate_extension(list.items[0], "1.3.6.1.4.1.3704.1.2", &value));
    CHECK_EQ(value.size, 10);
    CHECK(memcmp(value.bytes, "\x16\x08Milan-B0", 10) == 0);
    CHECK(!vch_certificate_has_extension(list.items[0], "1.3.6.1.4.1.3704.1.5"));
    CHECK_FAILS(vch_certificate_extension(list.items[0], "1.3.6.1.4.1.3704.1.5", &value),
                MALFORMED);
    CHECK_OK(vch_certificate_subject_name(list.items[0], text, sizeof text));
    CHECK(strcmp(text, "SEV-VCEK") == 0);
    CHECK_FAILS(vch_certificate_subject_name(list.items[0], small, sizeof small), MALFORMED);
    CHECK_OK(vch_certificate_issuer_name(list.items[0], text, sizeof text));
    CHECK(strcmp(text, "SEV-Milan") == 0);
    CHECK_OK(vch_certificate_issuer(list.items[0], name, &size));
    CHECK(size > 2 && name[0] == 0x30);
    CHECK_OK(vch_certificate_serial(list.items[0], serial, &size));
    CHECK_EQ(size, 0);
    CHECK_OK(vch_certificate_spki(list.items[0], &key));
    CHECK(key.kind == VCH_SPKI_P384);
    CHECK_OK(vch_certificate_dates(list.items[0], &start_s, &end_s));
    CHECK_EQ(start_s, 1663980928); // 2022-09-24 00:55:28
    CHECK_EQ(end_s - start_s, (7 * 365 + 2) * 86400);
    vch_certificate_release(&list);
}

TEST(certificate_cut_anywhere_is_none)
{
    size_t size = 0;
    const uint8_t *bytes = vectors_read("snp/milan-v2-vcek.der", &size);

    for (size_t cut = 0; cut < size; cut++)
        CHECK(!vch_is_ok(read_bytes(bytes, cut)));
    memcpy(copy, bytes, size);
    copy[size] = 0;
    CHECK_FAILS(read_bytes(copy, size + 1), MALFORMED);
}

TEST(certificate_in_pem_has_nothing_around_it)
{
    static const char *const bad_ends[] = {"x", "\n-----BEGIN", "\0\0", "# text\n"};
    static const size_t bad_sizes[] = {1, 11, 2, 7};
    size_t size = 0;
    const uint8_t *bytes = vectors_read("roots/amd_ask_ark_genoa.pem", &size);

    memcpy(copy, bytes, size);
    CHECK_OK(read_bytes(copy, size));
    CHECK_EQ(list.count, 2);
    copy[size] = '\0';
    CHECK_OK(read_bytes(copy, size + 1));
    memcpy(copy + size, "\n\r\n ", 4);
    CHECK_OK(read_bytes(copy, size + 4));
    for (int i = 0; i < 4; i++) {
        memcpy(copy + size, bad_ends[i], bad_sizes[i]);
        CHECK_FAILS(read_bytes(copy, size + bad_sizes[i]), MALFORMED);
    }
    for (size_t cut = 0; cut < size - 1; cut++) { // but behind one whole block, or the end
        bool is_whole = cut > 30 && memcmp(copy + cut - 5, "-----", 5) == 0 &&
                        memcmp(copy + cut - 25, "-----END CERTIFICATE-----", 25) == 0;
        is_whole = is_whole || (cut > 30 && copy[cut - 1] == '\n' &&
                                memcmp(copy + cut - 26, "-----END CERTIFICATE-----", 25) == 0);
        CHECK(vch_is_ok(read_bytes(copy, cut)) == is_whole);
    }
    vch_certificate_release(&list);
}

TEST(certificates_are_few_and_small)
{
    size_t size = 0;
    const uint8_t *bytes = vectors_read("snp/ms-genoa-vcek.pem", &size);

    vch_certificate_release(&list);
    for (int i = 0; i < VCH_CERTIFICATE_COUNT_MAX; i++)
        CHECK_OK(vch_certificate_read(&list, bytes, size, NULL));
    CHECK_FAILS(vch_certificate_read(&list, bytes, size, NULL), LIMIT);
    vch_certificate_release(&list);
    memset(copy, 0x30, sizeof copy);
    CHECK_FAILS(read_bytes(copy, VCH_CERTIFICATE_BYTES_MAX + 1), LIMIT);
    CHECK_FAILS(read_bytes(copy, VCH_CERTIFICATE_BYTES_MAX), MALFORMED);
    memset(copy, 'A', sizeof copy);
    CHECK_FAILS(read_bytes(copy, VCH_CERTIFICATE_BYTES_MAX), MALFORMED);
}
