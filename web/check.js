// From a file that a reader dropped to a verdict. Bytes in, words out: no network, no page.
import {canCheckSignatures} from "./ed25519.js";
import {CLAIMS, judgeVoucher} from "./judge.js";
import {MODEL_HEAD_MAX, isPackage, packageHeadSize, readModel} from "./model.js";
import {OPENING_SIZE_MAX, decodeOpening} from "./opening.js";
import {Refusal, refuse} from "./refusal.js";
import {NOT_CHECKED} from "./verdicts.js";
import {VOUCHER_SIZE_MAX, decodeVoucher} from "./voucher.js";

// Without signatures nothing follows from anything.
function nothingChecked() {
  const reason = "this browser has no Ed25519 for this page (it needs HTTPS, or this very machine): no " +
    "signature can be checked";
  const findings = Object.fromEntries([...CLAIMS, "ledger"].map((claim) => [claim, {verdict: NOT_CHECKED, reason}]));
  return {findings, isAccepted: false, refusedBy: "client", dissenters: [], agreed: []};
}

// {voucher, report}, or {refusal}: why these bytes are no voucher. `reader` as judge.js has it.
export async function checkVoucher(bytes, reader) {
  try {
    if (!await canCheckSignatures()) return {refusal: null, report: nothingChecked()};
    const voucher = await decodeVoucher(bytes);
    return {refusal: null, voucher, report: await judgeVoucher(voucher, reader)};
  } catch (error) {
    if (error instanceof Refusal) return {refusal: error.message};
    throw error;
  }
}

const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
const HEAD = 64;

// A model may be large, but its parameters are not needed.
async function readModelFile(file, head) {
  const size = packageHeadSize(head);
  if (size > MODEL_HEAD_MAX) refuse(`the model's head has ${size} bytes, not at most ${MODEL_HEAD_MAX}`);
  return readModel(await bytesOf(file.slice(0, size)));
}

const OTHERS = [["opening", decodeOpening], ["model", readModel]];

// {kind: "voucher", "model" or "opening", content}. What is none of the others is taken for a voucher, so
// that its check says what is wrong with it.
export async function readFile(file) {
  const head = await bytesOf(file.slice(0, HEAD));
  if (head.length === HEAD && isPackage(head)) return {kind: "model", content: await readModelFile(file, head)};
  if (file.size > Math.max(VOUCHER_SIZE_MAX, OPENING_SIZE_MAX))
    refuse(`the voucher has ${file.size} bytes, not at most ${VOUCHER_SIZE_MAX}`);
  const bytes = await bytesOf(file);
  for (const [kind, read] of OTHERS) {
    try {
      return {kind, content: await read(bytes)};
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return {kind: "voucher", content: bytes};
}
