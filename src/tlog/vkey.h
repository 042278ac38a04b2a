// Verifier keys (C2SP signed-note): who may sign notes, as one line of text.
//
//     <name>+<key id: 8 hexadecimal digits>+base64(<signature type> || <32-byte Ed25519 key>)
//
// The key id is the start of SHA-256(name || "\n" || type || key). It tells signature lines apart
// and is no more than that: what counts is the key.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"

#define VCH_VKEY_NAME_MAX 255u
#define VCH_VKEY_TEXT_MAX 309u // check: 255 + 1 + 8 + 1 + 44

enum vch_vkey_type {
    VCH_VKEY_ED25519 = 0x01,     // signs a note's text: logs
    VCH_VKEY_COSIGNATURE = 0x04, // signs a time and a checkpoint (tlog/cosignature.h): witnesses
};

struct vch_vkey {
    char name[VCH_VKEY_NAME_MAX + 1];
    enum vch_vkey_type type;
    struct vch_public_key key;
};

// 1 to VCH_VKEY_NAME_MAX bytes of printable ASCII without space and '+'. (C2SP allows more of
// Unicode. We do not: names are shown to people, and compared.)
bool vch_vkey_is_name(const char *name, size_t size);

// USAGE with a complaint when `name` is none.
vch_status vch_vkey_init(struct vch_vkey *out, const char *name, enum vch_vkey_type type,
                         const struct vch_public_key *key, struct vch_complaint *complaint);
uint32_t vch_vkey_id(const struct vch_vkey *vkey);

// Writes the text and a NUL; returns the characters.
size_t vch_vkey_encode(char out[static VCH_VKEY_TEXT_MAX + 1], const struct vch_vkey *vkey);

// The canonical text only: MALFORMED, or UNSUPPORTED for another signature type; `text` has no
// newline.
vch_status vch_vkey_decode(struct vch_vkey *out, const char *text, size_t size,
                           struct vch_complaint *complaint);
