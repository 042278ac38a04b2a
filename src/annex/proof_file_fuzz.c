// Proof files and openings from anywhere: what is accepted is its own encoding.
#include <string.h>

#include "annex/proof_file.h"
#include "annex/proof_opening.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_proof_file file;
    struct vch_proof_opening opening;
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    uint8_t *bytes = NULL;
    size_t again = 0;

    vch_arena_init(&arena, 1 << 24);
    if (vch_is_ok(vch_proof_file_decode(&file, data, size, &complaint))) {
        VCH_ASSERT(vch_is_ok(vch_proof_file_encode(&bytes, &again, &file, &arena, NULL)));
        VCH_ASSERT(again == size && memcmp(bytes, data, size) == 0);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    if (vch_is_ok(vch_proof_opening_decode(&opening, data, size, NULL))) {
        VCH_ASSERT(vch_is_ok(vch_proof_opening_encode(&bytes, &again, &opening, &arena, NULL)));
        VCH_ASSERT(again == size && memcmp(bytes, data, size) == 0);
    }
    vch_arena_release(&arena);
    return 0;
}
