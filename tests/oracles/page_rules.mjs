// What the ledger's page must not take, whatever its platform takes: asked without a page.
//
//     node page_rules.mjs WEB
import assert from "node:assert/strict";
import {pathToFileURL} from "node:url";

const page = (name) => import(`${pathToFileURL(process.argv[2])}/${name}.js`);
const {subtle} = globalThis.crypto, {verify} = subtle;

// A platform that verifies with the cofactor, as it shows itself to whoever tries it out.
const [{canCheckSignatures, isSigned}, {concat, fromText, toBase64}, {sha256}, {openCheckpoint}] =
  await Promise.all(["ed25519", "bytes", "hash", "notes"].map(page));
subtle.verify = async (name, key, signature, message) =>
  message.every((byte) => byte === 0) || await verify.call(subtle, name, key, signature, message);
assert.equal(await canCheckSignatures(), false, "a lenient platform is taken");
subtle.verify = verify;

// A byte order mark in front of a checkpoint is part of its origin.
const {privateKey, publicKey} = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
const clerk = new Uint8Array(await subtle.exportKey("raw", publicKey)), origin = "clinics.example/ledger";

async function noteOf(text) {
  const signature = new Uint8Array(await subtle.sign("Ed25519", privateKey, fromText(text)));
  const id = (await sha256(fromText(`${origin}\n`), Uint8Array.of(1), clerk)).subarray(0, 4);
  assert(await isSigned(clerk, fromText(text), signature));
  return fromText(`${text}\n\u2014 ${origin} ${toBase64(concat(id, signature))}\n`);
}

const charter = {origin, clerk, witnesses: []}, text = `${origin}\n7\n${toBase64(new Uint8Array(32))}\n`;
assert.equal((await openCheckpoint(await noteOf(text), charter, 0)).size, 7n);
await assert.rejects(openCheckpoint(await noteOf(`\ufeff${text}`), charter, 0), /no origin/);
