// What vouch writes, field by field: specs/voucher.proto, registry.proto, ledger.proto. Counts are
// those of the pages that go with them.
import {bytes, exactly, flag, many, maybe, message, oneOf, text, u32, u64} from "./protobuf.js";

const key = exactly(32), digest = exactly(32), signature = exactly(64), nonce = exactly(32);

const COMMITMENT = {1: ["kind", u32], 2: ["value", digest], 3: ["columns", u32]};
const JOB_SEGMENT = {1: ["first", u32], 2: ["last", u32], 3: ["by", u32]};

export const JOB = {
  1: ["version", u32], 2: ["model", digest], 3: ["client", key], 4: ["nonce", nonce], 5: ["batch", u32],
  6: ["input", message(COMMITMENT)], 7: ["segments", many(message(JOB_SEGMENT), 256)],
  8: ["quorum", u32], 9: ["deadline_ms", u64], 10: ["registry", digest], 11: ["nonces", many(nonce, 257)],
};

const VOTE = {1: ["node", key], 2: ["input", digest], 3: ["output", digest], 4: ["signature", signature]};
const FAULT = {1: ["node", key], 2: ["kind", u32]};
const PROOF = {1: ["input_root", digest], 2: ["output_root", digest], 3: ["annex", bytes], 4: ["proof", bytes]};
const LEAF = {1: ["position", u64], 2: ["entry", bytes], 3: ["path", many(digest, 63)]};
const AGREEMENT = {1: ["checkpoint", bytes], 2: ["leaves", many(message(LEAF), 1024)]};
const ATTESTATION = {
  1: ["node", key], 2: ["salt", exactly(32)], 3: ["block", bytes], 4: ["response", bytes], 5: ["time_ms", u64],
};
const RESULT = {
  1: ["segment", u32], 2: ["votes", many(message(VOTE), 301)], 3: ["faults", many(message(FAULT), 1024)],
  4: ["proof", message(PROOF)], 5: ["agreement", message(AGREEMENT)],
  6: ["attestations", many(message(ATTESTATION), 1024)],
};

export const VOUCHER = {
  1: ["version", u32], 2: ["job", bytes], 3: ["owner", key], 4: ["owner_signature", signature],
  5: ["output", message(COMMITMENT)], 6: ["results", many(message(RESULT), 256)], 7: ["registry", bytes],
  8: ["finished_ms", u64], 9: ["client_signature", signature],
};

const TENSOR = {1: ["type", u32], 2: ["dims", many(u32, 6)], 3: ["data", bytes]};
export const OPENING = {
  1: ["version", u32], 2: ["job_id", digest], 3: ["secret", exactly(32)], 4: ["batch", u32],
  5: ["input", message(TENSOR)], 6: ["output", message(TENSOR)],
};

const MEMBER = {1: ["key", key], 2: ["operator", text], 3: ["role", u32], 4: ["vrf", maybe(32)]};
export const REGISTRY = {
  1: ["version", u32], 2: ["network", text], 3: ["serial", u64], 4: ["expires_ms", u64],
  5: ["members", many(message(MEMBER), 10000)],
};
export const SIGNED_REGISTRY = {1: ["registry", bytes], 2: ["founder", key], 3: ["signature", signature]};

export const ENTRY = {1: ["time_ms", u64], 2: ["statement", bytes], 3: ["writer", key], 4: ["signature", signature]};

// [name, number, default, least, most] of specs/agreement.md, section 3, without the defaults.
export const PARAMETERS = [
  ["epoch_ms", u64, 1n, 1n << 32n], ["draw_ms", u64, 1n, 1n << 32n], ["commit_ms", u64, 1n, 1n << 32n],
  ["reveal_ms", u64, 1n, 1n << 32n], ["dispute_ms", u64, 1n, 1n << 40n], ["move_ms", u64, 1n, 1n << 32n],
  ["unbonding_ms", u64, 1n, 1n << 42n], ["skew_ms", u64, 1000n, 2000n],
  ["job_ms_max", u64, 1n, 1n << 40n], ["rounds", u32, 1, 4], ["draw_all", u32, 1, 4096],
  ["referees", u32, 3, 31], ["trials", u32, 0, 1000], ["stake_min", u64, 1n, 1n << 50n],
  ["fee_min", u64, 0n, 1n << 40n], ["dispute_bond", u64, 1n, 1n << 50n], ["slash_permille", u32, 1, 1000],
  ["bounty_permille", u32, 0, 1000], ["fault_factor", u32, 1, 65535],
  ["success_factor", u32, 65536, 131072], ["trust_min", u32, 1, 65536], ["trust_max", u32, 65536, 1 << 24],
];
const PARAMETER_FIELDS = {1: ["version", u32],
  ...Object.fromEntries(PARAMETERS.map(([name, type], i) => [i + 2, [name, type]]))};
const WITNESS = {1: ["name", text], 2: ["key", key]};
const CHARTER = {
  1: ["version", u32], 2: ["origin", text], 3: ["founder", key], 4: ["clerk", key],
  5: ["witnesses", many(message(WITNESS), 16)], 6: ["parameters", message(PARAMETER_FIELDS)], 7: ["nonce", nonce],
};

const AMOUNT = {1: ["amount", u64]}, OF_JOB = {1: ["job", digest]};
const CONTEST = {1: ["subject", digest], 2: ["segment", u32], 3: ["round", u32]};
const TRIAL = {1: ["node", key], 2: ["expected", digest]};
const SEAT = {1: ["node", key], 2: ["weight", u64]};
const COSIGNATURE = {1: ["witness", u32], 2: ["time", u64], 3: ["signature", signature]};

// By their numbers, as Statement has them.
export const STATEMENT = {1: ["number", u64], ...oneOf({
  2: ["charter", message(CHARTER)],
  3: ["registry", message({1: ["digest", digest], 2: ["serial", u64]})],
  4: ["deposit", message({1: ["account", key], 2: ["amount", u64]})],
  5: ["withdraw", message(AMOUNT)],
  6: ["stake", message(AMOUNT)],
  7: ["unstake", message(AMOUNT)],
  8: ["release", message({})],
  9: ["hold", message({1: ["model", digest], 2: ["first", u32], 3: ["last", u32], 4: ["drop", flag]})],
  10: ["job_open", message({1: ["job", bytes], 2: ["fee", u64], 3: ["input", maybe(32)],
    4: ["excluded", many(text, 16)], 5: ["trial", message(TRIAL)]})],
  11: ["input", message({1: ["job", digest], 2: ["segment", u32], 3: ["input", digest]})],
  12: ["sortition", message({...CONTEST, 4: ["proof", exactly(80)]})],
  13: ["draw", message({...CONTEST, 4: ["seats", many(message(SEAT), 319)],
    5: ["eligible", u32], 6: ["weight", u64]})],
  14: ["commit", message({...CONTEST, 4: ["commitment", digest]})],
  15: ["close", message({...CONTEST, 4: ["commits", u32]})],
  16: ["reveal", message({...CONTEST, 4: ["output", digest], 5: ["trace", maybe(32)], 6: ["nonce", nonce]})],
  17: ["verdict", message({...CONTEST, 4: ["output", maybe(32)], 5: ["agreeing", u32]})],
  18: ["anchor", message({1: ["size", u64], 2: ["root", digest],
    3: ["cosignatures", many(message(COSIGNATURE), 16)]})],
  19: ["expire", message(OF_JOB)],
  20: ["trial_result", message({1: ["job", digest], 2: ["output", digest], 3: ["nonce", nonce]})],
  21: ["evidence", message({1: ["first", bytes], 2: ["second", bytes]})],
  22: ["dispute_open", message({1: ["job", digest], 2: ["segment", u32], 3: ["output", digest],
    4: ["trace", digest]})],
  23: ["dispute_move", message({1: ["dispute", digest], 2: ["step", u32], 3: ["defends", flag],
    4: ["left", digest], 5: ["right", digest]})],
  24: ["dispute_default", message({1: ["dispute", digest]})],
})};

export const COUNTED = new Set(["charter", "registry", "deposit", "withdraw", "stake", "unstake",
  "release", "hold", "job_open"]);
