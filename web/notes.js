// Signed notes, checkpoints and cosignatures: C2SP signed-note, tlog-checkpoint, tlog-cosignature.
import {concat, fromBase64, fromText, hex, viewOf} from "./bytes.js";
import {isSigned} from "./ed25519.js";
import {sha256} from "./hash.js";
import {must, refuse} from "./refusal.js";

const OF_LOG = 0x01, OF_WITNESS = 0x04;
const TEXT_MAX = 8192, LINES_MAX = 64, BLOB_MAX = 8192;
const BELOW = 1n << 63n; // sizes and times
const NOT_IN_NAMES = /[+\u0009-\u000d \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u;

function readLine(line) {
  const [, name, base64] = /^\u2014 ([^ ]+) (.*)$/su.exec(line) ??
    refuse("expected a signed note: a line is no signature");
  const blob = fromBase64(base64);
  must(!NOT_IN_NAMES.test(name), "expected a signed note: a name has a space or a plus");
  must(blob !== null && blob.length > 4 && blob.length <= BLOB_MAX,
    "expected a signed note: a signature is not canonical base64, or too short or long");
  return {name, id: hex(blob.subarray(0, 4)), signature: blob.subarray(4)};
}

// {text, lines}; `text` is what was signed.
export function readNote(content) {
  let note;
  try {
    note = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(content);
  } catch {
    refuse("expected a signed note: it is not UTF-8");
  }
  must(!/[\u0000-\u0009\u000b-\u001f]/u.test(note), "expected a signed note: it holds control characters");
  const end = note.lastIndexOf("\n\n");
  must(end >= 0 && note.endsWith("\n"), "expected a signed note: no empty line ends its text");
  const lines = note.slice(end + 2).split("\n").slice(0, -1);
  must(lines.length >= 1 && lines.length <= LINES_MAX, "expected a signed note: it has no signature, or too many");
  return {text: fromText(note.slice(0, end + 1)), lines: lines.map(readLine)};
}

function readNumber(digits) {
  must(/^(0|[1-9][0-9]{0,18})$/.test(digits) && BigInt(digits) < BELOW,
    "expected a checkpoint: its second line is no size: a decimal number below 2^63");
  return BigInt(digits);
}

// {origin, size, root}
function readCheckpoint(text) {
  must(text.length <= TEXT_MAX, "expected a checkpoint: it is too long");
  const whole = new TextDecoder("utf-8", {ignoreBOM: true}).decode(text); // a mark in front is part of it
  const [origin, size, base64, ...extensions] = whole.split("\n").slice(0, -1);
  const root = fromBase64(base64 ?? "");
  must(/^[!-*,-~]{1,255}$/.test(origin), "expected a checkpoint: its first line is no origin");
  must(root !== null && root.length === 32, "expected a checkpoint: its third line is no root: base64 of 32 bytes");
  must(extensions.every((line) => line !== ""), "expected a checkpoint: an extension line is empty");
  return {origin, size: readNumber(size ?? ""), root};
}

async function idOf(name, type, key) {
  return hex((await sha256(fromText(`${name}\n`), Uint8Array.of(type), key)).subarray(0, 4));
}

// All lines under this name and key hold, and there is one. `check` is of one line's signature.
async function isSignedBy(note, name, type, key, check) {
  const id = await idOf(name, type, key);
  const own = note.lines.filter((line) => line.name === name && line.id === id);
  for (const line of own) if (!await check(line.signature)) return false;
  return own.length > 0;
}

export const cosigned = (time, text) => concat(fromText(`cosignature/v1\ntime ${time}\n`), text);

async function isCosignature(key, text, signature) {
  if (signature.length !== 72) return false;
  const time = viewOf(signature).getBigUint64(0);
  return time < BELOW && await isSigned(key, cosigned(time, text), signature.subarray(8));
}

// {size, root, count}: the checkpoint, and how many of the charter's witnesses cosigned it.
export async function openCheckpoint(content, charter, needed) {
  const note = readNote(content), checkpoint = readCheckpoint(note.text);
  must(checkpoint.origin === charter.origin,
    `expected a checkpoint of the log ${charter.origin}, found one of ${checkpoint.origin}`);
  must(await isSignedBy(note, charter.origin, OF_LOG, charter.clerk, async (signature) =>
    signature.length === 64 && isSigned(charter.clerk, note.text, signature)),
  `the checkpoint of ${charter.origin} is not signed by the log's key`);
  let count = 0;
  for (const {name, key} of charter.witnesses)
    if (await isSignedBy(note, name, OF_WITNESS, key, (line) => isCosignature(key, note.text, line))) count++;
  must(count >= needed,
    `${count} of ${charter.witnesses.length} witnesses cosigned the checkpoint, and ${needed} are needed`);
  return {...checkpoint, count};
}
