// What a ledger says of one segment, as an agreement shows it: specs/voucher.md, section 6. All of it may
// come from an adversary; the voucher's job, registry and client are what it is held against.
import {fromText, hex, isEqual, toBase64} from "./bytes.js";
import {alphaOf, exponentOf, isBefore, seedOfAnchor} from "./draw.js";
import {isSigned} from "./ed25519.js";
import {decodeEntry, ledgerIdOf, signedOfEntry} from "./entries.js";
import {isIncluded, leafOf, transcript} from "./hash.js";
import {cosigned, openCheckpoint} from "./notes.js";
import {must, refuse} from "./refusal.js";
import {BY_NODES, NODE} from "./voucher.js";
import {verifySelection} from "./vrf.js";

const IN_CONTESTS = new Set(["sortition", "draw", "commit", "close", "reveal", "verdict"]);

const isBy = (entry, key) => isEqual(entry.writer, key);

// How many cosignatures of `n` witnesses make a checkpoint cosigned.
const quorumOf = (n) => Math.floor((n + Math.floor((n - 1) / 3)) / 2) + 1;

// The entries, each with its position, under one cosigned checkpoint and signed by their writers.
async function readLog(agreement, voucher) {
  const entries = [];
  for (const {position, entry, path} of agreement.leaves)
    entries.push({...await decodeEntry(entry), position, path});
  const [first] = entries;
  must(first.position === 0n && first.kind === "charter", "it does not begin with a charter");
  must(first.time_ms > 0n, "its charter is a draft");
  const charter = {...first.body, id: await ledgerIdOf(first)};
  must(isEqual(charter.founder, voucher.registry.founder) && isBy(first, charter.founder),
    "its charter is by another founder than the registry");
  const checkpoint = await openCheckpoint(agreement.checkpoint, charter, quorumOf(charter.witnesses.length));
  for (const [i, entry] of entries.entries()) {
    entry.leaf = await leafOf(entry.bytes);
    must(await isIncluded(checkpoint.root, checkpoint.size, entry.leaf, entry.position, entry.path),
      `position ${entry.position} of the log does not hold this entry`);
    must(await isSigned(entry.writer, await signedOfEntry(entry, charter.id), entry.signature),
      `the ${entry.kind} at position ${entry.position} is not signed by its writer`);
    must(i === 0 || entries[i - 1].time_ms <= entry.time_ms, "time runs backwards in it");
  }
  return {entries, charter, checkpoint};
}

function findOpening({entries}, {job}) {
  const found = entries.find((entry) => entry.kind === "job_open" && isEqual(entry.body.job.id, job.id) &&
    isBy(entry, job.client) && entry.body.trial === null);
  return found ?? refuse("the job was not opened in that log");
}

// The registry in force at the opening is the newest of an earlier epoch.
function checkRegistry({entries, charter}, opening, registry) {
  const epochOf = (entry) => entry.time_ms / charter.parameters.epoch_ms;
  const found = entries.filter((entry) => entry.kind === "registry" && entry.position < opening.position &&
    isBy(entry, charter.founder) && epochOf(entry) < epochOf(opening)).at(-1);
  must(found !== undefined, "no registry was entered in an epoch before the job");
  must(isEqual(found.body.digest, registry.digest), "another registry than the voucher's was in force");
}

// One contest of one round: where its entries are found, and what is asked of them.
class Round {
  constructor(log, voucher, opening, nodes, segment, round, wanted) {
    Object.assign(this, {log, voucher, opening, nodes, segment, round, wanted});
    this.entries = log.entries;
    this.clerk = log.charter.clerk;
  }

  isOfThis({kind, body}) {
    return IN_CONTESTS.has(kind) && body.segment === this.segment && body.round === this.round &&
      isEqual(body.subject, this.voucher.job.id);
  }

  // The first of a kind by this writer, behind one entry and before another (null: the end).
  find(kind, writer, after, before = null) {
    return this.entries.find((entry) => entry.kind === kind && entry.position > after.position &&
      (before === null || entry.position < before.position) && this.isOfThis(entry) && isBy(entry, writer));
  }

  // A cosignature names a second, and any moment of it may be meant.
  isWithinSkew(anchor, {time}) {
    const begin = time * 1000n, {skew_ms} = this.log.charter.parameters;
    return begin - skew_ms <= anchor.time_ms && anchor.time_ms <= begin + 999n + skew_ms;
  }

  // For so long after what it covers an anchor may be chosen to draw by.
  isLate(covered, anchor) {
    const {draw_ms, skew_ms} = this.log.charter.parameters;
    return anchor.time_ms - covered.time_ms > draw_ms + 4n * skew_ms;
  }

  async isCosigned(anchor) {
    const {origin, witnesses} = this.log.charter, {size, root, cosignatures} = anchor.body;
    const text = fromText(`${origin}\n${size}\n${toBase64(root)}\n`);
    for (const cosignature of cosignatures) {
      const witness = witnesses[cosignature.witness];
      if (witness === undefined || !this.isWithinSkew(anchor, cosignature)) return false;
      if (!await isSigned(witness.key, cosigned(cosignature.time, text), cosignature.signature)) return false;
    }
    return cosignatures.length >= quorumOf(witnesses.length);
  }

  // The first anchor that covers an entry; undefined where there is none, or it does not hold.
  async findAnchor(covered) {
    const anchor = this.entries.find((entry) => entry.kind === "anchor" &&
      entry.position > covered.position && entry.body.size > covered.position);
    if (anchor === undefined || !isBy(anchor, this.clerk)) return undefined;
    return anchor.body.size <= anchor.position && await this.isCosigned(anchor) ? anchor : undefined;
  }

  async candidateOf({node, weight}, alpha, anchor) {
    const member = this.voucher.registry.find(node), sortition = this.find("sortition", node, anchor, this.draw);
    must(member !== undefined && member.role === NODE && member.vrf !== null,
      "a seat is not held by a node with a VRF key in the registry");
    must(sortition !== undefined, "a seat was never drawn for");
    const beta = await verifySelection(member.vrf, alpha, sortition.body.proof);
    must(beta !== null, "a seat's draw does not verify");
    must(weight > 0n, "a seat has no weight");
    must(!this.opening.body.excluded.includes(member.operator),
      "a seat is held by an operator that the client excluded");
    return {node, weight, operator: member.operator, exponent: exponentOf(beta)};
  }

  // The seats, each with its selection proof, in the order of their priorities.
  async checkDraw(covered, anchor) {
    const {seats, eligible} = this.draw.body, operators = new Set();
    const alpha = await alphaOf({ledger: this.log.charter.id, entry: covered.leaf,
      anchor: await seedOfAnchor(anchor.body), registry: this.voucher.registry.digest,
      subject: this.voucher.job.id, segment: this.segment, round: this.round});
    must(seats.length === 0 || !this.isLate(covered, anchor), "seats were drawn by an anchor that came too late");
    must(seats.length <= this.wanted, "more seats were drawn than the round has");
    must(seats.length <= eligible, "more seats were drawn than its draw speaks of nodes");
    must(eligible <= this.nodes.length, "its draw speaks of more nodes than the registry has for it");
    let before = null;
    for (const seat of seats) {
      const candidate = await this.candidateOf(seat, alpha, anchor);
      must(!operators.has(candidate.operator), "two seats are held by one operator");
      must(before === null || isBefore(before, candidate), "its seats do not stand in the order of their draws");
      operators.add(candidate.operator);
      before = candidate;
    }
  }

  // What a seat revealed, if it hashes to what it had committed to.
  async answerOf(node, close, anchor, verdict) {
    const commit = this.find("commit", node, this.draw, close);
    const reveal = this.find("reveal", node, anchor, verdict);
    if (commit === undefined || reveal === undefined || reveal.body.trace === null) return null;
    const {output, trace, nonce} = reveal.body;
    const made = await transcript("vouch/commit/v1", ["subject", this.voucher.job.id], ["segment", this.segment],
      ["round", this.round], ["node", node], ["output", output], ["trace", trace], ["nonce", nonce]);
    return isEqual(made, commit.body.commitment) ? {node, output, trace} : null;
  }

  // How many answers with this output are alike, output and trace: the most.
  static countAlike(answers, output) {
    const counts = new Map();
    for (const answer of answers)
      if (answer !== null && isEqual(answer.output, output))
        counts.set(hex(answer.trace), (counts.get(hex(answer.trace)) ?? 0) + 1);
    return Math.max(0, ...counts.values());
  }

  // By the ledger's clock, which witnesses hold to skew_ms: the client's own is its word.
  isExpired(anchor) {
    const {expires_ms: expires} = this.voucher.registry;
    return expires !== 0n && anchor.time_ms > expires + this.log.charter.parameters.skew_ms;
  }

  // The nodes whose answers count.
  async checkVotes(verdict) {
    const close = this.find("close", this.clerk, this.draw, verdict) ?? refuse("its commits were never closed");
    const anchor = await this.findAnchor(close), {output, agreeing} = verdict.body, answers = [];
    must(anchor !== undefined && anchor.position < verdict.position,
      "answers were revealed before witnesses had seen all commits");
    must(!this.isExpired(anchor), "the registry had expired before its commits were closed");
    for (const {node} of this.draw.body.seats) answers.push(await this.answerOf(node, close, anchor, verdict));
    const alike = Round.countAlike(answers, output);
    must(2 * alike > this.wanted && alike === agreeing,
      `its verdict speaks of ${agreeing} equal answers of ${this.wanted}; ${alike} are there`);
    return answers.filter((answer) => answer !== null).map(({node}) => node);
  }

  // {verdict, answers, isLate}; `covered` is what the anchor of this round had to cover.
  async check(covered) {
    const anchor = await this.findAnchor(covered) ?? refuse("no cosigned anchor fixes its draw");
    this.draw = this.find("draw", this.clerk, anchor) ?? refuse("there is no draw");
    await this.checkDraw(covered, anchor);
    const verdict = this.find("verdict", this.clerk, this.draw) ?? refuse("there is no verdict");
    return {verdict, answers: verdict.body.output !== null ? await this.checkVotes(verdict) : [],
      isLate: this.isLate(covered, anchor)};
  }
}

// The registry's nodes that can be drawn for this job: more a draw cannot have had, whatever its clerk says.
const nodesFor = ({members}, opening) => members.filter(({role, vrf, operator}) =>
  role === NODE && vrf !== null && !opening.body.excluded.includes(operator));

async function checkRounds(log, voucher, opening, segment) {
  const {rounds, dispute_ms: window} = log.charter.parameters, nodes = nodesFor(voucher.registry, opening);
  let covered = opening, wanted = voucher.job.quorum;
  for (let number = 0; number < rounds; number++) {
    const round = new Round(log, voucher, opening, nodes, segment, number, wanted);
    const {verdict, answers, isLate} = await round.check(covered), {output, agreeing} = verdict.body;
    if (output !== null) {
      const {seats, eligible} = round.draw.body;
      return {round: number, wanted, seats: seats.length, eligible, agreeing, output, answers,
        operators: new Set(nodes.map(({operator}) => operator)).size, disputable_ms: verdict.time_ms + window};
    }
    covered = verdict;
    if (!isLate) wanted = 2 * wanted + 1;
  }
  return refuse("no round of it has a majority");
}

// The client's entry that says what the segment was given: the first, and before anybody committed to an
// answer to it.
function findInputEntry({entries}, opening, {job}, segment) {
  const isCommit = ({kind, body}) => kind === "commit" && body.segment === segment && isEqual(body.subject, job.id);
  const isInput = (entry) => entry.kind === "input" && entry.body.segment === segment &&
    isEqual(entry.body.job, job.id) && isBy(entry, job.client);
  const found = entries.find((entry) => entry.position > opening.position && (isCommit(entry) || isInput(entry)));
  return found?.kind === "input" ? found.body.input : null;
}

// What the client says that the segment was given, where the plan leaves it to its word: behind a segment of
// its own. Elsewhere no entry counts, whatever a clerk let in.
function findInput(log, opening, voucher, segment) {
  const before = voucher.job.segments.slice(0, segment);
  if (segment === 0 || before.at(-1).by === BY_NODES) return null;
  if (before.every(({by}) => by !== BY_NODES)) return opening.body.input;
  return findInputEntry(log, opening, voucher, segment);
}

async function verify(voucher, {agreement, segment}) {
  const log = await readLog(agreement, voucher), opening = findOpening(log, voucher);
  checkRegistry(log, opening, voucher.registry);
  return {
    ledger: log.charter.id, origin: log.charter.origin, size: log.checkpoint.size, leaves: log.entries.length,
    cosigned: log.checkpoint.count, witnesses: log.charter.witnesses.length,
    opened: opening.position, excluded: opening.body.excluded.length,
    input: findInput(log, opening, voucher, segment),
    ...await checkRounds(log, voucher, opening, segment),
  };
}

// What a result's agreement shows. Refuses one that is not right.
export async function verifyAgreement(voucher, result) {
  try {
    return await verify(voucher, result);
  } catch (error) {
    error.message = `the agreement on segment ${result.segment}: ${error.message}`;
    throw error;
  }
}
