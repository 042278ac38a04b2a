// The network: its log, who watches it, who belongs to it and how they did.
import {brief, chip, element, facts, table} from "./dom.js";
import {count, date, mark} from "./words.js";

function logFacts(state) {
  const behind = state.size - state.cosigned;
  return facts([
    ["Entries", element("b", state.size.toLocaleString("en")), ` the last at ${date(state.time_ms)}`],
    ["Cosigned", element("b", state.cosigned.toLocaleString("en")), " ",
      chip(behind === 0 ? "all of them" : `${count(behind, "entry", "entries")} behind`,
        behind === 0 ? "good" : "open")],
    ["Witnesses that answer",
      element("b", `${state.witnesses_reachable} of ${state.witnesses.length}`), " ",
      chip(`${state.witnesses_needed} needed`,
        state.witnesses_reachable >= state.witnesses_needed ? "good" : "bad")],
    ["Jobs so far", element("b", state.job_count.toLocaleString("en"))],
    ["In escrow", element("b", state.totals.escrow.toLocaleString("en")),
      ` of ${(state.totals.deposited - state.totals.withdrawn).toLocaleString("en")} in the ledger`],
    ["Treasury", element("b", state.totals.treasury.toLocaleString("en")), " from faults"],
  ]);
}

function keyFacts(state, witnesses) {
  return facts([
    ["Founder", element("code", state.founder)],
    ["Clerk, who orders entries", element("code", state.clerk)],
    ["Ledger id", element("code", state.ledger)],
    ["Root of the log", element("code", state.root)],
    ["Witnesses", witnesses ?? state.witnesses.join(", ")],
  ]);
}

const FAULTS = [["silences", "silent", "open"], ["wrongs", "wrong", "open"],
  ["slashes", "slashed", "bad"], ["disputes_lost", "lost disputes", "bad"]];

function faultsOf(member) {
  const chips = FAULTS.filter(([name]) => member[name] > 0)
    .map(([name, word, mood]) => chip(`${word} ${member[name]}`, mood));
  return element("span", chips.length > 0 ? chips.flatMap((c) => [c, " "]) : element("span.soft", "none"));
}

const NODES = [
  {label: "Operator", isWide: true, of: (m) => element("span", element("strong", m.operator), " ", brief(m.key))},
  {label: "Stake", isNumber: true, of: (m) => m.stake.toLocaleString("en")},
  {label: "Balance", isNumber: true, of: (m) => m.balance.toLocaleString("en")},
  {label: "Correct", isNumber: true, of: (m) => mark(m.correct)},
  {label: "Timely", isNumber: true, of: (m) => mark(m.timely)},
  {label: "Successes", isNumber: true, of: (m) => m.successes.toLocaleString("en")},
  {label: "Faults", isWide: true, of: faultsOf},
];

const ACCOUNTS = [
  {label: "Account", isWide: true, of: (m) => element("span",
    element("strong", m.operator ?? "not a member"), " ", brief(m.key))},
  {label: "Balance", isNumber: true, of: (m) => m.balance.toLocaleString("en")},
  {label: "Stake", isNumber: true, of: (m) => m.stake.toLocaleString("en")},
];

// `witnesses`: what was found out about the latest checkpoint, or null.
export function networkView(state, witnesses) {
  const byStake = (a, b) => b.stake - a.stake || a.key.localeCompare(b.key);
  const nodes = state.members.filter((m) => m.role === "node").sort(byStake);
  const others = state.members.filter((m) => m.role !== "node").sort((a, b) => b.balance - a.balance);
  return [
    element("h1", state.origin),
    logFacts(state),
    element("h2", count(nodes.length, "node")),
    element("p.soft", "Trust has two marks that start at 1: a fault takes a fifth, a success adds a " +
      "hundredth, unless the charter says otherwise. What a node weighs in a draw is its stake times the smaller one."),
    nodes.length > 0 ? table("Nodes", NODES, nodes) : element("p.soft", "No node has an account yet."),
    element("h2", "Other accounts"),
    others.length > 0 ? table("Other accounts", ACCOUNTS, others) : element("p.soft", "None yet."),
    element("h2", "Keys"),
    keyFacts(state, witnesses),
  ];
}
