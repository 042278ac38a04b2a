"""same_balances.py URL AUDIT.json: does the ledger say of its members what an audit of its log says?"""
import json
import sys
import urllib.request

FIELDS = ["balance", "stake", "unbonding", "frozen", "correct", "timely", "successes", "wrongs", "silences",
          "slashes", "disputes_lost"]

state = json.load(urllib.request.urlopen(sys.argv[1] + "/api/state", timeout=30))
with open(sys.argv[2], encoding="utf-8") as file:
    audit = json.load(file)
ours = {row["key"]: [row[field] for field in FIELDS] for row in audit["accounts"]}
theirs = {row["key"]: [row[field] for field in FIELDS] for row in state["members"]}
if ours != theirs:
    sys.exit("the ledger and the audit differ: "
             + ", ".join(key for key in theirs if theirs[key] != ours.get(key)))
print(f"{audit['size']} entries, {len(audit['verdicts'])} verdicts, {len(ours)} accounts: "
      "the ledger says the same")
