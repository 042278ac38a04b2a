// A model's public manifest, field by field: specs/model.proto, specs/package.md.
import {exactly, fixed64, flag, many, message, s32, s64, text, u32, u64} from "./protobuf.js";

const COUNT_MAX = 65536, LIST_MAX = 4096, TABLE_MAX = 65536;

const SHAPE = {1: ["dims", many(u32, 6)]};
const VALUE = {1: ["type", u32], 2: ["shape", message(SHAPE)]};
const SCALING = {1: ["multipliers", many(s32, 1 << 24)], 2: ["shifts", many(u32, 1 << 24)],
  3: ["lo", s64], 4: ["hi", s64]};
const PAIR = many(u32, 2);
const WINDOW = {1: ["kernel", PAIR], 2: ["stride", PAIR], 3: ["dilation", PAIR], 4: ["pad_begin", PAIR],
  5: ["pad_end", PAIR], 6: ["groups", u32], 7: ["count_includes_pad", flag]};
const NORM = {1: ["is_centred", flag], 2: ["root_shift", u32], 3: ["epsilon", u64], 4: ["factor", u64]};
const OPERATOR = {
  1: ["kind", u32], 2: ["name", text], 3: ["inputs", many(u32, 64)], 4: ["output", u32],
  5: ["parameters", many(u32, 4)],
  6: ["scaling", message(SCALING)], 7: ["window", message(WINDOW)], 8: ["table_plus_one", u32], 9: ["axis", u32],
  10: ["order", many(u32, 6)], 11: ["begin", many(s32, 6)], 12: ["end", many(s32, 6)], 13: ["step", many(s32, 6)],
  14: ["fill", s64], 15: ["depth_max", u32], 16: ["public_bound", u64], 17: ["bias_bound", u64],
  18: ["norm", message(NORM)], 19: ["rounding", u32],
};
const PARAMETER = {1: ["type", u32], 2: ["shape", message(SHAPE)], 3: ["root", exactly(32)]};
const TABLE = {1: ["input", u32], 2: ["output", u32], 3: ["entries", many(s32, TABLE_MAX)]};
const PORT = {1: ["name", text], 2: ["value", u32], 3: ["kind", u32], 4: ["scale_bits", fixed64],
  5: ["labels", many(text, TABLE_MAX)]};

export const MANIFEST = {
  1: ["version", u32], 2: ["name", text], 3: ["values", many(message(VALUE), COUNT_MAX)],
  4: ["operators", many(message(OPERATOR), COUNT_MAX)], 5: ["parameters", many(message(PARAMETER), COUNT_MAX)],
  6: ["tables", many(message(TABLE), LIST_MAX)], 7: ["inputs", many(message(PORT), 16)],
  8: ["outputs", many(message(PORT), 16)],
};

export const OWNER = {1: ["public_key", exactly(32)], 2: ["signature", exactly(64)]};
