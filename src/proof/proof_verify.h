// The verifier: specs/proof.md, all of it.
#pragma once

#include "base/arena.h"
#include "base/complaint.h"
#include "base/cpu.h"
#include "base/status.h"
#include "proof/statement.h"

// VCH_OK exactly when these bytes are a proof of the sealed statement; BAD_PROOF with a complaint
// where they are not. What an adversary chooses is read once, after its size; time and memory
// follow from the statement: from `arena`, given back, 16 bytes a cell, 1200 for each row of cells,
// 600 a column (2^c), and what vch_functional_sum asks for.
vch_status vch_proof_verify(const struct vch_statement *statement, const void *proof, size_t size,
                            enum vch_cpu_level level, struct vch_arena *arena,
                            struct vch_complaint *complaint);
