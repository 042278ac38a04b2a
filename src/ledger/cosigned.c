#include "ledger/cosigned.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "tlog/cosignature.h"
#include "tlog/note.h"

enum { BYTES_SIZE = 8 + VCH_SIGN_SIGNATURE_SIZE }; // of a line: time and signature

void vch_cosigned_init(struct vch_cosigned *out, const struct vch_charter *charter,
                       const struct vch_charter_notes *notes)
{
    *out = (struct vch_cosigned){.charter = charter, .notes = notes};
}

void vch_cosigned_begin(struct vch_cosigned *cosigned, uint64_t size, const struct vch_digest *root,
                        const struct vch_secret_key *clerk)
{
    struct vch_checkpoint *checkpoint = &cosigned->checkpoint;

    vch_cosigned_init(cosigned, cosigned->charter, cosigned->notes);
    checkpoint->size = size;
    checkpoint->root = *root;
    (void)snprintf(checkpoint->origin, sizeof checkpoint->origin, "%s", cosigned->charter->origin);
    cosigned->note_size = vch_checkpoint_sign(cosigned->note, checkpoint, clerk);
}

// The signature of the line that says this time.
static bool find_signature(struct vch_entry_cosignature *out, const struct vch_note *note,
                           const struct vch_vkey *vkey)
{
    uint8_t blob[4 + BYTES_SIZE]; // after the key's identifier

    for (uint32_t i = 0; i < note->signature_count; i++) {
        const struct vch_note_signature *line = &note->signatures[i];
        if (!vch_note_signature_is_of(line, vkey) ||
            !vch_is_ok(
                vch_base64_decode_exactly(blob, sizeof blob, line->base64, line->base64_size)) ||
            vch_get_u64be(blob + 4) != out->time_s)
            continue;
        memcpy(out->signature.bytes, blob + 12, VCH_SIGN_SIGNATURE_SIZE);
        return true;
    }
    return false;
}

// With another time no anchor would be taken.
static bool find_cosignature(struct vch_entry_cosignature *out, const struct vch_cosigned *cosigned,
                             const struct vch_note *note, uint64_t now_ms)
{
    const struct vch_vkey *vkey = &cosigned->notes->witnesses[out->witness];

    return vch_is_ok(vch_cosignature_verify(&out->time_s, note, vkey)) &&
           find_signature(out, note, vkey) &&
           vch_charter_is_within_skew(cosigned->charter, out->time_s, now_ms);
}

static bool take_all(struct vch_cosigned *cosigned, const struct vch_note *note, uint64_t now_ms)
{
    bool is_any = false;

    for (uint32_t i = 0; i < cosigned->charter->witness_count; i++) {
        struct vch_entry_cosignature found = {.witness = i};
        if (!find_cosignature(&found, cosigned, note, now_ms)) continue;
        is_any = true;
        if (cosigned->has[i]) continue;
        cosigned->has[i] = true;
        cosigned->cosignatures[i] = found;
        cosigned->count++;
    }
    return is_any;
}

bool vch_cosigned_take(struct vch_cosigned *cosigned, const char *lines, size_t size,
                       uint64_t now_ms)
{
    char text[VCH_COSIGNED_NOTE_MAX];
    struct vch_note note;

    if (size > sizeof text - cosigned->note_size) return false;
    memcpy(text, cosigned->note, cosigned->note_size);
    memcpy(text + cosigned->note_size, lines, size);
    return vch_is_ok(vch_note_decode(&note, text, cosigned->note_size + size, NULL)) &&
           take_all(cosigned, &note, now_ms);
}

bool vch_cosigned_is_enough(const struct vch_cosigned *cosigned)
{
    return cosigned->count >= vch_charter_quorum(cosigned->charter);
}

size_t vch_cosigned_write(char out[static VCH_COSIGNED_NOTE_MAX],
                          const struct vch_cosigned *cosigned)
{
    size_t size = cosigned->note_size;

    memcpy(out, cosigned->note, size);
    for (uint32_t i = 0; i < cosigned->charter->witness_count; i++) {
        const struct vch_entry_cosignature *own = &cosigned->cosignatures[i];
        uint8_t bytes[BYTES_SIZE];
        if (!cosigned->has[i]) continue;
        vch_put_u64be(bytes, own->time_s);
        memcpy(bytes + 8, own->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
        size += vch_note_line(out + size, &cosigned->notes->witnesses[i], bytes, sizeof bytes);
    }
    return size;
}

struct vch_entry vch_cosigned_anchor(const struct vch_cosigned *cosigned)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};

    entry.anchor.size = cosigned->checkpoint.size;
    entry.anchor.root = cosigned->checkpoint.root;
    for (uint32_t i = 0; i < cosigned->charter->witness_count; i++)
        if (cosigned->has[i])
            entry.anchor.cosignatures[entry.anchor.count++] = cosigned->cosignatures[i];
    return entry;
}
