// Which view is shown, and what keeps it up to date: views follow the log.
import {element, patch} from "./dom.js";
import {jobsView} from "./jobs_view.js";
import {follow, readEntries, readJob, readState} from "./ledger.js";
import {networkView} from "./network_view.js";
import {timelineView} from "./timeline_view.js";
import {voucherView} from "./voucher_view.js";
import {count, people} from "./words.js";

const FEED_MAX = 60;
const view = document.getElementById("view"), pulse = document.getElementById("pulse");

let leaving = new AbortController(); // of the view that is shown
let isNew = true;                    // nothing of it is shown yet
let feed = [];                       // the latest entries, the newest first

// Another view shares nothing with the one before; the same one keeps what has not changed.
function show(content) {
  const parts = content.filter((part) => part !== null);
  if (isNew) view.replaceChildren(...parts);
  else patch(view, parts);
  isNew = false;
}

function sayPulse(state) {
  document.getElementById("origin").textContent = state.origin;
  document.title = `${state.origin}: vouch ledger`;
  document.getElementById("audit").textContent =
    `vouch audit --from ${location.origin} --charter CHARTER --founder KEY`;
  pulse.textContent = `${count(state.size, "entry", "entries")}, ${state.cosigned} cosigned, ` +
    `${count(state.job_count, "job")}`;
}

const sayTrouble = (error) => { pulse.textContent = `The ledger does not answer (${error.message}); trying again.`; };

function addToFeed(entries) {
  feed = [...entries.toReversed(), ...feed].slice(0, FEED_MAX);
}

const LIVE = {
  network: async (state) => networkView(state, null),
  jobs: async (state, who) => jobsView(state, feed, who),
  job: async (state, who, signal, id) => timelineView(await readJob(id, signal), who),
};

// Draws a live view again and again, whenever there are entries.
async function live(name, argument, signal) {
  const draw = async () => {
    const state = await readState(signal);
    const content = await LIVE[name](state, people(state), signal, argument);
    if (signal.aborted) return state;
    sayPulse(state);
    show(content);
    return state;
  };
  const begin = async () => {
    const state = await draw(), from = Math.max(0, state.size - FEED_MAX);
    feed = [];
    addToFeed((await readEntries(from, signal)).entries);
    await draw();
    return from + feed.length;
  };
  try {
    await follow(await begin(), signal, {
      onTrouble: sayTrouble,
      onEntries: async (entries) => {
        addToFeed(entries);
        if (entries.length > 0) await draw();
      },
    });
  } catch (error) {
    if (!signal.aborted) show([element("h1", "Nothing to show"), element("p", error.message)]);
  }
}

function route() {
  const [name, argument] = (location.hash.slice(1) || "network").split("/");
  const known = name === "voucher" || Object.hasOwn(LIVE, name) ? name : "network";
  leaving.abort();
  leaving = new AbortController();
  isNew = true;
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.hash === `#${known === "job" ? "jobs" : known}`;
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  pulse.textContent = "";
  if (known === "voucher") show(voucherView(leaving.signal));
  else void live(known, argument, leaving.signal);
}

addEventListener("hashchange", () => { if (location.hash !== "#view") route(); });
route();
