// What the ledger's page says of vouchers, asked without a page. The words are those of verify_voucher.py.
//
//     node verify_voucher.mjs WEB FILE     one voucher a line; prints a line for each
import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [folder, path] = process.argv.slice(2);
const page = (name) => import(`${pathToFileURL(folder)}/${name}.js`);
const [{checkVoucher}, {fromHex}, {CLAIMS}] = await Promise.all(["check", "bytes", "judge"].map(page));

function readWords(line) {
  const reader = {founders: [], owners: [], clients: [], ledgers: [], quorum: 2, now: 0n,
    model: null, opening: null, verifier: null};
  let bytes = new Uint8Array();
  for (const word of line.split(" ")) {
    const [name, value] = word.split("=");
    if (name === "voucher") bytes = fromHex(value, value.length / 2);
    else if (name === "quorum") reader.quorum = Number(value) || 2;
    else if (name === "at") reader.now = BigInt(value) || 1n << 64n; // 0: no clock
    else reader[`${name}s`].push(fromHex(value, 32));
  }
  return [bytes, reader];
}

for (const line of readFileSync(path, "utf8").split("\n").filter((text) => text !== "")) {
  const {refusal, report} = await checkVoucher(...readWords(line));
  if (refusal !== null) console.log("malformed");
  else console.log([report.isAccepted ? "accepted" : "refused",
    ...CLAIMS.map((claim) => `${claim}=${report.findings[claim].verdict.toLowerCase().replace(" ", "-")}`)].join(" "));
}
