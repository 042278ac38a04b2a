#include "agreement/accounts.h"

#include <string.h>

#include "agreement/roster.h"
#include "agreement/windows.h"
#include "base/check.h"

__extension__ typedef unsigned __int128 u128;

struct account *vch_accounts_find(const struct vch_state *state, const struct vch_public_key *key)
{
    const uint64_t hash = vch_table_hash(&state->account_table, key->bytes, 0);
    struct vch_table_node *node = vch_table_first(&state->account_table, hash);

    for (; node != NULL; node = vch_table_next(node)) {
        struct account *account = VCH_LIST_THING(node, struct account, node);
        if (memcmp(&account->is.key, key, sizeof *key) == 0) return account;
    }
    return NULL;
}

struct account *vch_accounts_get(struct vch_state *state, const struct vch_public_key *key)
{
    struct account *account = vch_accounts_find(state, key);

    if (account != NULL) return account;
    account = vch_slab_take(&state->accounts);
    VCH_ASSERT(account != NULL);
    state->account_list[state->accounts.used - 1] = account;
    account->is = (struct vch_account){
        .key = *key, .correct = VCH_INSIDE_FIXED_ONE, .timely = VCH_INSIDE_FIXED_ONE};
    vch_list_init(&account->holdings);
    vch_table_add(&state->account_table, &account->node,
                  vch_table_hash(&state->account_table, key->bytes, 0));
    return account;
}

vch_status vch_accounts_check_room(const struct vch_state *state, const struct account *account,
                                   struct vch_complaint *complaint)
{
    if (account != NULL || vch_slab_left(&state->accounts) > 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BUSY,
                        "all %u accounts that this ledger keeps are in use: its limit has to grow",
                        state->accounts.room);
}

uint64_t vch_accounts_weight(const struct account *account)
{
    const struct vch_account *is = &account->is;
    const uint32_t mark = is->correct < is->timely ? is->correct : is->timely;

    return (uint64_t)((u128)is->stake * mark / VCH_INSIDE_FIXED_ONE);
}

void vch_accounts_pay(struct vch_state *state, struct account *account, uint64_t amount)
{
    account->is.balance += amount;
    state->totals.accounts += amount;
}

void vch_accounts_charge(struct vch_state *state, struct account *account, uint64_t amount)
{
    VCH_ASSERT(amount <= account->is.balance);
    account->is.balance -= amount;
    state->totals.accounts -= amount;
}

static uint32_t *mark_of(struct account *account, enum vch_accounts_mark mark)
{
    return mark == VCH_ACCOUNTS_CORRECT ? &account->is.correct : &account->is.timely;
}

static void multiply(const struct vch_state *state, uint32_t *mark, uint64_t factor)
{
    uint64_t product = *mark * factor / VCH_INSIDE_FIXED_ONE;

    if (product < state->parameters.trust_min) product = state->parameters.trust_min;
    if (product > state->parameters.trust_max) product = state->parameters.trust_max;
    *mark = (uint32_t)product;
}

void vch_accounts_succeed(const struct vch_state *state, struct account *account, bool is_earned)
{
    account->is.successes++;
    if (!is_earned) return;
    multiply(state, &account->is.correct, state->parameters.success_factor);
    multiply(state, &account->is.timely, state->parameters.success_factor);
}

void vch_accounts_fault(const struct vch_state *state, struct account *account,
                        enum vch_accounts_mark mark)
{
    multiply(state, mark_of(account, mark), state->parameters.fault_factor);
}

// Stake first, then what is on its way out.
static void take_stake(struct vch_state *state, struct account *account, uint64_t amount)
{
    const uint64_t from_stake = amount < account->is.stake ? amount : account->is.stake;

    VCH_ASSERT(amount - from_stake <= account->is.unbonding);
    account->is.stake -= from_stake;
    account->is.unbonding -= amount - from_stake;
    state->totals.accounts -= amount;
}

uint64_t vch_accounts_slash(struct vch_state *state, struct account *account)
{
    const uint64_t all = account->is.stake + account->is.unbonding; // below 2^53
    const uint64_t taken = all * state->parameters.slash_permille / 1000;

    take_stake(state, account, taken);
    vch_accounts_fault(state, account, VCH_ACCOUNTS_CORRECT);
    account->is.slashes++;
    return taken;
}

void vch_accounts_silence(struct vch_state *state, struct account *account, uint64_t fee)
{
    const uint64_t all = account->is.stake + account->is.unbonding;
    const uint64_t taken = fee < all ? fee : all;

    take_stake(state, account, taken);
    state->totals.treasury += taken;
    vch_accounts_fault(state, account, VCH_ACCOUNTS_TIMELY);
    account->is.silences++;
}

void vch_accounts_divide(struct vch_state *state, uint64_t taken, struct account *winner)
{
    const uint64_t bounty =
        winner != NULL ? taken * state->parameters.bounty_permille / 1000 : 0; // below 2^63

    if (winner != NULL) vch_accounts_pay(state, winner, bounty);
    state->totals.treasury += taken - bounty;
}

vch_status vch_accounts_check_deposit(struct vch_state *state, struct step *step,
                                      struct vch_complaint *complaint)
{
    const uint64_t amount = step->entry->deposit.amount, before = state->totals.deposited;

    if (amount == 0 || amount > VCH_ENTRY_AMOUNT_MAX - before)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "a deposit is of 1 to %llu: all deposits together stay below 2^53",
                            (unsigned long long)(VCH_ENTRY_AMOUNT_MAX - before));
    step->account = vch_accounts_find(state, &step->entry->deposit.account);
    return vch_accounts_check_room(state, step->account, complaint);
}

void vch_accounts_take_deposit(struct vch_state *state, const struct step *step)
{
    state->totals.deposited += step->entry->deposit.amount;
    vch_accounts_pay(state, vch_accounts_get(state, &step->entry->deposit.account),
                     step->entry->deposit.amount);
}

static vch_status check_amount(const struct step *step, uint64_t most, const char *what,
                               struct vch_complaint *complaint)
{
    if (step->entry->amount >= 1 && step->entry->amount <= most) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED, "the account's %s is %llu, and %s of %llu %s",
                        what, (unsigned long long)most, vch_entry_kind_text(step->entry->kind),
                        (unsigned long long)step->entry->amount, "is not between 1 and that");
}

vch_status vch_accounts_check_withdraw(struct vch_state *state, struct step *step,
                                       struct vch_complaint *complaint)
{
    (void)state;
    return check_amount(step, step->writer != NULL ? step->writer->is.balance : 0, "balance",
                        complaint);
}

void vch_accounts_take_withdraw(struct vch_state *state, const struct step *step)
{
    vch_accounts_charge(state, step->writer, step->entry->amount);
    state->totals.withdrawn += step->entry->amount;
}

vch_status vch_accounts_check_stake(struct vch_state *state, struct step *step,
                                    struct vch_complaint *complaint)
{
    VCH_TRY(vch_roster_check_node(state, step, complaint));
    return check_amount(step, step->writer != NULL ? step->writer->is.balance : 0, "balance",
                        complaint);
}

void vch_accounts_take_stake(struct vch_state *state, const struct step *step)
{
    (void)state;
    step->writer->is.balance -= step->entry->amount;
    step->writer->is.stake += step->entry->amount;
    step->writer->grown = step->position + 1;
}

vch_status vch_accounts_check_unstake(struct vch_state *state, struct step *step,
                                      struct vch_complaint *complaint)
{
    (void)state;
    return check_amount(step, step->writer != NULL ? step->writer->is.stake : 0, "stake",
                        complaint);
}

void vch_accounts_take_unstake(struct vch_state *state, const struct step *step)
{
    struct vch_account *is = &step->writer->is;

    is->stake -= step->entry->amount;
    is->unbonding += step->entry->amount;
    is->unbonding_free_ms = step->now + state->parameters.unbonding_ms;
}

vch_status vch_accounts_check_release(struct vch_state *state, struct step *step,
                                      struct vch_complaint *complaint)
{
    const struct account *writer = step->writer;

    if (writer == NULL || writer->is.unbonding == 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "nothing of the account is unbonding: unstake comes first");
    if (step->now < writer->is.unbonding_free_ms)
        return vch_complain(
            complaint, VCH_CODE_REFUSED, "what is unbonding is free from %llu on, and it is %llu",
            (unsigned long long)writer->is.unbonding_free_ms, (unsigned long long)step->now);
    if (writer->is.frozen > vch_windows_due_of(state, writer, step->now))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%u of the account's seats can still be disputed: release comes after",
                            writer->is.frozen);
    return VCH_OK;
}

void vch_accounts_take_release(struct vch_state *state, const struct step *step)
{
    struct vch_account *is = &step->writer->is;

    (void)state;
    is->balance += is->unbonding;
    is->unbonding = 0;
}
