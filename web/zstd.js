// One zstd frame (RFC 8878) that says its size: what a model's manifest may be stored in. Checksums are
// passed over: what comes out is hashed by whoever asked.
import {viewOf} from "./bytes.js";
import {BackwardBits, check, fseTable, huffmanStream, readFse, readHuffman} from "./zstd_codes.js";

const MAGIC = 0xfd2fb528, RAW = 0, RLE = 1, COMPRESSED = 2;

// [literals, bytes that they took]
function readLiterals(block, state) {
  check(block.length > 0);
  const type = block[0] & 3, format = block[0] >> 2 & 3;
  const number = (size) => {
    check(block.length >= size);
    let value = 0;
    for (let i = size; i-- > 0;) value = value * 256 + block[i];
    return value;
  };
  if (type < COMPRESSED) {
    const [head, shift] = format === 1 ? [2, 4] : format === 3 ? [3, 4] : [1, 3];
    const size = number(head) >> shift, end = head + (type === RAW ? size : 1);
    check(end <= block.length);
    return [type === RAW ? block.subarray(head, end) : new Uint8Array(size).fill(block[head]), end];
  }
  const [head, width] = format < 2 ? [3, 10] : format === 2 ? [4, 14] : [5, 18], value = number(head);
  const size = Math.floor(value / 16) % 2 ** width, packed = Math.floor(value / 2 ** (4 + width)) % 2 ** width;
  check(head + packed <= block.length && size <= 1 << 17);
  let body = block.subarray(head, head + packed), used = 0;
  if (type === COMPRESSED) [state.huffman, used] = readHuffman(body);
  check(state.huffman !== null);
  body = body.subarray(used);
  const out = new Uint8Array(size);
  if (format === 0) {
    huffmanStream(out, 0, size, body, state.huffman);
    return [out, head + packed];
  }
  check(body.length > 6);
  const view = viewOf(body), each = size + 3 >> 2;
  for (let i = 0, at = 6; i < 4; i++) {
    const end = i < 3 ? at + view.getUint16(2 * i, true) : body.length;
    check(end <= body.length);
    huffmanStream(out, i * each, i < 3 ? each : size - 3 * each, body.subarray(at, end), state.huffman);
    at = end;
  }
  return [out, head + packed];
}

// Bases and extra bits of the codes of lengths: literals from 0, matches from 3.
function codes(direct, from, extras) {
  const out = Array.from({length: direct}, (_, i) => [from + i, 0]);
  let base = from + direct;
  for (const bits of extras) {
    out.push([base, bits]);
    base += 2 ** bits;
  }
  return out;
}
const LITERAL_CODES = codes(16, 0, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCH_CODES = codes(32, 3, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const KINDS = [
  {name: "literals", logMax: 9, symbolMax: 35, log: 6, counts: [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1]},
  {name: "offsets", logMax: 8, symbolMax: 31, log: 5, counts: [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1]},
  {name: "matches", logMax: 9, symbolMax: 52, log: 6, counts: [1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1]},
];

function readTables(body, modes, state) {
  let at = 0;
  KINDS.forEach((kind, i) => {
    const mode = modes >> 6 - 2 * i & 3;
    if (mode === 0) state[kind.name] = fseTable(kind.counts, kind.log);
    if (mode === 1) {
      check(at < body.length && body[at] <= kind.symbolMax);
      state[kind.name] = {table: [{symbol: body[at++], bits: 0, base: 0}], log: 0};
    }
    if (mode === 2) {
      const [table, used] = readFse(body.subarray(at), kind.logMax, kind.symbolMax);
      state[kind.name] = table;
      at += used;
    }
    check(state[kind.name] !== null);
  });
  return at;
}

// One of the last three offsets, or a new one.
function offsetOf(value, hasLiterals, recent) {
  const index = value + (hasLiterals ? 0 : 1) - 1;
  if (value > 3) return recent.unshift(value - 3), recent.pop(), recent[0];
  const offset = index === 3 ? recent[0] - 1 : recent[index];
  check(offset > 0);
  if (index === 0) return offset;
  if (index > 1) recent[2] = recent[1];
  recent[1] = recent[0];
  return recent[0] = offset;
}

function readSequences(out, literals, body, state) {
  check(body.length > 0);
  let count = body[0], at = 1, from = 0;
  const copyLiterals = (size) => {
    check(from + size <= literals.length);
    out.put(literals.subarray(from, from += size));
  };
  if (count >= 128) {
    check(body.length >= 3);
    [count, at] = count < 255 ? [(count - 128 << 8) + body[1], 2] : [body[1] + (body[2] << 8) + 0x7f00, 3];
  }
  if (count > 0) {
    check(at < body.length);
    const modes = body[at++];
    at += readTables(body.subarray(at), modes, state);
    const stream = new BackwardBits(body.subarray(at)), tables = KINDS.map(({name}) => state[name]);
    const states = tables.map(({log}) => stream.read(log));
    for (let i = 0; i < count; i++) {
      const [l, o, m] = tables.map(({table}, kind) => table[states[kind]]);
      const value = 2 ** o.symbol + stream.read(o.symbol);
      const [matchBase, matchBits] = MATCH_CODES[m.symbol], match = matchBase + stream.read(matchBits);
      const [literalBase, literalBits] = LITERAL_CODES[l.symbol], size = literalBase + stream.read(literalBits);
      if (i + 1 < count)
        for (const [kind, {base, bits}] of [[0, l], [2, m], [1, o]]) states[kind] = base + stream.read(bits);
      check(stream.left >= 0);
      copyLiterals(size);
      out.repeat(offsetOf(value, size > 0, state.recent), match);
    }
    check(stream.left === 0);
  }
  copyLiterals(literals.length - from);
}

class Output {
  constructor(size) {
    this.bytes = new Uint8Array(size);
    this.at = 0;
  }

  put(part) {
    check(this.at + part.length <= this.bytes.length);
    this.bytes.set(part, this.at);
    this.at += part.length;
  }

  repeat(offset, size) {
    check(offset <= this.at && this.at + size <= this.bytes.length);
    for (let i = 0; i < size; i++, this.at++) this.bytes[this.at] = this.bytes[this.at - offset];
  }
}

// The frame's blocks begin here; it must say that it holds `size` bytes.
function readHead(frame, size) {
  check(frame.length >= 6 && viewOf(frame).getUint32(0, true) === MAGIC);
  const flags = frame[4], isSingle = (flags & 32) !== 0, width = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][flags & 3];
  check(width > 0 && frame.length >= at + width && (flags & 8) === 0);
  let stated = flags >> 6 === 1 ? 256 : 0;
  for (let i = 0; i < width; i++) stated += frame[at + i] * 256 ** i;
  check(stated === size);
  return [at + width, (flags & 4) !== 0 ? 4 : 0];
}

export function inflate(frame, size) {
  let [at, tail] = readHead(frame, size);
  const out = new Output(size), recent = [1, 4, 8];
  const state = {huffman: null, literals: null, offsets: null, matches: null, recent};
  for (let isLast = false; !isLast;) {
    check(at + 3 <= frame.length);
    const head = frame[at] | frame[at + 1] << 8 | frame[at + 2] << 16, type = head >> 1 & 3, length = head >> 3;
    at += 3;
    isLast = (head & 1) === 1;
    const end = at + (type === RLE ? 1 : length), block = frame.subarray(at, end);
    check(end <= frame.length && type <= COMPRESSED && length <= 1 << 17);
    if (type === RAW) out.put(block);
    if (type === RLE) out.put(new Uint8Array(length).fill(block[0]));
    if (type === COMPRESSED) {
      const [literals, used] = readLiterals(block, state);
      readSequences(out, literals, block.subarray(used), state);
    }
    at = end;
  }
  check(out.at === size && at + tail === frame.length);
  return out.bytes;
}
