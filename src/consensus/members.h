// The members of a network as a founder writes them down: a text file.
//
//     # who belongs to us
//     node   st-mary-hospital  3b6a27bc...    64 hexadecimal digits
//     node   ward-7            66be7e33... 54136cd9...    it draws, with this VRF key
//     client ward-7            8a88e3dd...
//
// One member a line: role, operator, key and, for nodes that take part in draws, the VRF key,
// separated by spaces and tabs; a # starts a comment.
// vch_registry_encode checks names, sorts and refuses duplicates.
#pragma once

#include <stddef.h>

#include "base/complaint.h"
#include "base/status.h"
#include "consensus/registry.h"

#define VCH_MEMBERS_SIZE_MAX (4u << 20)

// Fills `members` (VCH_REGISTRY_MEMBERS_MAX room) and `count`. MALFORMED or LIMIT with the line's
// number.
vch_status vch_members_decode(struct vch_member *members, uint32_t *count, const char *text,
                              size_t size, struct vch_complaint *complaint);
