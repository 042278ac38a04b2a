#include "cli/statement.h"

#include <string.h>

#include "host/file.h"

vch_status vch_statement_facts(struct vch_facts *out, struct vch_complaint *complaint)
{
    struct vch_file_map image;

    *out = (struct vch_facts){0};
    VCH_TRY(vch_file_map(&image, "/proc/self/exe", complaint));
    out->build = vch_hash_bytes(image.bytes, image.size);
    vch_file_unmap(&image);
    return VCH_OK;
}

struct vch_digest vch_statement_key(const struct vch_public_key *identity)
{
    // RFC 8410, section 4: what goes before the 32 bytes of an Ed25519 key.
    uint8_t der[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

    memcpy(der + 12, identity->bytes, 32);
    return vch_hash_bytes(der, sizeof der);
}
