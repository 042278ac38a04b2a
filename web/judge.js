// What a voucher shows, claim by claim: specs/voucher.md, section 4. A second verifier beside
// `vouch verify`, in its words. Nothing of the statement comes from the voucher: whom to trust, which
// ledger, and what model and input are, is what the reader says. What was not checked here is never shown.
import {verifyAgreement} from "./agreement.js";
import {judgeAttested} from "./attestation.js";
import {isEqual} from "./bytes.js";
import {isAmong, judgeClient, judgeLedger, judgeModel, judgeVotes} from "./claims.js";
import {judgeEnds, judgeInput, judgeOutput, judgeProof} from "./claims_ends.js";
import {planOf} from "./model.js";
import {openEnds} from "./opening.js";
import {Recount} from "./recount.js";
import {must, refusalOf} from "./refusal.js";
import {FALSE, SHOWN} from "./verdicts.js";
import {BY_NODES} from "./voucher.js";

export const CLAIMS = ["client", "model", "input", "output", "split", "quorum", "ends", "proof", "attested"];

// `reader`: {founders, owners, clients, ledgers, quorum, now, model, opening, verifier}. Keys and ids are
// lists; model, opening and verifier may be null.
class Judge {
  constructor(voucher, reader) {
    Object.assign(this, {voucher, reader, job: voucher.job, registry: voucher.registry, findings: {}});
    this.isFounderNamed = isAmong(this.registry.founder, reader.founders);
    this.isOwnerNamed = isAmong(voucher.owner, reader.owners);
    this.isClientNamed = isAmong(this.job.client, reader.clients);
    this.holdsModel = reader.model !== null && isEqual(reader.model.identity, this.job.model);
    this.byNodes = this.job.segments.filter(({by}) => by === BY_NODES).length;
    this.proven = new Set(voucher.results.filter(({proof}) => proof !== null).map(({segment}) => segment));
    this.values = null; // of the model's graph, at the job's boundaries, where it could be laid over it
  }

  say(claim, verdict, reason) {
    this.findings[claim] = {verdict, reason};
  }

  verdictOf(claim) {
    return this.findings[claim].verdict;
  }

  async readAgreements() {
    this.agreed = [];
    this.agreementFault = await refusalOf(async () => {
      for (const result of this.voucher.results)
        this.agreed.push(result.agreement === null ? null : await verifyAgreement(this.voucher, result));
      this.joinAgreements();
    });
    this.agreementCount = this.agreed.filter((found) => found !== null).length;
  }

  // What a committee answered is worth nothing without what it was asked, and a job is opened once.
  joinAgreements() {
    const {results} = this.voucher, first = this.agreed.findIndex((found) => found !== null);
    this.agreed.forEach((found, i) => {
      if (found === null) return;
      const {segment} = results[i], isNext = results[i - 1]?.segment === segment - 1;
      must(segment === 0 || found.input !== null || (isNext && this.agreed[i - 1] !== null),
        `the agreement on segment ${segment} does not show what its nodes were given: the client's entry ` +
        `that says so, or an agreement on segment ${segment - 1}, is missing`);
      must(isEqual(this.agreed[first].ledger, found.ledger) && this.agreed[first].opened === found.opened,
        `the agreements on segments ${results[first].segment} and ${segment} are of two ledgers, or of two ` +
        "places in one: a job is opened once");
    });
  }

  // Registry, times, and where the reader holds the model the segments: what every vote rests on.
  unsoundness() {
    const {finished_ms: then} = this.voucher, {registry, job} = this;
    if (!isEqual(registry.digest, job.registry))
      return "the job was asked under another registry than the voucher holds";
    if (registry.expires_ms !== 0n && then > registry.expires_ms)
      return `the registry had expired, at ${registry.expires_ms} ms, when the job finished at ${then} ms`;
    return then > job.deadline_ms
      ? `the job finished at ${then} ms, after its deadline at ${job.deadline_ms} ms` : null;
  }

  async plan() {
    return this.unsoundness() ?? (!this.holdsModel ? null : refusalOf(() => {
      this.values = planOf(this.job, this.reader.model.graph);
    }));
  }

  // Each claim comes after those that it rests on.
  async judge() {
    const {opening} = this.reader;
    this.opened = opening === null ? {} : await openEnds(opening, this.voucher);
    await this.readAgreements();
    this.recount = await Recount.of(this.voucher, this.agreed);
    await judgeClient(this);
    await judgeModel(this);
    judgeVotes(this, await this.plan());
    judgeLedger(this);
    await judgeProof(this);
    judgeEnds(this);
    judgeInput(this);
    judgeOutput(this);
    await judgeAttested(this);
  }

  // Null, or the claim that decides against it.
  refusedBy() {
    const isShown = (claim) => this.verdictOf(claim) === SHOWN;
    const required = ["model", "input", "output"];
    if (this.reader.clients.length > 0) required.push("client");
    if (!isShown("proof")) required.push("quorum");
    return [...CLAIMS, "ledger"].find((claim) => this.verdictOf(claim) === FALSE) ??
      required.find((claim) => !isShown(claim)) ?? null;
  }
}

// {findings: {claim: {verdict, reason}}, isAccepted, refusedBy, dissenters, agreed}
export async function judgeVoucher(voucher, reader) {
  const judge = new Judge(voucher, reader);
  await judge.judge();
  const refusedBy = judge.refusedBy();
  return {findings: judge.findings, isAccepted: refusedBy === null, refusedBy, agreed: judge.agreed,
    dissenters: judge.recount.dissenters()};
}
