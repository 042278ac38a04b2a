// The view in which a voucher is checked, by this browser alone.
import {checkVoucher, readFile} from "./check.js";
import {chip, element, withAttributes} from "./dom.js";
import {Refusal} from "./refusal.js";
import {load} from "./verify.mjs";
import {dropZone, trustFields} from "./voucher_form.js";
import {refusalView, resultView} from "./voucher_result.js";

// What checks proofs is fetched when the view opens, before there is anything to tell. Null: the page came
// without it, or this browser runs none.
async function loadVerifier() {
  try {
    const answer = await fetch("/page/vouch-verify.wasm", {credentials: "omit"});
    return answer.ok ? await load(await answer.arrayBuffer()) : null;
  } catch {
    return null;
  }
}

// What was dropped, what is trusted, and what came of it.
class Desk {
  constructor(signal) {
    this.held = {voucher: null, model: null, opening: null};
    this.turn = 0; // of the check that counts
    this.verifier = loadVerifier();
    this.files = element("ul.held");
    this.result = withAttributes(element("div"), {id: "result", "aria-live": "polite"});
    this.trust = trustFields(() => void this.check());
    this.zone = dropZone((files) => void this.take(files), signal);
  }

  content() {
    return [element("h1", "Check a voucher"), this.zone, this.files, element("h2", "Whom you trust"),
      element("p.soft", "A voucher cannot vouch for its own keys, nor this ledger for its own: name what you " +
        "know from elsewhere. What you type is kept nowhere."),
      this.trust.rows, this.result];
  }

  showHeld() {
    const names = Object.entries(this.held).filter(([, one]) => one !== null);
    const forget = withAttributes(element("button", "Forget them"), {type: "button"});
    forget.addEventListener("click", () => {
      this.held = {voucher: null, model: null, opening: null};
      this.showHeld();
      void this.check();
    });
    this.files.replaceChildren(...names.map(([kind, {name, size}]) =>
      element("li", chip(kind, "good"), ` ${name}, ${size.toLocaleString("en")} bytes`)),
    ...(names.length > 0 ? [element("li", forget)] : []));
  }

  async take(files) {
    this.turn++;
    try {
      for (const file of files) {
        const {kind, content} = await readFile(file);
        this.held[kind] = {name: file.name, size: file.size, content};
      }
    } catch (error) {
      this.held.voucher = null; // what was there before is not what the reader asks about
      this.showHeld();
      this.refuse(error);
      return;
    }
    this.showHeld();
    await this.check();
  }

  refuse(error) {
    const reason = error instanceof Refusal ? error.message : `this page could not check it (${error.message})`;
    this.result.replaceChildren(...refusalView(reason));
  }

  async readerNow() {
    const {model, opening} = this.held, typed = this.trust.read();
    return typed === null ? null : {...typed, model: model?.content ?? null, opening: opening?.content ?? null,
      now: BigInt(Date.now()), verifier: await this.verifier};
  }

  async check() {
    const turn = ++this.turn, {voucher} = this.held;
    const show = (content) => {
      if (turn === this.turn) this.result.replaceChildren(...content.filter((part) => part !== null));
    };
    try {
      const reader = await this.readerNow();
      if (voucher === null) return show([]);
      if (reader === null) return show(refusalView("what you typed above is no key"));
      show([element("p.sum", "Checking\u2026")]);
      const {refusal, voucher: read, report} = await checkVoucher(voucher.content, reader);
      return show(refusal === null ? resultView(read, report) : refusalView(refusal));
    } catch (error) {
      if (turn === this.turn) this.refuse(error);
    }
  }
}

export const voucherView = (signal) => new Desk(signal).content();
