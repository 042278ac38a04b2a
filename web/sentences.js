// One entry of the log in one sentence: what its writer said.
import {count} from "./words.js";

const short = (hex) => hex.slice(0, 12);
const where = (e) => `segment ${e.segment}` + (e.round > 0 ? `, round ${e.round + 1}` : "");

const SENTENCES = {
  charter: (e) => `founded ${e.origin} with ${count(e.witnesses.length, "witness", "witnesses")}`,
  registry: (e) => `said who belongs to the network: registry ${short(e.digest)}, serial ${e.serial}`,
  deposit: (e, who) => `credited ${e.amount} to ${who(e.account)}`,
  withdraw: (e) => `took out ${e.amount}`,
  stake: (e) => `put down a stake of ${e.amount}`,
  unstake: (e) => `asked for ${e.amount} of its stake back`,
  release: () => "took what was unbonded to its balance",
  hold: (e) => `${e.drop ? "no longer holds" : "holds"} operators ${e.first} to ${e.last} of model ${short(e.model)}`,
  job_open: (e) => `opened ${e.trial ? "a trial" : "the job"} ${short(e.job)}: ` +
    `${count(e.segments.filter((s) => s.by === "nodes").length, "segment")} by committees of ${e.quorum}, fee ${e.fee} a seat`,
  input: (e) => `gave the input of segment ${e.segment}`,
  sortition: (e) => `drew a lot for ${where(e)}`,
  draw: (e, who) => `drew ${count(e.seats.length, "seat")} of ${count(e.eligible, "eligible node")} for ${where(e)}: ` +
    e.seats.map((seat) => who(seat.node)).join(", "),
  commit: (e) => `committed to an answer on ${where(e)}`,
  close: (e) => `closed ${where(e)} with ${count(e.commits, "commit")}`,
  reveal: (e) => `revealed ${short(e.output)} for ${where(e)}`,
  verdict: (e) => e.output === null ? `found no majority on ${where(e)}`
    : `decided ${where(e)}: ${e.agreeing} agree on ${short(e.output)}`,
  anchor: (e) => `anchored the first ${count(e.size, "entry", "entries")}, cosigned by ${count(e.witnesses.length, "witness", "witnesses")}`,
  expire: (e) => `let the job ${short(e.job)} expire`,
  trial_result: () => "opened the trial's right answer",
  evidence: (e, who) => `showed two commits by ${who(e.against)} in one contest`,
  dispute_open: (e) => `disputes the verdict on segment ${e.segment}: says ${short(e.output)}`,
  dispute_move: (e) => `${e.defends ? "defends" : "disputes"}, step ${e.step + 1}`,
  dispute_default: () => "ended a dispute in which somebody's time was over",
};

export const sentence = (entry, who) =>
  (Object.hasOwn(SENTENCES, entry.kind) ? SENTENCES[entry.kind](entry, who) : entry.kind);

// What a timeline marks: the steps by which a contest advances, and trouble.
export const isStep = (entry) => ["job_open", "draw", "close", "verdict"].includes(entry.kind);
export const isTrouble = (entry) =>
  entry.kind.startsWith("dispute") || ["evidence", "expire"].includes(entry.kind) ||
  (entry.kind === "verdict" && entry.output === null);
