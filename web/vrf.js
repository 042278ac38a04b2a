// Selection proofs: ECVRF-RISTRETTO255-SHA512 as specs/transcript.md, section 6, has it.
import {fromText, isEqual, littleEndian} from "./bytes.js";
import {L, combine, negate} from "./curve.js";
import {sha512} from "./hash.js";
import {GENERATOR, decodeElement, elementOfHash, encodeElement} from "./ristretto.js";

const SUITE = Uint8Array.of(0xff, ...fromText("c2sp.org/vrf-r255"));
const ZERO = Uint8Array.of(0);
const FOR_CHALLENGE = 0x02, FOR_BETA = 0x03, FOR_POINT = 0x82;

const hashFor = (purpose, ...parts) => sha512(SUITE, Uint8Array.of(purpose), ...parts);
const isIdentity = (bytes) => bytes.every((byte) => byte === 0);
const elementOf = (bytes) => isIdentity(bytes) ? null : decodeElement(bytes);

// Beta, 64 bytes; null when the proof is not one.
export async function verifySelection(key, alpha, proof) {
  const gammaBytes = proof.subarray(0, 32), challenge = proof.subarray(32, 48);
  const c = littleEndian(challenge), s = littleEndian(proof.subarray(48));
  const y = elementOf(key), gamma = elementOf(gammaBytes);
  if (y === null || gamma === null || c === 0n || s === 0n || s >= L) return null;
  const h = elementOfHash(await hashFor(FOR_POINT, key, alpha)), hBytes = encodeElement(h);
  const u = combine(s, GENERATOR, c, negate(y)), v = combine(s, h, c, negate(gamma));
  const again = await hashFor(FOR_CHALLENGE, key, hBytes, gammaBytes, encodeElement(u), encodeElement(v), ZERO);
  return isEqual(again.subarray(0, 16), challenge) ? hashFor(FOR_BETA, gammaBytes, ZERO) : null;
}
