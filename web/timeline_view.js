// One job's way through the ledger: who said what, and when.
import {brief, chip, element, facts, link} from "./dom.js";
import {isStep, isTrouble, sentence} from "./sentences.js";
import {after, count, date} from "./words.js";

function lineOf(entry, opened_ms, who) {
  const mood = isTrouble(entry) ? ".bad" : isStep(entry) ? ".mark" : "";
  return element(`li${mood}`,
    element("div", element("strong", who(entry.writer)), " ", sentence(entry, who)),
    element("div.when", `${after(entry.time_ms - opened_ms)}, entry ${entry.position}`));
}

// What each seat did, from its own entries; a seat that did nothing is silent.
function seatLine(seat, draw, entries, isOver, who) {
  const own = (kind) => entries.find((e) => e.kind === kind && e.writer === seat.node &&
    e.subject === draw.subject && e.segment === draw.segment && e.round === draw.round);
  const reveal = own("reveal"), commit = own("commit");
  return element("li",
    element("span", element("strong", who(seat.node)), element("span.soft", ` weight ${seat.weight}`)),
    reveal ? element("span", "revealed ", brief(reveal.output)) : null,
    reveal ? null : chip(commit ? "committed" : "no commit", isOver ? "bad" : "open"),
    reveal ? null : isOver ? chip("silent", "bad") : null);
}

function contestOf(draw, entries, who) {
  const verdict = entries.find((e) => e.kind === "verdict" && e.subject === draw.subject &&
    e.segment === draw.segment && e.round === draw.round);
  const title = `Segment ${draw.segment}` + (draw.round > 0 ? `, round ${draw.round + 1}` : "");
  return element("section",
    element("h2", title, " ", verdict === undefined ? chip("under way", "open")
      : verdict.output === null ? chip("no majority", "bad")
        : chip(`${verdict.agreeing} of ${draw.seats.length} seats agree`, "good")),
    element("ul.rows", draw.seats.map((s) => seatLine(s, draw, entries, verdict !== undefined, who))));
}

export function timelineView(job, who) {
  const open = job.entries.find((e) => e.kind === "job_open");
  const opened_ms = open?.time_ms ?? job.entries[0].time_ms;
  const entries = job.entries.filter((e) => e.kind !== "registry");
  const draws = entries.filter((e) => e.kind === "draw");
  return [
    element("p", link("#jobs", "All jobs")),
    element("h1", `Job ${job.job.slice(0, 12)}`),
    open ? facts([
      ["Id", element("code", job.job)],
      ["Opened by", who(open.writer), ` at ${date(open.time_ms)}`],
      ["Model", element("code", open.model)],
      ["Asks for", `${open.quorum} answers a segment, ${open.fee} for each`],
      ["Deadline", date(open.deadline_ms)],
    ]) : null,
    ...draws.map((draw) => contestOf(draw, entries, who)),
    element("h2", `Timeline: ${count(entries.length, "entry", "entries")}`),
    element("ol.timeline", entries.map((e) => lineOf(e, opened_ms, who))),
  ];
}
