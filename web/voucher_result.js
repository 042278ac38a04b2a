// A verdict as rows: each claim, what became of it, and why.
import {chip, element, withAttributes} from "./dom.js";
import {hex} from "./bytes.js";
import {CLAIMS} from "./judge.js";
import {FALSE, NOT_CHECKED, SHOWN} from "./verdicts.js";
import {count} from "./words.js";

const MEANINGS = {
  client: "One client signed the whole voucher",
  model: "The model's identity, signed by its owner",
  input: "The input that the client fixed before it asked anyone",
  output: "The output that the client received",
  split: "Which node answered for which segment",
  quorum: "Independent operators agree on every segment",
  ledger: "The ledger on which committees were drawn",
  ends: "The client's own segments join input, votes and output",
  proof: "A zero-knowledge proof of the run",
  attested: "Evidence of the hardware that ran it",
};
const ORDER = CLAIMS.toSpliced(CLAIMS.indexOf("quorum") + 1, 0, "ledger");
const MOODS = {[SHOWN]: "good", [FALSE]: "bad", [NOT_CHECKED]: "open"};

// What was found of one segment's contest, all of it checked here.
function checksOf({results}, agreed) {
  const rows = agreed.flatMap((found, i) => found === null ? [] : [
    [`Segment ${results[i].segment}: ${count(found.leaves, "entry", "entries")} of ${found.origin}`,
      "each signed by its writer and included in the log"],
    [`${found.cosigned} of ${found.witnesses} witnesses cosigned`,
      `a log of ${found.size} entries, under the clerk's signature`],
    [`${count(found.seats, "seat")} drawn by lot`,
      `each by a selection proof; in order; of ${found.eligible} eligible nodes` + (found.round > 0 ? `, in round ${found.round + 1}` : "")],
    [`${found.agreeing} of ${found.wanted} revealed the same`,
      "each what it had committed to before witnesses saw the commits closed"],
  ]);
  return rows.length === 0 ? null : element("ul.checks", rows.map(([what, how]) =>
    element("li", element("span", what), chip("checked", "good"), element("small", how))));
}

function claimRow(name, {verdict, reason}, checks) {
  return withAttributes(element("li.card", element("h3", MEANINGS[name], " ", element("span.soft", name)),
    chip(verdict, MOODS[verdict]), element("p", reason), checks), {"data-claim": name});
}

function dissentLine({registry}, {node, segment}) {
  const operator = registry.find(node)?.operator ?? "unknown";
  return element("li",
    `Node ${hex(node)} (${operator}) signed another output of segment ${segment} than the majority.`);
}

function sumOf({isAccepted, refusedBy}) {
  return isAccepted ? element("p.sum.good", "Accepted: everything required is shown, nothing is false.")
    : element("p.sum.bad", `REFUSED: something required is not shown, or something is false (${refusedBy}).`);
}

export const refusalView = (reason) => [element("p.sum.bad", `REFUSED: ${reason}.`)];

export function resultView(voucher, report) {
  const {findings, agreed, dissenters, isAccepted} = report, isAgreed = findings.quorum.verdict === SHOWN;
  return [
    sumOf(report),
    isAccepted && findings.ends.verdict !== SHOWN
      ? element("p.soft", "But not required and not shown (ends): that this output follows from this input.") : null,
    voucher ? element("p.soft", "Job ", element("code", hex(voucher.job.id))) : null,
    element("ul.claims", ORDER.map((name) =>
      claimRow(name, findings[name], name === "quorum" && isAgreed ? checksOf(voucher, agreed) : null))),
    dissenters.length > 0 ? element("h2", "Dissent") : null,
    dissenters.length > 0 ? element("ul", dissenters.map((one) => dissentLine(voucher, one))) : null,
  ];
}
