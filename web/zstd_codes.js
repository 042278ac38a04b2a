// The two codes of zstd (RFC 8878, section 4): tables of FSE and of Huffman, and bits read backwards.
import {must} from "./refusal.js";

const HUFFMAN_BITS_MAX = 11;
export const check = (holds) => must(holds, "the compressed manifest is damaged");
const highestBit = (value) => 31 - Math.clz32(value);

// Bits from the last byte backwards; the highest set one only marks the end.
export class BackwardBits {
  constructor(bytes) {
    check(bytes.length > 0 && bytes.at(-1) !== 0);
    this.bytes = bytes;
    this.left = 8 * bytes.length - 8 + highestBit(bytes.at(-1));
  }

  // Past the beginning there are zeroes, which `left` < 0 tells.
  peek(count) {
    let value = 0;
    for (let i = 1; i <= count; i++) {
      const at = this.left - i;
      value = value * 2 + (at >= 0 ? this.bytes[at >> 3] >> (at & 7) & 1 : 0);
    }
    return value;
  }

  read(count) {
    const value = this.peek(count);
    this.left -= count;
    return value;
  }
}

// [{symbol, bits, base}] from probabilities; -1 stands for less than one.
export function fseTable(counts, log) {
  const size = 1 << log, symbols = new Array(size), next = counts.map((count) => count < 0 ? 1 : count);
  let high = size - 1, at = 0;
  counts.forEach((count, symbol) => { if (count < 0) symbols[high--] = symbol; });
  const step = (size >> 1) + (size >> 3) + 3;
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = at + step & size - 1; while (at > high);
    }
  });
  check(at === 0);
  const table = symbols.map((symbol) => {
    const state = next[symbol]++, bits = log - highestBit(state);
    return {symbol, bits, base: (state << bits) - size};
  });
  return {table, log};
}

// A table's description; returns it and how many bytes it took.
export function readFse(bytes, logMax, symbolMax) {
  let at = 0;
  const bit = () => {
    check(at < 8 * bytes.length);
    return bytes[at >> 3] >> (at++ & 7) & 1;
  };
  const bits = (count) => {
    let value = 0;
    for (let i = 0; i < count; i++) value |= bit() << i;
    return value;
  };
  const log = bits(4) + 5, counts = [];
  check(log <= logMax);
  let left = (1 << log) + 1;
  while (left > 1) {
    const width = highestBit(left) + 1, small = (1 << width) - 1 - left;
    let value = bits(width - 1);
    if (value >= small) {
      value += bit() << width - 1;
      if (value >= 1 << width - 1) value -= small;
    }
    const count = value - 1;
    counts.push(count);
    left -= Math.abs(count);
    check(left >= 1 && counts.length <= symbolMax + 1);
    if (count !== 0) continue;
    for (let zeroes = 3; zeroes === 3;) {
      zeroes = bits(2);
      for (let i = 0; i < zeroes; i++) counts.push(0);
      check(counts.length <= symbolMax + 1);
    }
  }
  return [fseTable(counts, log), at + 7 >> 3];
}

// Weights are coded by two states in turn.
function readFseWeights(bytes) {
  const [{table, log}, used] = readFse(bytes, 6, 255), stream = new BackwardBits(bytes.subarray(used)), out = [];
  const states = [stream.read(log), stream.read(log)];
  check(stream.left >= 0);
  for (let turn = 0; ; turn ^= 1) {
    const {symbol, bits, base} = table[states[turn]];
    out.push(symbol);
    check(out.length < 255);
    if (stream.left < bits) {
      out.push(table[states[turn ^ 1]].symbol);
      return out;
    }
    states[turn] = base + stream.read(bits);
  }
}

// [a table of 2^bits {symbol, bits}, bytes it took]
export function readHuffman(bytes) {
  check(bytes.length > 0);
  const head = bytes[0], count = head - 127, size = head < 128 ? head : count + 1 >> 1;
  check(1 + size <= bytes.length);
  const weights = head < 128 ? readFseWeights(bytes.subarray(1, 1 + size))
    : Array.from({length: count}, (_, i) => bytes[1 + (i >> 1)] >> (i % 2 === 0 ? 4 : 0) & 15);
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 1 << weight - 1 : 0), 0);
  check(sum > 0);
  const log = highestBit(sum) + 1, rest = (1 << log) - sum, table = [];
  check(log <= HUFFMAN_BITS_MAX && (rest & rest - 1) === 0);
  weights.push(highestBit(rest) + 1);
  for (let weight = 1; weight <= log; weight++)
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      for (let i = 0; i < 1 << weight - 1; i++) table.push({symbol, bits: log + 1 - weight});
    });
  check(table.length === 1 << log);
  return [{table, log}, 1 + size];
}

export function huffmanStream(out, from, count, bytes, {table, log}) {
  const stream = new BackwardBits(bytes);
  for (let i = 0; i < count; i++) {
    const {symbol, bits} = table[stream.peek(log)];
    out[from + i] = symbol;
    stream.left -= bits;
  }
  check(stream.left === 0);
}
