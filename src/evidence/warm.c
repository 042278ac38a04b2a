#include "evidence/warm.h"

#include "certificate/spki.h"
#include "evidence/roots.h"

// Nobody's signature, in the shape of each kind: what comes of it is known.
static void try_key(const struct vch_spki *key)
{
    static const uint8_t one[48] = {[47] = 1}, zeroes[VCH_SPKI_SIZE_MAX], message[1];
    const size_t size = key->kind == VCH_SPKI_P256 ? 32 : 48;
    const struct vch_spki_ecdsa pair = {one + sizeof one - size, one + sizeof one - size, size,
                                        false};

    if (key->kind != VCH_SPKI_RSA) {
        (void)vch_is_ok(vch_spki_verify_ecdsa(key, &pair, message, sizeof message));
        return;
    }
    (void)vch_is_ok(vch_spki_verify_pss(key, zeroes, 512, message, sizeof message));
    (void)vch_is_ok(vch_spki_verify_pkcs1(key, zeroes, 512, message, sizeof message));
}

void vch_warm_up(void)
{
    for (unsigned i = 0; i < VCH_ROOTS_COUNT; i++) {
        const struct vch_certificate_bytes *root =
            &vch_roots_get((enum vch_roots_name)i)->certificate;
        struct vch_certificate_list list;
        struct vch_spki key;
        vch_certificate_init(&list);
        bool is_read = vch_is_ok(vch_certificate_read(&list, root->bytes, root->size, NULL));
        if (is_read && vch_is_ok(vch_certificate_spki(list.items[0], &key))) try_key(&key);
        vch_certificate_release(&list);
    }
}
