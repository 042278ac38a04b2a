// A ledger's state from its store, on start: before anybody is admitted.
#include "base/bytes.h"
#include "host/clock.h"
#include "host/random.h"
#include "ledger/ledger_parts.h"
#include "member/charter_file.h"

static vch_status load_charter(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    const struct vch_ledger_options *options = &ledger->options;

    VCH_TRY(vch_charter_file_decode(&ledger->charter, options->charter_bytes, options->charter_size,
                                    &options->founder, complaint));
    if (!vch_is_equal(&ledger->charter.clerk, &options->clerk->public_key,
                      sizeof ledger->charter.clerk))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this key is not the clerk's of %s: its charter names another",
                            ledger->charter.origin);
    return vch_charter_notes_init(&ledger->notes, &ledger->charter, complaint);
}

// A new log begins with its charter, like any entry by its founder.
static vch_status found(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    const struct vch_ledger_options *options = &ledger->options;
    struct vch_store_head head;
    struct vch_store_entry first = {0};
    uint8_t *bytes = NULL;

    VCH_TRY(vch_store_head(ledger->store, &head, complaint));
    if (head.size > 0) return VCH_OK;
    VCH_TRY(vch_entry_stamp(&bytes, &first.size, options->charter_bytes, options->charter_size,
                            vch_clock_unix_ms(), &ledger->arena));
    first.bytes = bytes;
    return vch_store_append(ledger->store, 0, &first, 1, &head, complaint);
}

static const struct vch_registry *find_registry(void *context, const struct vch_digest *digest)
{
    struct vch_ledger *ledger = context;

    return vch_archive_find(ledger->archive, digest);
}

static vch_status replay(struct vch_ledger *ledger, uint64_t *content,
                         struct vch_complaint *complaint)
{
    struct vch_state_setup setup = {.limits = vch_state_default_limits(),
                                    .checks = vch_verified_checks(&ledger->verified),
                                    .registry = find_registry,
                                    .context = ledger};

    vch_random_bytes(setup.seeds, sizeof setup.seeds);
    VCH_TRY(vch_state_new(&ledger->state, &setup, &ledger->arena));
    struct vch_replay run = {.store = ledger->store,
                             .state = ledger->state,
                             .index = ledger->index,
                             .archive = ledger->archive,
                             .places = &ledger->places,
                             .verified = &ledger->verified,
                             .charter = &ledger->charter,
                             .notes = &ledger->notes};
    VCH_TRY(vch_replay_run(&run, &ledger->arena, complaint));
    if (run.checkpoint.note != NULL)
        (void)vch_ledger_parts_note_checkpoint(ledger, &run.checkpoint);
    *content = run.content;
    return VCH_OK;
}

vch_status vch_ledger_parts_load(struct vch_ledger *ledger, uint64_t *content,
                                 struct vch_complaint *complaint)
{
    struct vch_store_options options = {.create = true};

    VCH_TRY(load_charter(ledger, complaint));
    VCH_TRY(vch_store_open(&ledger->store, ledger->options.store, &options, complaint));
    VCH_TRY(vch_archive_new(&ledger->archive, &ledger->charter.founder));
    VCH_TRY(vch_index_new(&ledger->index));
    vch_archive_use_store(ledger->archive, ledger->store);
    VCH_TRY(found(ledger, complaint));
    VCH_TRY(replay(ledger, content, complaint));
    vch_archive_use_store(ledger->archive, NULL); // which is the keeper's from now on
    return VCH_OK;
}
