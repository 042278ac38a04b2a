// The curve edwards25519 in whole numbers, for whoever verifies: nothing here is secret, and nothing
// takes the same time twice. Points are {x, y, z, t} with x/z, y/z affine and t = xy/z.

export const P = (1n << 255n) - 19n;
export const L = (1n << 252n) + 27742317777372353535851937790883648493n; // the group's order

export function mod(value) {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

export function power(base, exponent) {
  let out = 1n;
  for (let square = mod(base); exponent > 0n; exponent >>= 1n, square = square * square % P)
    if ((exponent & 1n) === 1n) out = out * square % P;
  return out;
}

export const D = mod(-121665n * power(121666n, P - 2n));
const D_TWICE = mod(2n * D);

export const IDENTITY = {x: 0n, y: 1n, z: 1n, t: 0n};

export function add(a, b) {
  const A = (a.y - a.x) * (b.y - b.x) % P, B = (a.y + a.x) * (b.y + b.x) % P;
  const C = a.t * D_TWICE % P * b.t % P, E = 2n * a.z * b.z % P;
  const e = B - A, f = E - C, g = E + C, h = B + A;
  return {x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h)};
}

export function double(a) {
  const A = a.x * a.x % P, B = a.y * a.y % P, h = A + B;
  const e = h - (a.x + a.y) ** 2n, g = A - B, f = 2n * a.z * a.z + g;
  return {x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h)};
}

export const negate = (a) => ({x: mod(-a.x), y: a.y, z: a.z, t: mod(-a.t)});

// m * a + n * b, both at one go.
export function combine(m, a, n, b) {
  const both = add(a, b);
  let out = IDENTITY;
  for (let bit = 255n; bit >= 0n; bit--) {
    out = double(out);
    const inM = (m >> bit & 1n) === 1n, inN = (n >> bit & 1n) === 1n;
    if (inM || inN) out = add(out, inM && inN ? both : inM ? a : b);
  }
  return out;
}
