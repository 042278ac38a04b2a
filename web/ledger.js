// What the ledger says of itself, as specs/ledger.md, section 4, has it: GET, nothing else.

const WAIT_MS = 25000, AGAIN_MS = 2000;

async function get(path, signal) {
  const answer = await fetch(path, {signal, cache: "no-store", credentials: "omit"});
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  return answer;
}

export const readState = async (signal) => (await get("/api/state", signal)).json();
export const readJob = async (id, signal) => (await get(`/api/job/${id}`, signal)).json();
export const readEntries = async (from, signal) =>
  (await get(`/api/entries?from=${from}`, signal)).json();
export const readBytes = async (path, signal) =>
  new Uint8Array(await (await get(path, signal)).arrayBuffer());

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, {once: true});
});

// Hands on entries as they come, from `from` on, until `signal` says that nobody looks any more.
export async function follow(from, signal, {onEntries, onTrouble}) {
  while (!signal.aborted) {
    try {
      const answer = await (await get(`/api/entries?from=${from}&wait=${WAIT_MS}`, signal)).json();
      if (signal.aborted) return;
      from = answer.from + answer.entries.length;
      await onEntries(answer.entries, answer.size);
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(error);
      await pause(AGAIN_MS, signal);
    }
  }
}
