// node check.mjs vouch-verify.wasm QUESTION.json...: one line of JSON for each answer. A question
// names files: manifest, annex, proof, opening; owner and job are hexadecimal.
import {readFileSync} from "node:fs";
import {load} from "./verify.mjs";

const [wasm, ...questions] = process.argv.slice(2);
const verifier = await load(readFileSync(wasm));

for (const path of questions) {
  const asked = JSON.parse(readFileSync(path, "utf8")), question = {};
  for (const name of ["manifest", "annex", "proof", "opening"])
    if (asked[name]) question[name] = readFileSync(asked[name]);
  for (const name of ["owner", "job"])
    if (asked[name]) question[name] = Buffer.from(asked[name], "hex");
  console.log(JSON.stringify(await verifier.verify(question)));
}
