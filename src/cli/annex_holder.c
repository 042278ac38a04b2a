#include "cli/annex_holder.h"

#include <string.h>

#include "base/bytes.h"

// What the tool had to complain of is its caller's to tell.
static vch_status hand_on(struct vch_tool *tool, vch_status status, struct vch_complaint *complaint)
{
    if (complaint == &tool->complaint) return status;
    if (complaint != NULL && complaint->text[0] == '\0') *complaint = tool->complaint;
    tool->complaint.text[0] = '\0';
    return status;
}

static vch_status read_seed(void *context, uint8_t seed[static VCH_ANNEX_SEED_SIZE],
                            struct vch_complaint *complaint)
{
    struct vch_annex_holder *holder = context;
    struct vch_annex_key key = {0};

    vch_status status = vch_annex_files_key(&key, &holder->files, holder->tool);
    memcpy(seed, key.seed, sizeof key.seed);
    vch_wipe(&key, sizeof key);
    return hand_on(holder->tool, status, complaint);
}

static vch_status take(void *context, struct vch_complaint *complaint)
{
    struct vch_annex_holder *holder = context;

    return hand_on(holder->tool, vch_annex_files_take(&holder->files, holder->tool), complaint);
}

vch_status vch_annex_holder_open(struct vch_annex_holder *holder, struct vch_annex_source *source,
                                 struct vch_tool *tool, const char *path)
{
    struct vch_annex_key key;

    *holder = (struct vch_annex_holder){.tool = tool};
    VCH_TRY(vch_annex_files_at(&holder->files, tool, path));
    VCH_TRY(vch_annex_files_read(&holder->files, tool, NULL));
    vch_status status = vch_annex_files_key(&key, &holder->files, tool);
    vch_wipe(&key, sizeof key);
    *source = (struct vch_annex_source){.bytes = holder->files.bytes,
                                        .size = holder->files.size,
                                        .context = holder,
                                        .read = read_seed,
                                        .take = take};
    return status;
}
