// A model that the reader holds: M.vouch (specs/package.md) or its public manifest, and where it may be
// cut. Parameters are not read: proofs are checked without them.
import {isEqual, viewOf} from "./bytes.js";
import {isSigned} from "./ed25519.js";
import {transcript} from "./hash.js";
import {MANIFEST, OWNER} from "./model_schema.js";
import {decode} from "./protobuf.js";
import {must} from "./refusal.js";
import {BY_CLIENT} from "./voucher.js";
import {inflate} from "./zstd.js";

export const MODEL_HEAD_MAX = 64 << 20; // of what is read of a file
const MANIFEST_MAX = 64 << 20, HEAD = 64, OWNER_SIZE = 100, CONSTANT = 0;

export const isPackage = (bytes) => new TextDecoder().decode(bytes.subarray(0, 8)) === "VOUCHPKG";

// Where the sections end: so much of a package must be read.
export function packageHeadSize(bytes) {
  const view = viewOf(bytes);
  const end = HEAD + view.getUint32(12, true) + view.getUint32(20, true) + OWNER_SIZE;
  return Math.ceil(end / 64) * 64;
}

async function readManifest(bytes) {
  const graph = decode(MANIFEST, bytes, "manifest");
  must(graph.version === 1, `the manifest has version ${graph.version}; this page reads version 1`);
  must(graph.values.every(({shape}) => shape !== null), "a value of the manifest has no shape");
  for (const {inputs, output} of graph.operators)
    must([...inputs, output].every((v) => v < graph.values.length), "an operator of the manifest names no value");
  const ports = [...graph.inputs, ...graph.outputs];
  must(graph.outputs.length > 0 && ports.every(({value}) => value < graph.values.length),
    "a port of the manifest names no value");
  return {graph, manifest: bytes, owner: null,
    identity: await transcript("vouch/model/v1", ["manifest", bytes])};
}

// The manifest and the owner of M.vouch, whose head and sections `bytes` are.
async function readPackage(bytes) {
  const view = viewOf(bytes), version = view.getUint32(8, true);
  const stored = view.getUint32(12, true), size = view.getUint32(16, true), holder = view.getUint32(20, true);
  must(version === 1, `the model has version ${version}; this page reads version 1`);
  must(stored <= size && size <= MANIFEST_MAX && bytes.length >= packageHeadSize(bytes),
    "the model's file is cut short");
  const head = bytes.subarray(0, packageHeadSize(bytes)), ownerAt = HEAD + stored + holder;
  const digest = await transcript("vouch/package/v1", ["header", head.subarray(0, 32)],
    ["sections", head.subarray(HEAD)]);
  must(isEqual(digest, head.subarray(32, HEAD)), "the model's file is damaged: its header's digest is another");
  const section = head.subarray(HEAD, HEAD + stored);
  const held = await readManifest(stored === size ? section : inflate(section, size));
  const owner = decode(OWNER, head.subarray(ownerAt, ownerAt + OWNER_SIZE), "owner of the model");
  const signed = await transcript("vouch/model-owner/v1", ["identity", held.identity]);
  must(await isSigned(owner.public_key, signed, owner.signature),
    "the model's file is not signed by the owner inside it");
  return {...held, owner: owner.public_key};
}

// {identity, owner (null: a manifest has none), graph, manifest}
export const readModel = (bytes) => isPackage(bytes) ? readPackage(bytes) : readManifest(bytes);

// For each operator position the one value that crosses there; undefined where several do.
function cutsOf({operators, values, outputs}) {
  const last = new Array(values.length).fill(-1), born = new Array(values.length).fill(0);
  const isConstant = new Array(values.length).fill(false), alive = new Map(), cuts = [];
  operators.forEach(({inputs, output, kind}, p) => {
    for (const v of inputs) last[v] = p;
    born[output] = p + 1;
    isConstant[output] = kind === CONSTANT;
  });
  for (const {value} of outputs) last[value] = operators.length;
  const begins = Array.from({length: operators.length + 2}, () => []), ends = begins.map(() => []);
  values.forEach((_, v) => {
    if (last[v] < born[v]) return;
    begins[born[v]].push(v);
    ends[last[v] + 1].push(v);
  });
  for (let p = 0; p <= operators.length; p++) {
    for (const v of ends[p]) alive.delete(v);
    for (const v of begins[p]) alive.set(v, true);
    const [only] = alive.keys();
    if (alive.size === 1 && !isConstant[only]) cuts[p] = only;
  }
  return cuts;
}

// Which value crosses each of the job's boundaries. Refuses a job that does not fit the model.
export function planOf({segments}, graph) {
  const count = segments.length, end = segments[count - 1].last, cuts = cutsOf(graph), values = [];
  must(end === graph.operators.length,
    `the job ends at operator ${end}, but the model has ${graph.operators.length}`);
  must(graph.inputs.length === 1, `the model has ${graph.inputs.length} inputs, but the voucher commits to one`);
  for (let i = 0; i <= count; i++) {
    const position = i === 0 ? 0 : segments[i - 1].last;
    const isPort = (i === 0 || i === count) && segments[Math.max(0, i - 1)].by === BY_CLIENT;
    must(isPort || cuts[position] !== undefined,
      `the job cuts before operator ${position}, where more than one value crosses`);
    values[i] = cuts[position];
  }
  values[0] = graph.inputs[0].value;
  values[count] = graph.outputs[0].value;
  return values;
}

