// The claims that join input and output: proof, ends, input, output.
import {restOnFounder} from "./claims.js";
import {verifyProofs} from "./proofs.js";
import {FALSE, NOT_CHECKED, NOT_CLAIMED, NOT_SHOWN, SHOWN} from "./verdicts.js";
import {BY_NODES} from "./voucher.js";

function missingForProof(judge) {
  if (judge.reader.model === null)
    return "what they must be about is made from the model: drop M.vouch here too";
  if (!judge.holdsModel) return "the model that you hold is another";
  return judge.values === null ? "the job that they are for does not hold" : null;
}

function judgeChain(judge) {
  const {segments} = judge.job, count = judge.proven.size, of = segments.length;
  const gap = segments.findIndex((_, i) => !judge.proven.has(i));
  if (gap < 0) {
    judge.say("proof", SHOWN, `${count} of ${of} segments are proven, each on what the one before gave, from ` +
      "the input to the output; that their annexes hold this model's parameters is its owner's word");
    return;
  }
  const {first, last, by} = segments[gap];
  judge.say("proof", NOT_SHOWN, `${count} of ${of} segments are proven, but not segment ${gap} (operators ` +
    `${first} to ${last}), which ${by === BY_NODES ? "nodes" : "the client itself"} ran`);
}

async function checkProofs(judge) {
  const {model, verifier} = judge.reader;
  const {isRight, why} = await verifyProofs(judge.voucher, judge.recount, model, judge.values, verifier);
  if (isRight === false) judge.say("proof", FALSE, why);
  else if (isRight !== true) judge.say("proof", NOT_CHECKED, `the proofs could not be checked: ${why}`);
  else if (judge.verdictOf("model") !== SHOWN)
    judge.say("proof", NOT_SHOWN, "the proofs rest on the owner of the model, which is not shown");
  else judgeChain(judge);
}

export async function judgeProof(judge) {
  const come = `${judge.proven.size} of ${judge.job.segments.length} segments come with proofs, but `;
  const missing = missingForProof(judge);
  if (judge.proven.size === 0) judge.say("proof", NOT_CLAIMED, "the voucher carries no proof");
  else if (missing !== null) judge.say("proof", NOT_SHOWN, come + missing);
  else if (judge.reader.verifier === null)
    judge.say("proof", NOT_CHECKED, `${come}this page came without vouch-verify.wasm, which checks them`);
  else await checkProofs(judge);
}

// Why the model is not run again. Here it never is.
function missingForRerun(judge) {
  const {model, opening} = judge.reader;
  if (model !== null && !judge.holdsModel) return "the model that you hold is another";
  if (model !== null && opening !== null && judge.opened.input === false)
    return "the opening does not open the input";
  return "this page does not run models; vouch verify --model --opening does";
}

// `vouch verify` would run the model; without what it takes, it says "not shown" as well.
function notRun(judge) {
  return judge.holdsModel && judge.reader.opening !== null ? NOT_CHECKED : NOT_SHOWN;
}

export function judgeEnds(judge) {
  const {length} = judge.job.segments, own = length - judge.byNodes, {recount} = judge;
  const say = (verdict, reason) => judge.say("ends", verdict, reason), missing = missingForRerun(judge);
  if (judge.proven.size === length && judge.verdictOf("proof") === SHOWN)
    say(SHOWN, "proofs of every segment join the input's commitment to the output's");
  else if (judge.verdictOf("split") === FALSE || recount.isOutputSplit)
    say(NOT_SHOWN, "votes and output are not joined, see above");
  else if (own > 0)
    say(notRun(judge), `the client ran ${own} of ${length} segments itself, which only running them again can ` +
      `check: ${missing}`);
  else if (!judge.isFounderNamed) restOnFounder(judge, "ends");
  else if (judge.verdictOf("quorum") === NOT_SHOWN)
    say(notRun(judge), `it rests on the quorum, which is not shown: ${missing}`);
  else if (!recount.haveMajorities || !recount.isOutputJoined || judge.verdictOf("quorum") !== SHOWN)
    say(notRun(judge), `the votes do not join input and output: ${missing}`);
  else
    say(SHOWN, "nodes ran every segment, and each voted on what the one before gave; the client's word on the " +
      "output is the last one's");
}

// Is there nothing more to say of this end, after the opening?
function isSettled(judge, end) {
  const opened = judge.opened[end];
  if (opened === null)
    judge.say(end, NOT_CHECKED,
      "commitments that open inside proofs are not opened here; vouch verify --opening does");
  if (opened === false)
    judge.say(end, FALSE, "the opening opens another commitment: it is of another job, or its secret, input or " +
      "output is not what the client committed to");
  return opened === null || opened === false;
}

export function judgeInput(judge) {
  const votes = judge.verdictOf("split"), say = (verdict, reason) => judge.say("input", verdict, reason);
  const opened = judge.reader.opening !== null ? ", and the opening shows the input itself" : "";
  if (isSettled(judge, "input")) return;
  if (judge.verdictOf("proof") === SHOWN)
    say(SHOWN, `the proof is about the input behind the job's commitment${opened}`);
  else if (votes === FALSE) say(NOT_SHOWN, "it rests on the nodes' votes, and they do not hold");
  else if (!judge.isFounderNamed) restOnFounder(judge, "input");
  else if (!judge.voucher.results.some((result) => result.votes.length > 0))
    say(NOT_SHOWN, "no node has signed for the job that fixes it");
  else say(SHOWN, `every node signed for the job that fixes its commitment${opened}`);
}

export function judgeOutput(judge) {
  const say = (verdict, reason) => judge.say("output", verdict, reason);
  const isVoted = judge.recount.isOutputJoined && judge.verdictOf("split") === SHOWN;
  if (isSettled(judge, "output")) return;
  if (judge.recount.isOutputSplit)
    say(FALSE, "the client's output is not the one that the last segment's nodes voted for");
  else if (judge.verdictOf("client") !== SHOWN)
    say(NOT_SHOWN, `it rests on the client's signature, which is ${judge.verdictOf("client")}`);
  else
    say(SHOWN, "its commitment is signed by the client" +
      (isVoted ? ", and is what the last segment's nodes voted for" : "") +
      (judge.reader.opening !== null ? "; the opening shows the output itself" : ""));
}
