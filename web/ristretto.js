// The group ristretto255: RFC 9496, section 4, whose names and order these lines keep.
import {fromHex, littleEndian, toLittleEndian} from "./bytes.js";
import {D, P, add, mod, power} from "./curve.js";

const SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;
const SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235n;
const INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578n;
const ONE_MINUS_D_SQ = mod(1n - D * D), D_MINUS_ONE_SQ = mod((D - 1n) ** 2n);

const isNegative = (value) => (value & 1n) === 1n;
const absolute = (value) => isNegative(value) ? mod(-value) : value;

// [u/v is a square, the root of u/v or of SQRT_M1 u/v that is not negative]
function sqrtRatio(u, v) {
  const v3 = v * v % P * v % P, v7 = v3 * v3 % P * v % P;
  const r = mod(u * v3) * power(u * v7, (P - 5n) / 8n) % P, check = v * r % P * r % P;
  const isCorrect = check === mod(u), isFlipped = check === mod(-u);
  const isFlippedI = check === mod(-u * SQRT_M1);
  return [isCorrect || isFlipped, absolute(isFlipped || isFlippedI ? SQRT_M1 * r % P : r)];
}

// Null for what is not the one encoding of an element.
export function decodeElement(bytes) {
  const s = littleEndian(bytes);
  if (bytes.length !== 32 || s >= P || isNegative(s)) return null;
  const ss = s * s % P, u1 = mod(1n - ss), u2 = 1n + ss, u2s = u2 * u2 % P;
  const v = mod(-D * u1 % P * u1 - u2s), [wasSquare, invsqrt] = sqrtRatio(1n, v * u2s % P);
  const denX = invsqrt * u2 % P, denY = invsqrt * denX % P * v % P;
  const x = absolute(2n * s * denX % P), y = u1 * denY % P, t = x * y % P;
  return !wasSquare || isNegative(t) || y === 0n ? null : {x, y, z: 1n, t};
}

export function encodeElement({x, y, z, t}) {
  const u1 = mod((z + y) * (z - y)), u2 = x * y % P, invsqrt = sqrtRatio(1n, u1 * u2 % P * u2 % P)[1];
  const den1 = invsqrt * u1 % P, den2 = invsqrt * u2 % P, zInv = den1 * den2 % P * t % P;
  const isRotated = isNegative(t * zInv % P);
  const rotatedX = isRotated ? y * SQRT_M1 % P : x, rotatedY = isRotated ? x * SQRT_M1 % P : y;
  const denInv = isRotated ? den1 * INVSQRT_A_MINUS_D % P : den2;
  const finalY = isNegative(rotatedX * zInv % P) ? mod(-rotatedY) : rotatedY;
  return toLittleEndian(absolute(mod(denInv * (z - finalY))), 32);
}

function map(t) {
  const r = SQRT_M1 * t % P * t % P, u = (r + 1n) * ONE_MINUS_D_SQ % P;
  const v = mod((-1n - r * D) * (r + D)), [wasSquare, root] = sqrtRatio(u, v);
  const s = wasSquare ? root : mod(-absolute(root * t % P)), c = wasSquare ? -1n : r;
  const n = mod(c * (r - 1n) * D_MINUS_ONE_SQ - v);
  const w0 = 2n * s * v, w1 = n * SQRT_AD_MINUS_ONE, w2 = 1n - s * s, w3 = 1n + s * s;
  return {x: mod(w0 * w3), y: mod(w2 * w1), z: mod(w1 * w3), t: mod(w0 * w2)};
}

// 64 bytes of a hash as an element.
export function elementOfHash(bytes) {
  const half = (at) => mod(littleEndian(bytes.subarray(at, at + 32)) & ((1n << 255n) - 1n));
  return add(map(half(0)), map(half(32)));
}

export const GENERATOR = decodeElement(
  fromHex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76", 32));
