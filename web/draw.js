// Lots (specs/agreement.md, section 5), and how likely a committee was to be captured (section 12).
import {compare, littleEndian} from "./bytes.js";
import {transcript} from "./hash.js";

export const alphaOf = ({ledger, entry, anchor, registry, subject, segment, round}) =>
  transcript("vouch/sortition/v1", ["ledger", ledger], ["entry", entry], ["anchor", anchor],
    ["registry", registry], ["subject", subject], ["segment", segment], ["round", round]);

export const seedOfAnchor = ({size, root, cosignatures}) =>
  transcript("vouch/anchor/v1", ["size", size], ["root", root], ...cosignatures.flatMap(
    ({witness, time, signature}) => [["witness", witness], ["time", time], ["signature", signature]]));

const ONE = 1n << 56n;
const bitsOf = (value) => BigInt(value.toString(2).length);

// -log2 of beta as a number in (0, 1], in units of 2^-56.
export function exponentOf(beta) {
  const m = littleEndian(beta.subarray(0, 16)) + 1n, n = bitsOf(m) - 1n;
  if (n === 128n) return 0n;
  let y = (m << (127n - n)) >> 64n, fraction = 0n;
  for (let i = 0; i < 56; i++) {
    const square = y * y, digit = square >> 127n;
    fraction = 2n * fraction + digit;
    y = square >> (63n + digit);
  }
  return ONE * (128n - n) - fraction;
}

// Does one candidate {node, exponent, weight} come before another?
export function isBefore(a, b) {
  const left = a.exponent * b.weight, right = b.exponent * a.weight;
  return left !== right ? left < right : compare(a.node, b.node) < 0;
}

const CERTAIN = (1n << 64n) - 1n;
const upwards = (value, by) => (value + by - 1n) / by;
const least = (a, b) => a < b ? a : b;

// The chance in units of 2^-64 that more than half of `committee` seats fall to `dishonest` of `operators`.
export function captureOf(operators, dishonest, committee) {
  const chances = new Array(committee + 2).fill(0n), seats = Math.min(committee, operators);
  chances[0] = 1n << 96n;
  for (let seated = 0; seated < seats; seated++) {
    const left = operators - seated;
    for (let j = Math.min(seated, dishonest); j >= 0; j--) {
      const chance = chances[j], bad = dishonest - j;
      if (chance === 0n) continue;
      chances[j] = upwards(chance * BigInt(left - bad), BigInt(left));
      if (bad > 0) chances[j + 1] += upwards(chance * BigInt(bad), BigInt(left));
    }
  }
  const sum = chances.slice(Math.floor(committee / 2) + 1, seats + 1).reduce((a, b) => a + b, 0n);
  return least((sum + (1n << 32n) - 1n) >> 32n, CERTAIN);
}

// A bound on either of two captures.
export const either = (a, b) => least(a + b, CERTAIN);

// Two digits: "2.8e-2", "1", "0" where it cannot happen.
export function captureText(probability) {
  let scaled = probability, exponent = 0;
  for (; scaled > 0n && scaled >> 64n === 0n; exponent++) scaled *= 10n;
  let digits = (10n * scaled + (1n << 63n)) >> 64n;
  if (digits === 100n) {
    digits = 10n;
    exponent--;
  }
  if (probability === 0n) return "0";
  if (exponent === 0 || probability === CERTAIN) return "1";
  return `${digits / 10n}.${digits % 10n}e-${exponent}`;
}
