// What nodes showed of what they run: specs/voucher.md, section 7, as far as a reader without rules for
// evidence can tell. Who has such rules asks `vouch verify`: this page judges no evidence.
import {concat, fromHex, fromText, hex, isEqual} from "./bytes.js";
import {sha256, transcript} from "./hash.js";
import {must} from "./refusal.js";
import {FALSE, NOT_CLAIMED, NOT_SHOWN} from "./verdicts.js";

const BLOCK_SIZE = 276, FIELDS_AT = 20, RESPONSE_SIZE_MAX = 262144, COUNT_MAX = 1024;
const FIELDS = ["nonce", "exporter", "own", "peer", "sealingKey", "node", "facts", "policy"];
const CHANNEL = 1, REGISTRATION = 2, SERVER = 1, STATEMENT = 6;
const SPKI = fromHex("302a300506032b6570032100", 12); // of Ed25519: RFC 8410

// specs/attest.md, section 3: form alone. Null: it is none.
function readBlock(block) {
  const [version, mode, role, kind] = block.subarray(16, FIELDS_AT);
  if (block.length !== BLOCK_SIZE || !isEqual(block.subarray(0, 16), fromText("VOUCH-ATTEST-BND"))) return null;
  const fields = Object.fromEntries(FIELDS.map((name, i) =>
    [name, block.subarray(FIELDS_AT + 32 * i, FIELDS_AT + 32 * (i + 1))]));
  const has = (name) => fields[name].some((byte) => byte !== 0);
  const isTied = ["nonce", "own", "sealingKey", "node"].every(has) && has("exporter") === (mode === CHANNEL) &&
    (mode === CHANNEL || !has("peer"));
  const isKnown = version === 1 && [CHANNEL, REGISTRATION].includes(mode) && [1, 2].includes(role) && kind >= 1 &&
    kind <= STATEMENT;
  return isKnown && isTied ? {mode, role, kind, ...fields} : null;
}

// Of one result, which gets its blocks read.
export function checkAttestations({segment, votes, attestations}) {
  let at = 0;
  for (const attestation of attestations) {
    while (at < votes.length && !isEqual(votes[at].node, attestation.node)) at++;
    must(at++ < votes.length, `segment ${segment}: an attestation is of a node without a vote there, or not in ` +
      "ascending order of nodes");
    attestation.read = readBlock(attestation.block);
    must(attestation.read !== null, `segment ${segment}: an attestation has no binding block of version 1`);
    const {length} = attestation.response;
    must(length >= 1 && length <= RESPONSE_SIZE_MAX,
      `segment ${segment}: an attestation has ${length} bytes, not 1 to ${RESPONSE_SIZE_MAX}`);
  }
}

export function checkCount(results) {
  const count = results.reduce((sum, {attestations}) => sum + attestations.length, 0);
  must(count <= COUNT_MAX, `the voucher has ${count} attestations, not at most ${COUNT_MAX}`);
}

const identity = (key) => sha256(concat(SPKI, key));

// What it says against what the voucher says; null: nothing.
async function contradictionOf({node, salt, read, time_ms: time}, {job, finished_ms: finished}) {
  const nonce = await transcript("vouch/attest-nonce/v1", ["occasion", job.nonce], ["salt", salt]);
  if (read.mode !== CHANNEL || read.role !== SERVER) return "it was not made for a connection to a node";
  if (!isEqual(read.node, node) || !isEqual(read.own, await identity(node))) return "it was made by another node";
  if (!isEqual(read.peer, await identity(job.client))) return "it was made for another client";
  if (!isEqual(read.nonce, nonce)) return "it was made for another job";
  return time > finished ? "it came after the job had finished" : null;
}

export async function judgeAttested(judge) {
  const attestations = judge.voucher.results.flatMap((result) => result.attestations);
  for (const attestation of attestations) {
    const why = await contradictionOf(attestation, judge.voucher);
    if (why === null) continue;
    judge.say("attested", FALSE, `the evidence of node ${hex(attestation.node)}: ${why}`);
    return;
  }
  const shown = attestations.filter(({read}) => read.kind !== STATEMENT).length;
  if (attestations.length === 0) judge.say("attested", NOT_CLAIMED, "the voucher carries no evidence of hardware");
  else if (shown === 0)
    judge.say("attested", NOT_CLAIMED, "nodes said of themselves what they run, and nothing shows it");
  else
    judge.say("attested", NOT_SHOWN, `${shown} nodes came with evidence of what they run, which this page does not ` +
      "judge; vouch verify --attest-policy does");
}
