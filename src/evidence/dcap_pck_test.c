#include "evidence/dcap_pck.h"

#include <string.h>

#include "harness/dcap.h"
#include "harness/test.h"

static struct vch_dcap_pck pck;

static vch_status decode(const uint8_t *bytes, size_t size)
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_dcap_pck_decode(&pck, bytes, size, &complaint);

    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    return status;
}

TEST(dcap_pck_is_read)
{
    uint8_t bytes[1024];

    CHECK_OK(decode(bytes, dcap_pck(bytes)));
    CHECK_HEX(pck.fmspc, 6, "f0f1f2f3f4f5");
    CHECK_HEX(pck.pce_id, 2, "0000");
    CHECK(pck.components[0] == 1 && pck.components[15] == 200 && pck.pce_svn == 11);
    CHECK(pck.type == VCH_DCAP_PCK_SCALABLE && pck.has_instance);
    CHECK(pck.ppid[15] == 0x99 && pck.instance[0] == 0x77 && pck.cpu_svn[0] == 0x55);
}

TEST(dcap_pck_is_refused_at_every_truncation_and_with_any_structure_changed)
{
    uint8_t bytes[1024], changed[1024];
    size_t size = dcap_pck(bytes);

    for (size_t i = 0; i < size; i++)
        CHECK_FAILS(decode(bytes, i), MALFORMED);
    CHECK_FAILS(decode(bytes, size + 1), MALFORMED);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        memcpy(changed, bytes, size);
        test_flip(changed, bit);
        if (!vch_is_ok(decode(changed, size))) continue;
        CHECK(pck.has_instance); // a value was changed, and no more
    }
}

TEST(dcap_pck_says_each_thing_once)
{
    uint8_t bytes[1024], *at = bytes + dcap_pck(bytes);
    size_t size = (size_t)(at - bytes);

    // The last field is the configuration; put the type there again.
    uint8_t *configuration = at - DCAP_PCK_CONFIGURATION_SIZE;
    CHECK(configuration[0] == 0x30);
    configuration[13] = 5;
    CHECK_FAILS(decode(bytes, size), MALFORMED);
    configuration[13] = 8; // a field that is not known
    CHECK_FAILS(decode(bytes, size), MALFORMED);
    configuration[13] = 7;
    CHECK_OK(decode(bytes, size));
}
