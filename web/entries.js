// Entries of a ledger: reading one, and the ranges that hold for each whatever the state
// (specs/ledger.md, section 2).
import {compare, isEqual} from "./bytes.js";
import {transcript} from "./hash.js";
import {decode} from "./protobuf.js";
import {must, refuse} from "./refusal.js";
import {COUNTED, ENTRY, PARAMETERS, STATEMENT} from "./schema.js";
import {BY_NODES, decodeJob, isName} from "./voucher.js";

const CHARTER_SIZE_MAX = 65535, ENTRY_SIZE_MAX = 16384, TIME_MAX = (1n << 53n) - 1n;

const atMost = (value, most, what) => must(value <= most, `the ${what} is ${value}, not at most ${most}`);

function checkAmount({amount}) {
  must(amount >= 1n && amount <= TIME_MAX, `the amount is ${amount}, not 1 to ${TIME_MAX}`);
}

function checkParameters(parameters) {
  must(parameters !== null && parameters.version === 1, "the charter has no parameters of version 1");
  for (const [name, , least, most] of PARAMETERS)
    must(parameters[name] >= least && parameters[name] <= most,
      `the charter's ${name} is ${parameters[name]}, not ${least} to ${most}`);
  must(parameters.unbonding_ms >= parameters.dispute_ms, "the charter's unbonding_ms is below its dispute_ms");
  must(parameters.referees % 2 === 1, "the charter's referees are not an odd number");
  for (const window of ["draw_ms", "commit_ms", "reveal_ms", "move_ms"])
    must(parameters.skew_ms <= 1000n || parameters.skew_ms <= parameters[window] / 4n,
      `the charter's skew_ms is above a quarter of its ${window}`);
}

function checkCharter(charter) {
  const {founder, clerk, witnesses, origin} = charter, names = new Set(witnesses.map(({name}) => name));
  must(charter.version === 1, `the charter has version ${charter.version}; this page reads version 1`);
  must(/^[a-z0-9./-]{1,128}$/.test(origin), "the charter's origin is not 1 to 128 of its characters");
  must(!isEqual(founder, clerk), "founder and clerk of the charter are one key");
  must(witnesses.length >= 1, "the charter has no witnesses");
  witnesses.forEach(({name, key}, i) => {
    must(isName(name), `witness ${i} has no name of the right form`);
    must(i === 0 || compare(witnesses[i - 1].key, key) < 0,
      `witness ${i}: its key is there twice, or keys are not in order`);
    must(!isEqual(key, founder) && !isEqual(key, clerk), `witness ${i} has the founder's or the clerk's key`);
  });
  must(names.size === witnesses.length, "two witnesses of the charter share a name");
  checkParameters(charter.parameters);
}

async function checkJobOpen(open) {
  const job = await decodeJob(open.job), byNodes = job.segments.filter(({by}) => by === BY_NODES).length;
  atMost(open.fee, 1n << 40n, "fee");
  open.excluded.forEach((name, i) => must(isName(name) && (i === 0 || open.excluded[i - 1] < name),
    "an excluded operator has no name, is there twice, or they are not in order"));
  must(job.quorum % 2 === 1 && job.quorum <= 31, `the job's quorum is ${job.quorum}, not odd and at most 31`);
  atMost(byNodes, 16, "number of segments by nodes");
  must((open.input === null) === (job.segments[0].by === BY_NODES),
    "an input is given though segment 0 is by nodes, or none is though it is not");
  must(open.trial === null || (job.quorum === 1 && byNodes === 1), "a trial has quorum 1 and one segment by nodes");
  open.job = job;
}

function checkAnchor({size, cosignatures}) {
  atMost(size, (1n << 63n) - 1n, "size of an anchor");
  cosignatures.forEach(({witness, time}, i) => {
    atMost(witness, 15, "witness");
    atMost(time, TIME_MAX / 1000n, "time of a cosignature");
    must(i === 0 || cosignatures[i - 1].witness < witness, "an anchor's cosignatures are not in order");
  });
}

async function checkEvidence({first, second}) {
  for (const bytes of [first, second]) {
    const draft = await readEntry(bytes);
    must(draft.kind === "commit" && draft.time_ms === 0n, "only drafts of commits are evidence");
  }
}

function checkContest({segment, round}) {
  atMost(segment, 255, "segment");
  atMost(round, 3, "round");
}

const CHECKS = {
  charter: checkCharter,
  deposit: checkAmount, withdraw: checkAmount, stake: checkAmount, unstake: checkAmount,
  hold: ({first, last}) => must(first < last, "the operators held are none"),
  job_open: checkJobOpen,
  input: ({segment}) => atMost(segment, 255, "segment"),
  sortition: checkContest, draw: checkContest, commit: checkContest, reveal: checkContest,
  close: (close) => { checkContest(close); atMost(close.commits, 319, "number of commits"); },
  verdict: (verdict) => { checkContest(verdict); atMost(verdict.agreeing, 319, "number agreeing"); },
  anchor: checkAnchor,
  evidence: checkEvidence,
  dispute_open: ({segment}) => atMost(segment, 255, "segment"),
  dispute_move: ({step}) => atMost(step, 31, "step of a dispute"),
};

async function readEntry(bytes) {
  atMost(bytes.length, CHARTER_SIZE_MAX, "entry's size");
  const entry = decode(ENTRY, bytes, "entry"), said = decode(STATEMENT, entry.statement, "statement");
  atMost(entry.time_ms, TIME_MAX, "entry's time");
  if (said.kind === undefined) refuse("the statement says nothing, or is of a kind that this page does not know");
  must(said.kind !== "charter" || said.number === 1n, `the charter has number ${said.number}, not 1`);
  must(COUNTED.has(said.kind) === said.number > 0n,
    `the ${said.kind} has no number, or one though statements of its kind have none`);
  if (said.kind !== "charter") atMost(bytes.length, ENTRY_SIZE_MAX, `${said.kind}'s size`);
  if (Object.hasOwn(CHECKS, said.kind)) await CHECKS[said.kind](said.body);
  return {...entry, ...said, bytes};
}

// {time_ms, writer, signature, statement, number, kind, body, bytes}; body.job of a job_open is read.
export const decodeEntry = readEntry;

// What its writer signed.
export const signedOfEntry = (entry, ledger) =>
  transcript("vouch/entry/v1", ["ledger", ledger], ["statement", entry.statement]);

// Of an entry that is a charter: its bytes stand in the statement behind number 1 and their size.
export function ledgerIdOf(entry) {
  let at = 3; // number: tag, 1; charter: tag
  while (entry.statement[at] >= 128) at++;
  return transcript("vouch/ledger/v1", ["charter", entry.statement.subarray(at + 1)]);
}
