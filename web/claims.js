// The claims that rest on keys: client, model, votes, ledger. Reasons are those of `vouch verify`, but for
// what a reader can do about them here.
import {hex, isEqual} from "./bytes.js";
import {isSigned} from "./ed25519.js";
import {transcript} from "./hash.js";
import {quorumReason, splitReason} from "./reasons.js";
import {FALSE, NOT_CLAIMED, NOT_SHOWN, SHOWN} from "./verdicts.js";

const SKEW_MAX_MS = 300000n;
export const isAmong = (key, keys) => keys.some((named) => isEqual(named, key));

// All that rests on the registry.
export function restOnFounder(judge, claim) {
  const {network, founder} = judge.registry;
  judge.say(claim, NOT_SHOWN, `it rests on the nodes of network "${network}", whose founder ${hex(founder)} ` +
    "you did not name; name that key above if you know it to be right");
}

export async function judgeClient(judge) {
  const {client_signature: signature, signed, finished_ms: then} = judge.voucher;
  const {now, clients} = judge.reader, {client} = judge.job;
  if (!await isSigned(client, signed, signature))
    judge.say("client", FALSE, `the signature is not that of the job's client ${hex(client)} over these bytes`);
  else if (then > now + SKEW_MAX_MS)
    judge.say("client", FALSE, `client ${hex(client)} says that it finished at ${then} ms, which is yet to ` +
      `come at ${now} ms`);
  else if (clients.length > 0 && !judge.isClientNamed)
    judge.say("client", NOT_SHOWN, `signed by client ${hex(client)}, which is none of those that you named; ` +
      "name that key above too if you know it to be right");
  else judge.say("client", SHOWN, `signed by client ${hex(client)}`);
}

// Of a model that the reader holds and that is the job's. A manifest has no owner.
function judgeHeldModel(judge, identity, owner) {
  const {model} = judge.reader;
  if (judge.isOwnerNamed || (model.owner !== null && isEqual(model.owner, judge.voucher.owner)))
    judge.say("model", SHOWN, `it is the model that you hold, ${identity}, signed by owner ${owner}`);
  else if (model.owner !== null)
    judge.say("model", NOT_SHOWN, "it is the model that you hold, but another owner than yours signed it here: " +
      `${owner}; name that key above if you know it to be right`);
  else
    judge.say("model", NOT_SHOWN, `it is the model that you hold, signed by owner ${owner}, whom you did not ` +
      "name; name that key above if you know it to be right");
}

export async function judgeModel(judge) {
  const {owner: key, owner_signature: signature} = judge.voucher, {model} = judge.reader;
  const identity = hex(judge.job.model), owner = hex(key);
  const signed = await transcript("vouch/model-owner/v1", ["identity", judge.job.model]);
  if (!await isSigned(key, signed, signature))
    judge.say("model", FALSE, `model ${identity} is not signed by owner ${owner}, whom the voucher names`);
  else if (judge.holdsModel) judgeHeldModel(judge, identity, owner);
  else if (model !== null)
    judge.say("model", FALSE, `it is model ${identity}, not the ${hex(model.identity)} that you hold`);
  else if (judge.isOwnerNamed) judge.say("model", SHOWN, `model ${identity}, signed by owner ${owner}`);
  else
    judge.say("model", NOT_SHOWN, `model ${identity} is signed by owner ${owner}, whom you did not name; name ` +
      "that key above, or drop M.vouch here too, if you know it to be right");
}

function sayVotes(judge, verdict, reason, quorumVerdict = verdict) {
  judge.say("split", verdict, reason);
  judge.say("quorum", quorumVerdict, reason);
}

// Why the quorum is by none of the ledgers that the reader named; null where it is, or they named none.
function whyElsewhere({agreed, agreementCount, byNodes, reader: {ledgers}}) {
  const found = agreed.find((one) => one !== null);
  if (ledgers.length === 0) return null;
  if (found === undefined || agreementCount < byNodes)
    return `you named ledgers, and ${agreementCount} of ${byNodes} segments come with an agreement on one: the ` +
      "others' votes are whatever the client chose to show";
  return isAmong(found.ledger, ledgers) ? null
    : `its agreements are on ledger ${hex(found.ledger)} (${found.origin}), which is none of those that you named`;
}

function judgeQuorum(judge) {
  const {quorum} = judge.job, least = judge.reader.quorum, elsewhere = whyElsewhere(judge);
  if (quorum < least)
    judge.say("quorum", NOT_SHOWN, `the job asked for ${quorum} votes a segment, and you require ${least}; ` +
      `name ${quorum} above to be content with that`);
  else if (elsewhere !== null) judge.say("quorum", NOT_SHOWN, elsewhere);
  else judge.say("quorum", SHOWN, quorumReason(judge));
}

// Split and quorum, which rest on the same votes. `unsound`: what is wrong with the job, or null.
export function judgeVotes(judge, unsound) {
  const {recount, voucher} = judge;
  if (unsound !== null) sayVotes(judge, FALSE, unsound);
  else if (voucher.results.length === 0) sayVotes(judge, NOT_CLAIMED, "the voucher holds no votes");
  else if (judge.agreementFault !== null) sayVotes(judge, FALSE, judge.agreementFault);
  else if (!recount.areValid) sayVotes(judge, FALSE, recount.why);
  else if (!recount.haveMajorities) sayVotes(judge, NOT_SHOWN, recount.why, FALSE);
  else if (!judge.isFounderNamed) {
    restOnFounder(judge, "split");
    restOnFounder(judge, "quorum");
  } else {
    judge.say("split", SHOWN, splitReason(judge));
    judgeQuorum(judge);
  }
}

// Which ledger a voucher may speak of is not for the voucher to say.
export function judgeLedger(judge) {
  const found = judge.agreed.find((one) => one !== null), {ledgers} = judge.reader;
  if (judge.agreementFault !== null) judge.say("ledger", FALSE, judge.agreementFault);
  else if (found === undefined) judge.say("ledger", NOT_CLAIMED, "the voucher speaks of no ledger: votes were direct");
  else if (!judge.isFounderNamed) restOnFounder(judge, "ledger");
  else if (ledgers.length === 0)
    judge.say("ledger", NOT_SHOWN, `it is ${found.origin} with id ${hex(found.ledger)}, a ledger of that ` +
      "founder's, and you named none; name that id above if you know it to be right");
  else if (!isAmong(found.ledger, ledgers))
    judge.say("ledger", NOT_SHOWN, `it is ${found.origin} with id ${hex(found.ledger)}, which is none of those ` +
      "that you named");
  else judge.say("ledger", SHOWN, `it is ${found.origin} with id ${hex(found.ledger)}`);
}
