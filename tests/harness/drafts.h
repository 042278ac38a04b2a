// The example of specs/rules.md in hand, to be changed, decoded and signed: the variables of the
// test that includes this.
#pragma once

#include "harness/rules.h"

enum { MINUTE_S = 60 };
static const int64_t END_S = 1801353600; // 2027-01-31T00:00:00Z
static char text[RULES_ROOM];
static struct vch_arena arena;
static struct vch_rules rules;
static struct vch_complaint complaint;
static struct vch_secret_key key;
static struct vch_rules_trust trust;

static inline void begin(void)
{
    key = rules_key(0);
    trust = (struct vch_rules_trust){&key.public_key, 1, END_S};
    vch_arena_release(&arena);
    vch_arena_init(&arena, VCH_RULES_ARENA_SIZE);
    complaint.text[0] = '\0';
    rules_example(text);
}

static inline vch_status draft(void)
{
    vch_arena_release(&arena);
    complaint.text[0] = '\0';
    return vch_rules_draft(&rules, text, strlen(text), &arena, &complaint);
}
