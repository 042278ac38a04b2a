#include "agreement/holdings.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/roster.h"

struct model *vch_holdings_model(const struct vch_state *state, const struct vch_digest *id)
{
    const uint64_t hash = vch_table_hash(&state->model_table, id->bytes, 0);
    struct vch_table_node *node = vch_table_first(&state->model_table, hash);

    for (; node != NULL; node = vch_table_next(node)) {
        struct model *model = VCH_LIST_THING(node, struct model, node);
        if (memcmp(&model->id, id, sizeof *id) == 0) return model;
    }
    return NULL;
}

bool vch_holdings_cover(const struct account *account, const struct vch_digest *model,
                        uint32_t first, uint32_t last)
{
    for (const struct vch_list *link = account->holdings.next; link != &account->holdings;
         link = link->next) {
        const struct holding *holding = VCH_LIST_THING(link, struct holding, of_account);
        if (holding->first <= first && last <= holding->last &&
            memcmp(&holding->model->id, model, sizeof *model) == 0)
            return true;
    }
    return false;
}

static struct holding *find(const struct account *account, const struct vch_entry_hold *hold)
{
    if (account == NULL) return NULL;
    for (const struct vch_list *link = account->holdings.next; link != &account->holdings;
         link = link->next) {
        struct holding *holding = VCH_LIST_THING(link, struct holding, of_account);
        if (holding->first == hold->first && holding->last == hold->last &&
            memcmp(&holding->model->id, &hold->model, sizeof hold->model) == 0)
            return holding;
    }
    return NULL;
}

static vch_status check_added(const struct vch_state *state, const struct step *step,
                              struct vch_complaint *complaint)
{
    if (step->holding != NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the node holds these operators of this model already");
    if (step->writer != NULL && step->writer->holding_count >= VCH_HOLDINGS_MAX)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a node has at most %u holdings: drop one first", VCH_HOLDINGS_MAX);
    if (vch_slab_left(&state->holdings) == 0 || vch_slab_left(&state->models) == 0)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "all %u holdings that this ledger keeps are in use: its limit has to "
                            "grow",
                            state->holdings.room);
    return vch_accounts_check_room(state, step->writer, complaint);
}

vch_status vch_holdings_check(struct vch_state *state, struct step *step,
                              struct vch_complaint *complaint)
{
    const struct vch_entry_hold *hold = &step->entry->hold;

    VCH_TRY(vch_roster_check_node(state, step, complaint));
    if (hold->first >= hold->last)
        return vch_complain(complaint, VCH_CODE_REFUSED, "operators %u to %u are none at all",
                            hold->first, hold->last);
    step->holding = find(step->writer, hold);
    if (!hold->drop) return check_added(state, step, complaint);
    if (step->holding != NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the node does not hold what it drops: the model and both operators must "
                        "be those of its hold");
}

static struct model *get_model(struct vch_state *state, const struct vch_digest *id)
{
    struct model *model = vch_holdings_model(state, id);

    if (model != NULL) return model;
    model = vch_slab_take(&state->models);
    model->id = *id;
    vch_list_init(&model->holdings);
    vch_table_add(&state->model_table, &model->node,
                  vch_table_hash(&state->model_table, id->bytes, 0));
    return model;
}

static void add(struct vch_state *state, const struct step *step)
{
    struct account *account = vch_accounts_get(state, &step->entry->writer);
    struct holding *holding = vch_slab_take(&state->holdings);

    holding->account = account;
    holding->model = get_model(state, &step->entry->hold.model);
    holding->first = step->entry->hold.first;
    holding->last = step->entry->hold.last;
    vch_list_append(&account->holdings, &holding->of_account);
    vch_list_append(&holding->model->holdings, &holding->of_model);
    account->holding_count++;
    account->grown = step->position + 1;
}

static void drop(struct vch_state *state, struct holding *holding)
{
    struct model *model = holding->model;

    vch_list_remove(&holding->of_account);
    vch_list_remove(&holding->of_model);
    holding->account->holding_count--;
    vch_slab_give(&state->holdings, holding);
    if (!vch_list_is_empty(&model->holdings)) return;
    vch_table_remove(&state->model_table, &model->node);
    vch_slab_give(&state->models, model);
}

void vch_holdings_take(struct vch_state *state, const struct step *step)
{
    if (step->entry->hold.drop)
        drop(state, step->holding);
    else
        add(state, step);
}
