// Jobs, the newest first, and what happens now.
import {brief, chip, element, keyed, link, withAttributes} from "./dom.js";
import {sentence} from "./sentences.js";
import {clock, count, date} from "./words.js";

const MOODS = {decided: "good", failed: "bad", pending: "open"};

function standing(job) {
  const segments = job.segments ?? [];
  const decided = segments.filter((s) => s.phase === "decided").length;
  const disputes = segments.reduce((sum, s) => sum + s.open_disputes, 0);
  return [
    segments.length > 0 ? chip(`${decided} of ${count(segments.length, "segment")} decided`) : null,
    disputes > 0 ? chip(count(disputes, "open dispute"), "bad") : null,
    segments.some((s) => s.overturned) ? chip("overturned", "bad") : null,
    segments.length > 0 && segments.every((s) => s.final) ? chip("final") : null,
    chip(job.phase, MOODS[job.phase]),
  ];
}

function jobRow(job) {
  return keyed(job.job, element("li",
    element("span", link(`#job/${job.job}`, `Job ${job.job.slice(0, 12)}`), " ",
      job.model ? element("span.soft", "model ", brief(job.model), `, ${date(job.opened_ms)}`) : null),
    ...standing(job)));
}

export function feedLine(entry, who) {
  return element("li",
    withAttributes(element("time", clock(entry.time_ms)), {datetime: new Date(entry.time_ms).toISOString()}),
    element("span", element("strong", who(entry.writer)), " ", sentence(entry, who)));
}

// `feed`: the latest entries, the newest first.
export function jobsView(state, feed, who) {
  return [
    element("h1", "Jobs"),
    state.jobs.length > 0 ? element("ul.rows", state.jobs.map(jobRow))
      : element("p.soft", "No job was opened yet. `vouch infer --ledger` opens one."),
    element("h2", "What happens now"),
    withAttributes(element("ol.feed", feed.map((entry) => feedLine(entry, who))),
      {id: "feed", "aria-label": "The latest entries"}),
  ];
}
