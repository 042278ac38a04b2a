// Bytes, and the ways in which they are written.

const DIGITS = Array.from({length: 256}, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes) {
  let out = "";
  for (const byte of bytes) out += DIGITS[byte];
  return out;
}

// `size` bytes; null for what is not exactly their hexadecimal digits.
export function fromHex(text, size) {
  if (text.length !== 2 * size || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Uint8Array.from({length: size}, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

export const fromText = (text) => new TextEncoder().encode(text);

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// Below 0, 0 or above 0, as byte strings compare.
export function compare(a, b) {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

export const isEqual = (a, b) => a.length === b.length && compare(a, b) === 0;

// `number` is a Number or a BigInt.
export function u64le(number) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(number), true);
  return out;
}

export function u32le(number) {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, number, true);
  return out;
}

export function littleEndian(bytes) {
  let out = 0n;
  for (let i = bytes.length; i-- > 0;) out = out << 8n | BigInt(bytes[i]);
  return out;
}

export function toLittleEndian(number, size) {
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++, number >>= 8n) out[i] = Number(number & 255n);
  return out;
}

export const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

// Null unless it is the one way to write these bytes.
export function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
  return toBase64(bytes) === text ? bytes : null;
}
