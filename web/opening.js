// The client's opening: specs/voucher.md, section 5. Of a job whose commitments are of kind 1 the browser
// can tell whether it opens them.
import {isEqual, viewOf} from "./bytes.js";
import {transcript} from "./hash.js";
import {decode} from "./protobuf.js";
import {must} from "./refusal.js";
import {OPENING} from "./schema.js";
import {SHA256} from "./voucher.js";

export const OPENING_SIZE_MAX = 64 << 20; // of what a browser should hold; the format allows more
const COUNT_MAX = 1 << 28, SIZES = [0, 1, 2, 4, 8];
const READERS = {1: "getInt8", 2: "getInt16", 3: "getInt32", 4: "getBigInt64"};

function checkRange({type, data}, what) {
  const view = viewOf(data), size = SIZES[type], lowest = type === 4 ? -(1n << 63n) : -(2 ** (8 * size - 1));
  for (let at = 0; at < data.length; at += size)
    must(view[READERS[type]](at, true) !== lowest, `the opening's ${what} has numbers outside the range of its type`);
}

function checkTensor(tensor, batch, what) {
  must(tensor !== null, `the opening has no ${what}`);
  must(Object.hasOwn(READERS, tensor.type), `the opening's ${what} has type ${tensor.type}, which is unknown`);
  let count = 1;
  for (const size of tensor.dims) {
    count *= size;
    must(size > 0 && count <= COUNT_MAX, `the opening's ${what} has a shape that no tensor has`);
  }
  must(tensor.data.length === batch * count * SIZES[tensor.type],
    `the opening's ${what} has ${tensor.data.length} bytes, which is not what its shape and batch say`);
  checkRange(tensor, what);
}

export function decodeOpening(bytes) {
  const opening = decode(OPENING, bytes, "opening");
  must(opening.version === 1, `the opening has version ${opening.version}; this page reads version 1`);
  must(opening.batch >= 1 && opening.batch <= 4096, `the opening's batch is ${opening.batch}, not 1 to 4096`);
  checkTensor(opening.input, opening.batch, "input");
  checkTensor(opening.output, opening.batch, "output");
  return opening;
}

async function commitmentTo({type, dims, data}, batch, secret, boundary) {
  const nonce = await transcript("vouch/nonce/v1", ["secret", secret], ["index", boundary]);
  const digest = await transcript("vouch/tensor/v1", ["type", type], ["rank", dims.length],
    ...dims.map((size) => ["dimension", size]), ["batch", batch], ["data", data]);
  return transcript("vouch/commitment/v1", ["kind", SHA256], ["nonce", nonce], ["message", digest]);
}

async function opens(opening, {job}, boundary, tensor, commitment) {
  if (!isEqual(opening.job_id, job.id) || opening.batch !== job.batch) return false;
  if (job.input.kind !== SHA256) return null;
  return isEqual(await commitmentTo(tensor, job.batch, opening.secret, boundary), commitment);
}

// {input, output}: does it open them? Null: this page cannot tell.
export async function openEnds(opening, voucher) {
  return {
    input: await opens(opening, voucher, 0, opening.input, voucher.job.input.value),
    output: await opens(opening, voucher, voucher.job.segments.length, opening.output, voucher.output.value),
  };
}
