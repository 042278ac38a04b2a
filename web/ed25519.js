// Signatures: Ed25519, the platform's. What platforms may differ about is refused before they are asked,
// as specs/transcript.md, section 4, has it: S not below the order, a key that is not canonical or of
// small order, an R of small order.
import {fromHex, littleEndian} from "./bytes.js";
import {L, P} from "./curve.js";

const SIGN = 1n << 255n;
// Points of orders 1, 2, 4 and 8 by their y; x and -x are both among them.
const ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL = new Set([0n, 1n, P - 1n, ORDER_8, P - ORDER_8]);

const yOf = (bytes) => littleEndian(bytes) & (SIGN - 1n);
const isSmall = (y) => SMALL.has(y % P);

export async function isSigned(key, message, signature) {
  const y = yOf(key), r = signature.subarray(0, 32), s = littleEndian(signature.subarray(32));
  if (key.length !== 32 || signature.length !== 64) return false;
  if (y >= P || isSmall(y) || isSmall(yOf(r)) || s >= L) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message) === true;
  } catch {
    return false; // a key that is no point
  }
}

// specs/transcript.md, section 7.
const KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const MESSAGE = "2ed328bb17177b139c5e6ba61794bed6fc8d65af3f66224bdfb2facf7bc7e5fc";
const SIGNATURE = "43abbfa370f5566236cc43c2e82dd935a29901b826ffb871b189d1c7c80d999b" +
  "4bb25a4fa0944b674dfa83bf4e1309eedcd5b0a8e23eeb9784d304f077fd6a06";

// Right only with the cofactor: the key is 7 B + T, with T of order 8, R is 9 B, the message 32 zeroes.
const LENIENT_KEY = "16b981d0b88cdf3ab9fa87190822fe4905b475efda3aec7c34abfa92c19320f4";
const LENIENT = "c0f1225584444ec730446e231390781ffdd2f256e9fcbeb2f40dddc2c2233d7f" +
  "a7c91fdc45ad60bcd3c2f192e752b97c0c52b065e21be2f09d22bba3a99c7200";

let support = null;

async function tryOut() {
  const key = fromHex(KEY, 32), message = fromHex(MESSAGE, 32), signature = fromHex(SIGNATURE, 64);
  if (globalThis.crypto?.subtle === undefined || !await isSigned(key, message, signature)) return false;
  message[0] ^= 1;
  return !await isSigned(key, message, signature) &&
    !await isSigned(fromHex(LENIENT_KEY, 32), new Uint8Array(32), fromHex(LENIENT, 64));
}

// Can this browser check signatures? Some cannot, some take more than vouch verify does, and none does on a
// page that came over plain HTTP from another machine.
export const canCheckSignatures = () => support ??= tryOut();
