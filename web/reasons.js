// What split and quorum rest on, in figures.
import {captureOf, captureText, either} from "./draw.js";
import {BY_NODES} from "./voucher.js";

const LISTED_MAX = 3, PERCENTS = [10, 20, 30];

// A party answers once for a segment, whether it told the client, a ledger, or both.
function countAnswer(found, party, operator, segment, size) {
  if (party.next === segment + 1) return;
  party.share += size;
  if (party.share > found.share) Object.assign(found, {share: party.share, largest: operator});
  if (found.neighbour === null && segment > 0 && party.next === segment) found.neighbour = {operator, segment};
  party.next = segment + 1;
  found.answers++;
}

// How much one party answered for, and whether it did so for neighbours.
function countParties({voucher, registry, job, agreed}) {
  const parties = new Map(), found = {answers: 0, share: 0, largest: null, neighbour: null};
  voucher.results.forEach(({segment, votes}, i) => {
    const {first, last} = job.segments[segment];
    for (const node of [...votes.map((vote) => vote.node), ...agreed[i]?.answers ?? []]) {
      const {operator} = registry.find(node);
      if (!parties.has(operator)) parties.set(operator, {share: 0, next: 0});
      countAnswer(found, parties.get(operator), operator, segment, last - first);
    }
  });
  return found;
}

export function splitReason(judge) {
  const {job, registry, byNodes} = judge, {answers, share, largest, neighbour} = countParties(judge);
  return `${answers} votes on ${byNodes} of ${job.segments.length} segments, by nodes of network ` +
    `"${registry.network}"; the most that one party answered for is ${share} of the job's ` +
    `${job.segments.at(-1).last} operators, by ${largest ?? "(null)"}` + (neighbour === null ? ""
    : `; ${neighbour.operator} answered for segments ${neighbour.segment - 1} and ${neighbour.segment}, ` +
      "side by side");
}

const tallyText = ({recount}, segment) => {
  const {agreeing, counted, needed} = recount.tallies[segment];
  return `segment ${segment}: ${agreeing} of ${counted} agree, ${needed} needed`;
};

// A quorum is as good as its weakest segment.
function talliesText(judge) {
  const segments = judge.job.segments.flatMap(({by}, i) => by === BY_NODES ? [i] : []);
  if (segments.length <= LISTED_MAX) return segments.map((i) => tallyText(judge, i)).join("; ");
  const agreeing = (i) => judge.recount.tallies[i].agreeing;
  const weakest = segments.reduce((a, b) => agreeing(b) < agreeing(a) ? b : a);
  return `${segments.length} segments, the weakest being ${tallyText(judge, weakest)}`;
}

// At most as many operators as could be drawn for a segment.
const operatorsBehind = ({eligible, operators}) => Math.min(eligible, operators);

// A bound on any of the segment's committees being captured: each round is another chance, but for late ones,
// which had no committee.
function captureOfSegment(found, quorum, percent) {
  const operators = operatorsBehind(found), dishonest = Math.floor((operators * percent + 99) / 100);
  let sum = 0n;
  for (let size = quorum; size <= found.wanted; size = 2 * size + 1)
    sum = either(sum, captureOf(operators, dishonest, size));
  return sum;
}

const captureLine = (agreed, quorum) => PERCENTS.map((percent) => {
  const sum = agreed.reduce((all, found) => either(all, captureOfSegment(found, quorum, percent)), 0n);
  return `${captureText(sum)} at ${percent} %`;
}).join(", ");

// A voucher is made at the verdict: what came of it in its window for disputes is elsewhere.
function disputesText(agreed, now) {
  const end = agreed.reduce((last, {disputable_ms: ms}) => ms > last ? ms : last, 0n);
  return now < end ? `it can still be disputed and overturned, for ${(end - now + 999n) / 1000n} more seconds`
    : `it could be disputed until ${(now - end) / 1000n} seconds ago`;
}

export function quorumReason(judge) {
  const tallies = talliesText(judge), agreed = judge.agreed.filter((found) => found !== null);
  if (judge.agreementCount !== judge.byNodes)
    return `${tallies}, each of another party; votes were direct: that none was left out is the client's word`;
  const narrowest = agreed.reduce((a, b) => operatorsBehind(b) < operatorsBehind(a) ? b : a);
  const {eligible, excluded, origin, cosigned, witnesses} = narrowest;
  return `${tallies}, drawn by lot out of ${eligible} nodes of at most ${operatorsBehind(narrowest)} operators` +
    `${excluded > 0 ? `, without ${excluded} that the client excluded` : ""}, each committed before any revealed, ` +
    `on ledger ${origin}, cosigned by ${cosigned} of ${witnesses} witnesses; chance that a committee of this job ` +
    "had a dishonest majority, if all operators weighed alike, by the share of dishonest ones, their clerk not " +
    "among them: " +
    `${captureLine(agreed, judge.job.quorum)}; ${disputesText(agreed, judge.reader.now)}; ` +
    "whether anybody did, what the operators weigh, and that the draw is complete are for vouch audit";
}
