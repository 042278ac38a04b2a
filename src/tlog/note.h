// Signed notes (C2SP signed-note): a text, an empty line, and lines that sign the text.
//
//     <text, ending in a newline>
//     <newline>
//     — <name> base64(<key id, big-endian> || <signature>)        one or more
//
// A note that was decoded is well-formed, and nothing of it is true yet: only verify says who
// signed. Lines by keys that nobody asked about are ignored, as C2SP demands.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "tlog/vkey.h"

#define VCH_NOTE_SIZE_MAX 65536u
#define VCH_NOTE_SIGNATURES_MAX 64u
#define VCH_NOTE_BLOB_MAX 8192u // of a signature line's bytes: post-quantum ones take some 5,000

// A line that this module writes: "— ", name, " ", 104 characters, "\n".
#define VCH_NOTE_LINE_MAX 365u // check: 3 + 1 + 255 + 1 + 104 + 1

struct vch_note_signature {
    const char *name; // borrowed, like everything here
    size_t name_size;
    const char *base64; // canonical
    size_t base64_size;
    uint32_t key_id;
};

struct vch_note {
    const char *text; // with its last newline
    size_t text_size;
    uint32_t signature_count;
    struct vch_note_signature signatures[VCH_NOTE_SIGNATURES_MAX];
};

// MALFORMED or LIMIT. `out` borrows `bytes`.
vch_status vch_note_decode(struct vch_note *out, const char *bytes, size_t size,
                           struct vch_complaint *complaint);

// Whether a line names this key (name and key id), which says nothing about its signature.
bool vch_note_signature_is_of(const struct vch_note_signature *signature,
                              const struct vch_vkey *vkey);

// VCH_OK exactly when the key, of type VCH_VKEY_ED25519, signed the text: at least one line names
// it and every line that names it verifies. BAD_PROOF otherwise.
vch_status vch_note_verify(const struct vch_note *note, const struct vch_vkey *vkey);

// Writes the signature line of `name` over `text` and a NUL; returns the characters. The text is
// longer than a digest (crypto/sign.h says why).
size_t vch_note_sign(char out[static VCH_NOTE_LINE_MAX + 1], const char *name,
                     const struct vch_secret_key *key, const char *text, size_t text_size);

// Writes a line around bytes signed elsewhere (at most 72); returns the characters.
size_t vch_note_line(char out[static VCH_NOTE_LINE_MAX + 1], const struct vch_vkey *vkey,
                     const uint8_t *bytes, size_t size);
