// The long way: every entry hashed, every digest derived, and compared with what is kept.
#pragma once

#include "ledger/store_engine.h"

vch_status vch_store_audit_engine(struct vch_store_engine *engine,
                                  const struct vch_store_head *head, struct vch_arena *arena,
                                  struct vch_complaint *complaint);
