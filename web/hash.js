// Hashes, transcripts and Merkle trees: specs/transcript.md. SHA-2 is the platform's.
import {concat, fromText, isEqual, u64le} from "./bytes.js";

const digestOf = async (name, parts) => new Uint8Array(await crypto.subtle.digest(name, concat(...parts)));

export const sha256 = (...parts) => digestOf("SHA-256", parts);
export const sha512 = (...parts) => digestOf("SHA-512", parts);

const short = (text) => {
  const content = fromText(text);
  return concat(Uint8Array.of(content.length), content);
};

// Items are [label, value]; a value is bytes or a number.
export function transcript(protocol, ...items) {
  return sha256(short(protocol), ...items.flatMap(([label, value]) => {
    const content = value instanceof Uint8Array ? value : u64le(value);
    return [short(label), u64le(content.length), content];
  }));
}

export const leafOf = (content) => sha256(Uint8Array.of(0), content);
const parentOf = (left, right) => sha256(Uint8Array.of(1), left, right);

// Is the leaf at `index` (a BigInt) of the tree with `size` leaves and this root?
export async function isIncluded(root, size, leaf, index, path) {
  if (index >= size) return false;
  let digest = leaf, node = index, last = size - 1n;
  for (const sibling of path) {
    if (last === 0n) return false; // more siblings than levels
    while ((node & 1n) === 0n && node === last) {
      node >>= 1n;
      last >>= 1n;
    }
    digest = (node & 1n) === 1n ? await parentOf(sibling, digest) : await parentOf(digest, sibling);
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && isEqual(digest, root);
}
