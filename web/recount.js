// Counting a voucher's votes again, and following the commitments from segment to segment:
// specs/voucher.md, sections 2 and 4. Boundary b lies before segment b.
import {compare, hex, isEqual} from "./bytes.js";
import {isSigned} from "./ed25519.js";
import {transcript} from "./hash.js";
import {BY_NODES, NODE} from "./voucher.js";

const half = (count) => Math.floor(count / 2) + 1;

// Why a vote does not count; null where it does.
async function faultOf(vote, {job, registry}, segment, input, operators) {
  const member = registry.find(vote.node);
  if (member === undefined) return "is by a key that the registry does not hold";
  if (member.role !== NODE) return "is by a key that the registry does not hold as a node";
  if (operators.has(member.operator)) return "is a second one of the same operator";
  operators.add(member.operator);
  if (!isEqual(vote.input, input)) return "is on another input than this segment's";
  const digest = await transcript("vouch/vote/v1", ["job", job.id], ["segment", segment],
    ["node", vote.node], ["input", vote.input], ["output", vote.output]);
  return await isSigned(vote.node, digest, vote.signature) ? null
    : "is not signed by that key for this job and segment";
}

// The output most voted for; of equals the smaller one.
function leaderOf(votes) {
  const counts = new Map();
  for (const {output} of votes) counts.set(hex(output), [(counts.get(hex(output))?.[0] ?? 0) + 1, output]);
  return [...counts.values()].sort((a, b) => b[0] - a[0] || compare(a[1], b[1]))[0] ?? [0, null];
}

// {counted, needed, agreeing, output, why}; `why` null: it has a majority.
async function tally(votes, voucher, segment, input) {
  const operators = new Set();
  for (const [i, vote] of votes.entries()) {
    const fault = await faultOf(vote, voucher, segment, input, operators);
    if (fault !== null)
      return {counted: i, needed: 0, agreeing: 0, output: null,
        why: `segment ${segment}: the vote of ${hex(vote.node)} ${fault}`};
  }
  const needed = half(Math.max(voucher.job.quorum, votes.length)), [agreeing, output] = leaderOf(votes);
  return {counted: votes.length, needed, agreeing, output, why: agreeing >= needed ? null
    : `segment ${segment} has no majority: ${agreeing} of ${votes.length} votes agree, and ${needed} are needed`};
}

export class Recount {
  // `agreed`: for each result null, or what its agreement shows: that is the majority then.
  constructor(voucher, agreed) {
    Object.assign(this, {voucher, areValid: true, haveMajorities: true, why: null});
    Object.assign(this, {tallies: [], boundaries: []}); // by segment, by boundary
    this.isOutputJoined = this.isOutputSplit = false;
    this.results = new Map(voucher.results.map((result, i) =>
      [result.segment, {...result, agreed: agreed[i] ?? null}]));
  }

  // One more word on what lies at a boundary. False when it contradicts what was said before.
  join(boundary, commitment) {
    this.boundaries[boundary] ??= commitment;
    return isEqual(this.boundaries[boundary], commitment);
  }

  complain(why) {
    this.why ??= why;
  }

  takeAgreement(segment, agreed) {
    const voted = this.tallies[segment], isVoted = voted.agreeing >= voted.needed && voted.needed > 0;
    if ((agreed.input !== null && !this.join(segment, agreed.input)) ||
        (isVoted && !isEqual(voted.output, agreed.output))) {
      this.complain(`segment ${segment}: its votes say something else than its agreement`);
      this.areValid = false;
    }
    this.tallies[segment] = {counted: agreed.seats, needed: half(agreed.wanted), agreeing: agreed.agreeing,
      output: agreed.output};
    this.boundaries[segment + 1] = agreed.output;
  }

  // Where the segment before is the client's, its nodes' own word on their input has to do; they must
  // still all have been given the same.
  async count(segment) {
    const {votes = [], agreed = null} = this.results.get(segment) ?? {};
    if (agreed !== null && agreed.input !== null) this.boundaries[segment] ??= agreed.input;
    if (votes.length > 0) this.boundaries[segment] ??= votes[0].input;
    const counted = this.tallies[segment] = await tally(votes, this.voucher, segment, this.boundaries[segment]);
    if (counted.counted < votes.length) {
      this.areValid = false;
      this.complain(counted.why);
    }
    if (agreed !== null) return this.takeAgreement(segment, agreed);
    if (counted.why === null) {
      this.boundaries[segment + 1] = counted.output;
      return;
    }
    this.complain(counted.why);
    this.haveMajorities = false;
  }

  joinOutput() {
    const end = this.voucher.job.segments.length, said = this.boundaries[end], {value} = this.voucher.output;
    this.isOutputJoined = said !== undefined && isEqual(said, value);
    this.isOutputSplit = said !== undefined && !this.isOutputJoined;
    this.boundaries[end] = value;
  }

  static async of(voucher, agreed) {
    const recount = new Recount(voucher, agreed), {segments, input} = voucher.job;
    recount.boundaries[0] = input.value;
    for (const [i, {by}] of segments.entries()) if (by === BY_NODES) await recount.count(i);
    recount.joinOutput();
    return recount;
  }

  // Votes against their segment's majority: [{node, segment}].
  dissenters() {
    if (!this.areValid) return [];
    return this.voucher.results.flatMap(({segment, votes}) => {
      const found = this.tallies[segment];
      if (found === undefined || found.agreeing < found.needed) return [];
      return votes.filter(({output}) => !isEqual(output, found.output)).map(({node}) => ({node, segment}));
    });
  }
}
