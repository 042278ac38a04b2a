// What a reader brings: files, and whom they trust. Nothing of it is kept anywhere, nor sent.
import {fromHex} from "./bytes.js";
import {element, withAttributes} from "./dom.js";

const KEYS = [
  {name: "founders", label: "Founder of the network", hint: "whose registry says who the nodes are"},
  {name: "ledgers", label: "Ledger id", hint: "where committees were drawn, if they were"},
  {name: "owners", label: "Owner of the model", hint: "not needed where you hold M.vouch"},
  {name: "clients", label: "Client", hint: "if only one client's vouchers will do"},
];
const QUORUM_MAX = 101;

function inputRow({name, label, hint}, attributes) {
  const input = withAttributes(element("input"), {id: name, name, autocomplete: "off", spellcheck: "false",
    autocapitalize: "off", "aria-describedby": `${name}-hint`, ...attributes});
  const row = element("div.field", withAttributes(element("label", label), {for: name}), input,
    withAttributes(element("small", hint), {id: `${name}-hint`}));
  return {input, row, hint, say: (trouble) => {
    row.querySelector("small").textContent = trouble ?? hint;
    input.toggleAttribute("aria-invalid", trouble !== null);
  }};
}

// Null where the words are not all keys.
function readKeys(text) {
  const words = text.split(/[\s,]+/).filter((word) => word !== ""), keys = words.map((word) => fromHex(word, 32));
  return keys.includes(null) ? null : keys;
}

// {rows, read}: read() gives {founders, ledgers, owners, clients, quorum}, or null while something typed is
// no key. `onChange` is called whenever it may have changed.
export function trustFields(onChange) {
  const asText = {type: "text", placeholder: "64 hexadecimal digits", maxlength: 4160};
  const fields = KEYS.map((key) => ({...key, ...inputRow(key, asText)}));
  const quorum = inputRow({name: "quorum", label: "Votes a segment, at least", hint: "one vote agrees with nobody"},
    {type: "number", min: 1, max: QUORUM_MAX, value: 2});
  const rows = element("div.fields", fields.map(({row}) => row), quorum.row);
  rows.addEventListener("input", onChange);
  return {rows, read: () => {
    const read = {};
    let isWhole = true;
    for (const {name, input, say} of fields) {
      const keys = readKeys(input.value);
      say(keys === null ? `expected 64 hexadecimal digits, found ${input.value.trim().length} characters` : null);
      isWhole &&= keys !== null;
      read[name] = keys;
    }
    read.quorum = Number(quorum.input.value);
    const isNumber = Number.isInteger(read.quorum) && read.quorum >= 1 && read.quorum <= QUORUM_MAX;
    quorum.say(isNumber ? null : `expected 1 to ${QUORUM_MAX}`);
    return isWhole && isNumber ? read : null;
  }};
}

// Takes files by drop, anywhere on the page, or by choice. Ends with `signal`.
export function dropZone(onFiles, signal) {
  const input = withAttributes(element("input"), {type: "file", multiple: "", id: "files"});
  const zone = withAttributes(element("label.drop", input,
    element("strong", "Drop a voucher here"), element("span", " or choose files"),
    element("small", "With it, if you have them: the model (M.vouch), which proofs are checked against, and " +
      "the client's opening. Nothing leaves this page.")), {for: "files"});
  const take = (list) => { if (list.length > 0) onFiles([...list]); };
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
  document.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); }, {signal});
  document.addEventListener("dragleave", () => zone.classList.remove("over"), {signal});
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files);
  }, {signal});
  return zone;
}
