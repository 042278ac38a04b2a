// A reader's policy as a text file: whom they trust, and what a voucher must show them.
//
//     # the network of our two clinics
//     founder 3b6a27bc...     64 hexadecimal digits; a registry signed by this key counts
//     owner   8a88e3dd...     a model signed by this key counts
//     client  d75a9801...     only vouchers of these, whatever is required; without one, of any
//     ledger  943c2b07...     a quorum is shown by agreements on this ledger; without one, any way
//     attest-signer 207a067... rules for evidence of hardware count if this key signed them
//     attest-class prompts    of data, that those rules have to give to the machines
//     require model input output quorum ends
//     quorum 3                least votes a job asks for by which the claim quorum is shown
//
// Lines may come in any order, words are separated by spaces and tabs, and a # starts a comment.
// Keys and `require` add up over lines; `quorum` is there once.
#pragma once

#include <stddef.h>

#include "base/complaint.h"
#include "base/status.h"
#include "voucher/verify.h"

#define VCH_POLICY_SIZE_MAX 65536u

// Adds what the text says to `policy`, which the caller zeroed or has begun to fill from elsewhere.
// MALFORMED or LIMIT, with the line's number, leave it untouched.
vch_status vch_policy_decode(struct vch_policy *policy, const char *text, size_t size,
                             struct vch_complaint *complaint);
