// Proofs that a member asks for.
#include <string.h>

#include "ledger/ledger_session_parts.h"

static bool are_positions(const Vouch__LedgerProve *prove)
{
    for (size_t i = 1; i < prove->n_positions; i++)
        if (prove->positions[i] <= prove->positions[i - 1]) return false;
    return prove->n_positions > 0 && prove->n_positions <= VCH_REQUEST_POSITIONS_MAX;
}

static void refuse(struct vch_ledger_session *session, const Vouch__LedgerProve *prove,
                   enum vch_code code, const char *text)
{
    vch_ledger_session_parts_note_sent(session,
                                       vch_ledger_answer_no_proof(session, prove->id, code, text));
}

static void admit_prove(struct vch_ledger_session *session, const Vouch__LedgerProve *prove)
{
    if (!vch_ledger_session_parts_is_roomy(session->host, VCH_FRAME_SIZE_MAX)) {
        refuse(session, prove, VCH_CODE_BUSY, "the ledger has too much to do: try again");
        return;
    }
    struct vch_request *request = vch_ledger_session_parts_new_request(
        session, VCH_REQUEST_PROVE, prove->id, VCH_FRAME_SIZE_MAX);
    if (request == NULL) return;
    request->count = (uint32_t)prove->n_positions;
    request->positions = VCH_ARENA_NEW(&request->arena, uint64_t, request->count);
    if (request->positions != NULL)
        memcpy(request->positions, prove->positions, request->count * sizeof *request->positions);
    request->give_up_ms = session->now.monotonic_ms + VCH_LEDGER_SESSION_PROOF_MS;
    vch_ledger_session_parts_submit(session, request, request->positions != NULL);
}

void vch_ledger_session_parts_receive_prove(struct vch_ledger_session *session,
                                            const Vouch__LedgerProve *prove)
{
    if (!vch_ledger_session_parts_is_new_id(session, prove->id)) return;
    if (!are_positions(prove))
        vch_ledger_session_parts_end(session, VCH_CODE_MALFORMED,
                                     "1 to %u ascending positions can be proven at once",
                                     VCH_REQUEST_POSITIONS_MAX);
    else if (vch_ledger_session_parts_count(session, VCH_REQUEST_PROVE) ==
             VCH_LEDGER_SESSION_PROVES_MAX)
        vch_ledger_session_parts_end(session, VCH_CODE_LIMIT, "more than %u proofs under way",
                                     VCH_LEDGER_SESSION_PROVES_MAX);
    else if (prove->positions[prove->n_positions - 1] >= session->host->entry_count)
        refuse(session, prove, VCH_CODE_REFUSED, "there is no such entry yet");
    else
        admit_prove(session, prove);
}
