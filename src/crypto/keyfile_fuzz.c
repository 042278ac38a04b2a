// Key files from anywhere: opened with an empty passphrase, where the costs they ask for allow.
#include "base/bytes.h"
#include "base/check.h"
#include "crypto/keyfile.h"

static void open_vrf(const uint8_t *data, size_t size)
{
    struct vch_vrf_public public_key = {0};
    struct vch_vrf_secret key;
    vch_status shown = vch_keyfile_public_vrf(&public_key, data, size, NULL);

    VCH_ASSERT(!vch_is_ok(shown) || vch_keyfile_is_vrf(data, size));
    bool is_costly =
        vch_is_ok(shown) && (vch_get_u32le(data + 12) > 4 || vch_get_u64le(data + 16) > 65536);
    if (is_costly || !vch_is_ok(vch_keyfile_decode_vrf(&key, data, size, "", NULL))) return;
    VCH_ASSERT(vch_is_equal(&key.public_key, &public_key, sizeof public_key));
}

static void open_data(const uint8_t *data, size_t size)
{
    uint8_t key[VCH_KEYFILE_DATA_SIZE];

    if (size != VCH_KEYFILE_SIZE || vch_get_u32le(data + 12) > 4 ||
        vch_get_u64le(data + 16) > 65536)
        return;
    if (!vch_is_ok(vch_keyfile_decode_data(key, data, size, "", NULL))) return;
    const struct vch_digest check = vch_keyfile_data_check(key);
    struct vch_digest shown;
    VCH_ASSERT(vch_is_ok(vch_keyfile_public_data(&shown, data, size, NULL)));
    VCH_ASSERT(vch_is_equal(shown.bytes, check.bytes, sizeof check.bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_public_key public_key = {0};
    struct vch_secret_key key;
    struct vch_complaint complaint = {0};

    open_vrf(data, size);
    open_data(data, size);
    vch_status shown = vch_keyfile_public(&public_key, data, size, &complaint);
    VCH_ASSERT(!vch_is_ok(shown) || !vch_keyfile_is_vrf(data, size));
    VCH_ASSERT(vch_is_ok(shown) == (complaint.text[0] == '\0'));
    // Costs within the limits are paid in full; the fuzzer spends its time elsewhere.
    bool is_costly =
        vch_is_ok(shown) && (vch_get_u32le(data + 12) > 4 || vch_get_u64le(data + 16) > 65536);
    if (is_costly) return 0;
    vch_status opened = vch_keyfile_decode(&key, data, size, "", NULL);
    if (!vch_is_ok(opened)) return 0;
    VCH_ASSERT(vch_is_ok(shown));
    VCH_ASSERT(vch_is_equal(&key.public_key, &public_key, sizeof public_key));
    return 0;
}
