// Numbers, times and people in words.

export const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

// Marks are in 65536ths.
export const mark = (value) => (value / 65536).toFixed(2);

export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
export const date = (ms) => {
  const time = new Date(Number(ms));
  return Number.isNaN(time.getTime()) ? `${ms} ms` : time.toISOString().replace("T", " ").slice(0, 19) + " UTC";
};

export const after = (ms) => ms < 1000 ? `+${ms} ms` : `+${(ms / 1000).toFixed(1)} s`;

// Who a key is, by the ledger's word.
export function people(state) {
  const names = new Map(state.members.filter((m) => m.operator).map((m) => [m.key, m.operator]));
  names.set(state.clerk, "the clerk").set(state.founder, "the founder");
  return (key) => names.get(key) ?? key.slice(0, 12);
}
