// Accounts: what belongs to whom, and what nodes are trusted with. agreement.md, sections 1 and 2.
#pragma once

#include "agreement/inside.h"

struct account *vch_accounts_find(const struct vch_state *state, const struct vch_public_key *key);
// Finds it or makes it; there is room (vch_accounts_check_room).
struct account *vch_accounts_get(struct vch_state *state, const struct vch_public_key *key);
// BUSY when the key has no account and there is no room for one more.
vch_status vch_accounts_check_room(const struct vch_state *state, const struct account *account,
                                   struct vch_complaint *complaint);

// Whose seat it is.
static inline struct account *vch_accounts_of_seat(const struct vch_seat *seat)
{
    return (struct account *)(uintptr_t)seat->account; // `is` comes first
}

uint64_t vch_accounts_weight(const struct account *account);

// To and from balances; what is not another account's is the treasury's or in escrow, which the
// caller books.
void vch_accounts_pay(struct vch_state *state, struct account *account, uint64_t amount);
void vch_accounts_charge(struct vch_state *state, struct account *account, uint64_t amount);

enum vch_accounts_mark { VCH_ACCOUNTS_CORRECT, VCH_ACCOUNTS_TIMELY };
void vch_accounts_fault(const struct vch_state *state, struct account *account,
                        enum vch_accounts_mark mark);

// An answer that counted; both marks rise if it was earned.
void vch_accounts_succeed(const struct vch_state *state, struct account *account, bool is_earned);

// Takes the share of stake and unbonding that a proven lie costs, with a fault. Returns what was
// taken, which the caller books.
uint64_t vch_accounts_slash(struct vch_state *state, struct account *account);
// Silence: up to `fee` of stake and unbonding to the treasury, and a fault.
void vch_accounts_silence(struct vch_state *state, struct account *account, uint64_t fee);
// Divides what was taken: the bounty to the winner (NULL: nobody), the rest to the treasury.
void vch_accounts_divide(struct vch_state *state, uint64_t taken, struct account *winner);

vch_inside_check vch_accounts_check_deposit, vch_accounts_check_withdraw, vch_accounts_check_stake,
    vch_accounts_check_unstake, vch_accounts_check_release;
vch_inside_take vch_accounts_take_deposit, vch_accounts_take_withdraw, vch_accounts_take_stake,
    vch_accounts_take_unstake, vch_accounts_take_release;
