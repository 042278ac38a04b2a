// Any bytes at all as a note and as a checkpoint: what is accepted is what would be written.
#include "tlog/note.h"

#include <string.h>

#include "base/check.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vch_vkey log = {"a", VCH_VKEY_ED25519, {{0}}};
    static const struct vch_vkey witness = {"a", VCH_VKEY_COSIGNATURE, {{0}}};
    const char *bytes = (const char *)data;
    struct vch_complaint complaint = {0};
    struct vch_checkpoint checkpoint;
    struct vch_note note;
    char text[VCH_CHECKPOINT_TEXT_MAX + 1];

    vch_status status = vch_note_decode(&note, bytes, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (vch_is_ok(status)) {
        VCH_ASSERT(note.signature_count > 0 && note.text_size < size);
        VCH_ASSERT(!vch_is_ok(vch_note_verify(&note, &log))); // the key is of small order
        VCH_ASSERT(!vch_is_ok(vch_cosignature_verify(NULL, &note, &witness)));
        bytes = note.text;
        size = note.text_size;
    }
    if (vch_is_ok(vch_checkpoint_decode(&checkpoint, bytes, size, NULL))) {
        size_t again = vch_checkpoint_encode(text, &checkpoint);
        VCH_ASSERT(again + checkpoint.extensions_size == size && memcmp(text, bytes, again) == 0);
    }
    return 0;
}
