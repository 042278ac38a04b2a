// Vouchers, jobs and registries: reading one, and every rule of specs/voucher.md, sections 1 and 3, and
// specs/registry.md. What is wrong is refused, with a reason.
import {checkAttestations, checkCount} from "./attestation.js";
import {compare, hex} from "./bytes.js";
import {isSigned} from "./ed25519.js";
import {transcript} from "./hash.js";
import {decode} from "./protobuf.js";
import {must} from "./refusal.js";
import {JOB, REGISTRY, SIGNED_REGISTRY, VOUCHER} from "./schema.js";

export const VOUCHER_SIZE_MAX = 64 << 20;
const JOB_SIZE_MAX = 64 << 10, REGISTRY_SIZE_MAX = 2 << 20, CHECKPOINT_SIZE_MAX = 16 << 10;
const SIGNATURE_FIELD_SIZE = 66;
export const BY_CLIENT = 1, BY_NODES = 2, NODE = 1, CLIENT = 2;
export const SHA256 = 1, MATRIX = 2; // kinds of commitments

export const isName = (name) => /^[a-z0-9.-]{1,64}$/.test(name);

function checkVersion(what, version) {
  must(version === 1, `the ${what} has version ${version}; this page reads version 1`);
}

function checkSegments({segments}) {
  must(segments.length > 0, "the job has no segments");
  segments.forEach(({first, last, by}, i) => {
    const want = i === 0 ? 0 : segments[i - 1].last;
    must(first === want, `segment ${i} starts at operator ${first}, not at ${want} where the one before ends`);
    must(last > first, `segment ${i} has no operators`);
    must(by === BY_CLIENT || by === BY_NODES, `segment ${i} is run by neither the client (1) nor nodes (2)`);
  });
  must(segments.some(({by}) => by === BY_NODES), "the job leaves no segment to nodes");
}

function checkCommitment({kind, columns}, whose) {
  must((kind === SHA256 && columns === 0) || (kind === MATRIX && columns >= 9 && columns <= 16),
    `the ${whose} commitments are neither of kind 1 (SHA-256) nor of kind 2 (of a matrix) with 2^9 to 2^16 ` +
    "cells a row");
}

// With its id.
export async function decodeJob(bytes) {
  must(bytes.length <= JOB_SIZE_MAX, `the job has ${bytes.length} bytes, not at most ${JOB_SIZE_MAX}`);
  const job = decode(JOB, bytes, "job");
  checkVersion("job", job.version);
  must(job.input !== null, "the job commits to no input");
  checkCommitment(job.input, "job's");
  must(job.batch >= 1 && job.batch <= 4096, `the job's batch is ${job.batch}, not 1 to 4096`);
  must(job.quorum >= 1 && job.quorum <= 101, `the job's quorum is ${job.quorum}, not 1 to 101`);
  checkSegments(job);
  must(job.nonces.length === job.segments.length + 1, `the job pins ${job.nonces.length} nonces; ` +
    `${job.segments.length} segments have ${job.segments.length + 1} boundaries`);
  return {...job, id: await transcript("vouch/job/v1", ["job", bytes])};
}

function checkMembers(members) {
  const vrfs = new Set();
  members.forEach(({key, operator, role, vrf}, i) => {
    must(isName(operator), `the operator of member ${i} is not 1 to 64 of the characters a-z, 0-9, "." and "-"`);
    must(role === NODE || role === CLIENT, `member ${i} has role ${role}, which is neither node (1) nor client (2)`);
    must(i === 0 || compare(members[i - 1].key, key) < 0,
      `member ${i}: its key is there twice, or keys are not in order`);
    if (vrf === null) return;
    must(role === NODE, `member ${i} is a client with a VRF key; only nodes draw`);
    must(!vrfs.has(hex(vrf)), "two nodes have the same VRF key: each needs one of its own");
    vrfs.add(hex(vrf));
  });
}

async function decodeRegistry(bytes) {
  must(bytes.length <= REGISTRY_SIZE_MAX,
    `the registry has ${bytes.length} bytes, not at most ${REGISTRY_SIZE_MAX}`);
  const outer = decode(SIGNED_REGISTRY, bytes, "signed registry");
  const registry = decode(REGISTRY, outer.registry, "registry");
  checkVersion("registry", registry.version);
  must(isName(registry.network), 'the network\'s name is not 1 to 64 of the characters a-z, 0-9, "." and "-"');
  checkMembers(registry.members);
  const digest = await transcript("vouch/registry/v1", ["registry", outer.registry]);
  must(await isSigned(outer.founder, digest, outer.signature),
    `the registry of "${registry.network}" is not signed by the founder's key inside it: it was altered; ` +
    "fetch it again");
  const byKey = new Map(registry.members.map((member) => [hex(member.key), member]));
  return {...registry, digest, founder: outer.founder, find: (key) => byKey.get(hex(key))};
}

function isInOrder(a, b) {
  const order = compare(a.node, b.node);
  return order < 0 || (order === 0 && a.kind < b.kind);
}

function checkAgreement({checkpoint, leaves}, segment) {
  must(checkpoint.length >= 1 && checkpoint.length <= CHECKPOINT_SIZE_MAX,
    `the agreement on segment ${segment} has a checkpoint of ${checkpoint.length} bytes, not 1 to ` +
    `${CHECKPOINT_SIZE_MAX}`);
  must(leaves.length >= 1, `the agreement on segment ${segment} has no leaves`);
  leaves.forEach(({position, entry}, i) => {
    must(i === 0 || position > leaves[i - 1].position,
      `the leaves of the agreement on segment ${segment} are not in ascending order at position ${position}`);
    must(entry.length >= 1 && entry.length <= 65535,
      `the leaf at position ${position} has an entry of ${entry.length} bytes, not 1 to 65535`);
  });
}

function checkResult(result, i, job) {
  const {segment, votes, faults, proof, agreement, attestations} = result;
  must(segment < job.segments.length, `result ${i} is for segment ${segment}, which the job does not have`);
  must(job.segments[segment].by === BY_NODES ||
    (proof !== null && agreement === null && votes.length + faults.length + attestations.length === 0),
  `result ${i} is for segment ${segment}, which the job leaves to no node, and is not a proof alone`);
  votes.forEach((vote, j) => must(j === 0 || compare(votes[j - 1].node, vote.node) < 0,
    `segment ${segment}: vote ${j} is not in ascending order of nodes, or its node votes twice`));
  faults.forEach((fault, j) => {
    must(fault.kind >= 1 && fault.kind <= 9, `segment ${segment}: fault ${j} is of no known kind`);
    must(j === 0 || isInOrder(faults[j - 1], fault),
      `segment ${segment}: fault ${j} is not in ascending order of nodes and kinds`);
  });
  if (agreement !== null) checkAgreement(agreement, segment);
  checkAttestations(result);
  if (proof === null) return;
  must(job.input.kind === MATRIX, `segment ${segment} has a proof, but the job's commitments open inside none`);
  must(proof.annex.length > 0 && proof.proof.length > 0,
    `segment ${segment} has a proof without bytes, or without its annex`);
}

export async function decodeVoucher(bytes) {
  must(bytes.length <= VOUCHER_SIZE_MAX, `the voucher has ${bytes.length} bytes, not at most ${VOUCHER_SIZE_MAX}`);
  const voucher = decode(VOUCHER, bytes, "voucher");
  checkVersion("voucher", voucher.version);
  must(voucher.output !== null, "the voucher commits to no output");
  const job = await decodeJob(voucher.job), registry = await decodeRegistry(voucher.registry);
  must(voucher.output.kind === job.input.kind && voucher.output.columns === job.input.columns,
    "the voucher's output commitment is of another kind than the job's");
  voucher.results.forEach((result, i) => {
    must(i === 0 || voucher.results[i - 1].segment < result.segment,
      `results are not in ascending order of segments at result ${i}`);
    checkResult(result, i, job);
  });
  checkCount(voucher.results);
  // The signature is the last field: all before it is signed.
  const signed = bytes.subarray(0, bytes.length - SIGNATURE_FIELD_SIZE);
  return {...voucher, job, registry, signed: await transcript("vouch/voucher/v1", ["voucher", signed])};
}
