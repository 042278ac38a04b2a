// Proofs of segments: what they are about is worked out here, from the reader's model; the proofs
// themselves are checked by vouch-verify.wasm (wasm/verify.mjs).
import {concat, fromText, isEqual, u32le, u64le, viewOf} from "./bytes.js";
import {transcript} from "./hash.js";
import {Refusal, must} from "./refusal.js";

const SIGNED_TAIL = 96, LINK_HEAD = 36;
const MALFORMED = 3; // vouch/verify.h

function formOf({type, shape}, batch) {
  return [["type", type], ["rank", shape.dims.length],
    ...shape.dims.map((size) => ["dimension", size]), ["batch", batch]];
}

const commitmentToRoot = (value, job, root) => transcript("vouch/commitment/v1", ["kind", 2],
  ["columns", job.input.columns], ...formOf(value, job.batch), ["root", root]);

// Takes what the voucher's proofs say of the boundaries into the recount.
async function joinProofs(voucher, recount, {graph}, values) {
  for (const {segment, proof} of voucher.results) {
    if (proof === null) continue;
    const ends = [[segment, proof.input_root, "input"], [segment + 1, proof.output_root, "output"]];
    for (const [boundary, root, what] of ends)
      must(recount.join(boundary, await commitmentToRoot(graph.values[values[boundary]], voucher.job, root)),
        `the proof of segment ${segment} is about another ${what} than the rest of the voucher`);
  }
}

// {owner, columns, digest} of specs/annex.md, section 1; the digest is that of the last link.
async function readAnnex(bytes) {
  must(bytes.length >= 64 + 32 + 4 + SIGNED_TAIL, "comes with an annex that is none");
  const view = viewOf(bytes), rootAt = 64 + 4 * view.getUint32(28, true);
  must(rootAt + 36 <= bytes.length, "comes with an annex that is none");
  const baseEnd = rootAt + 36 + view.getUint32(rootAt + 32, true) + SIGNED_TAIL;
  must(baseEnd <= bytes.length, "comes with an annex that is none");
  let digest = await transcript("vouch/annex/v1", ["base", bytes.subarray(0, baseEnd)]);
  for (let at = baseEnd; at < bytes.length;) {
    must(at + LINK_HEAD <= bytes.length, "comes with an annex that is none");
    const end = at + LINK_HEAD + view.getUint32(at + 32, true);
    must(end <= bytes.length, "comes with an annex that is none");
    digest = await transcript("vouch/annex-link/v1", ["before", digest], ["root", bytes.subarray(at, at + 32)],
      ["proof", bytes.subarray(at + LINK_HEAD, end)]);
    at = end;
  }
  return {owner: bytes.subarray(baseEnd - SIGNED_TAIL, baseEnd - 64), columns: view.getUint32(12, true), digest};
}

// X.proof as specs/annex.md, section 3, has it: all but the proof is ours, not the prover's.
const proofFile = ({job}, {segment, proof}, {identity}, annex) => concat(
  fromText("VOUCHPRF"), u32le(1), u32le(job.segments[segment].first), u32le(job.segments[segment].last),
  u32le(job.batch), identity, annex.digest, job.id, proof.input_root, proof.output_root,
  u64le(proof.proof.length), proof.proof);

// Null, or why it could not be found out. Refuses what is not right.
async function checkProof(voucher, result, model, verifier) {
  const annex = await readAnnex(result.proof.annex);
  must(isEqual(annex.owner, voucher.owner), "comes with an annex of another owner than the model's");
  must(annex.columns === voucher.job.input.columns, "comes with an annex of other columns than the job's");
  const found = await verifier.verify({manifest: model.manifest, annex: result.proof.annex,
    proof: proofFile(voucher, result, model, annex), owner: voucher.owner, job: voucher.job.id});
  const claims = ["model", "weights", "run", "job"].map((name) => found.claims[name]);
  for (const {verdict, reason} of claims) must(verdict !== "FALSE", `does not hold: ${reason}`);
  must(found.code !== MALFORMED, `does not hold: ${found.text}`);
  return found.accepted === true && claims.every(({verdict}) => verdict === "shown") ? null : found.text;
}

// {isRight: true}; false with a reason; null with one, where it could not be found out.
export async function verifyProofs(voucher, recount, model, values, verifier) {
  const last = voucher.job.segments.length - 1;
  let segment = null;
  try {
    await joinProofs(voucher, recount, model, values);
    for (const result of voucher.results.filter(({proof}) => proof !== null)) {
      if (result.segment === last && model.graph.outputs.length !== 1)
        return {isRight: null, why: `segment ${last} has more than one output: only models with one are ` +
          "proven in vouchers"};
      segment = result.segment;
      const why = await checkProof(voucher, result, model, verifier);
      if (why !== null) return {isRight: null, why};
    }
    return {isRight: true};
  } catch (error) {
    if (error instanceof RangeError) return {isRight: null, why: error.message}; // no memory
    if (!(error instanceof Refusal)) throw error;
    const whose = segment === null ? "" : `the proof of segment ${segment} `;
    return {isRight: false, why: whose + error.message};
  }
}
