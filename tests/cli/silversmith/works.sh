# a flow of three steps through every command
. "$ROOT/tests/cli/tiny.sh"
cat >flow.json <<'F'
{
  "pipeline": "flow", // as small as it gets
  "params": { "gold": { "path": "samples/gold.tsv" }, "n": 20, "k": 1 },
  "steps": {
    "gold": { "stage": "records", "command": "import", "in": { "file": "$gold" },
              "options": { "columns": "a,b,label", "limit": "$n" } },
    "cand": { "stage": "pair-builder", "in": { "texts": "gold" }, "options": { "top-k": "$k" }, "show": true },
    "stats": { "stage": "records", "command": "stats", "in": { "records": "cand" } }
  }
}
F
bin=$(dirname "$(command -v silversmith)")
names() { sed "s#$bin/##g; s#$PWD/##g; s/\b[0-9a-f]\{12\}\b/FP/g"; }
try silversmith check flow.json
try silversmith graph flow.json
try silversmith graph flow.json --format dot
try silversmith graph flow.json --format mermaid
try silversmith plan flow.json | names
try silversmith run flow.json | names
try silversmith run flow.json --quiet
try silversmith plan flow.json --set k=2 | names
try silversmith why flow.json cand --set k=2 | names
try silversmith why flow.json gold | names
try silversmith plan flow.json --force gold --json | names
try silversmith run flow.json --only cand --force cand --quiet
try silversmith status flow.json | names
try silversmith log flow.json cand
try silversmith verify flow.json
