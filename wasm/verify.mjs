// Checks proofs of vouch in a browser or in Node.js: nothing leaves the page.
//
//     const verifier = await load(bytesOfTheWasmFile)
//     const result = await verifier.verify({manifest, annex, proof, opening, owner, job})
//
// All are Uint8Arrays; opening and job may be left out; owner is the 32-byte key of the model's owner.
// The result is {accepted, code, text, claims: {model: {verdict, reason}, ...}}.

const CLAIMS = ["model", "weights", "run", "input", "output", "job"];
const VERDICTS = ["not shown", "shown", "FALSE"];
const TEXT = 512, FINDING = 4 + TEXT, RESULT = 4 + TEXT + CLAIMS.length * FINDING;
const NOT_CHECKED = 0, GOOD = 1, BAD = 2;

// Ed25519 is the platform's; where it has none, the owner's word is not shown.
async function checkSignature({owner, message, signature}) {
  try {
    const key = await crypto.subtle.importKey("raw", owner, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message) ? GOOD : BAD;
  } catch (error) {
    return error.name === "NotSupportedError" ? NOT_CHECKED : BAD;
  }
}

export async function load(bytes) {
  const {instance} = await WebAssembly.instantiate(bytes, {});
  const {memory, reserve, forget, signed, verify} = instance.exports;

  const bytesAt = (at, size) => new Uint8Array(memory.buffer, at, size);
  const textAt = (at) => {
    const text = bytesAt(at, TEXT);
    return new TextDecoder().decode(text.slice(0, text.indexOf(0)));
  };
  const put = (content) => {
    const at = reserve(content.length);
    if (at === 0) throw new RangeError("not enough memory");
    bytesAt(at, content.length).set(content);
    return at;
  };

  function signedWord(annex) {
    const out = reserve(128), code = signed(out, put(annex), annex.length);
    if (code !== 0) return null;
    const word = bytesAt(out, 128).slice();
    return {owner: word.slice(0, 32), message: word.slice(32, 64), signature: word.slice(64)};
  }

  function readResult(at, code) {
    const claims = {};
    CLAIMS.forEach((name, i) => {
      const finding = at + 4 + TEXT + i * FINDING;
      const verdict = new DataView(memory.buffer).getInt32(finding, true);
      claims[name] = {verdict: VERDICTS[verdict], reason: textAt(finding + 4)};
    });
    return {accepted: code === 0, code, text: textAt(at + 4), claims};
  }

  return {
    async verify({manifest, annex, proof, opening, owner, job}) {
      try {
        forget();
        const word = signedWord(annex);
        const signature = word ? await checkSignature(word) : NOT_CHECKED;
        forget();
        const files = new Uint32Array(8);
        [manifest, annex, proof, opening].forEach((file, i) => {
          if (file) files.set([put(file), file.length], 2 * i);
        });
        const ownerAt = owner ? put(owner) : 0, jobAt = job ? put(job) : 0;
        const filesAt = put(new Uint8Array(files.buffer));
        const result = put(new Uint8Array(RESULT));
        return readResult(result, verify(result, filesAt, ownerAt, jobAt, signature));
      } finally {
        forget();
      }
    },
  };
}
