. "$ROOT/tests/cli/tiny.sh"
cat >flow.json <<'F'
{
  "pipeline": "flow",
  "params": { "n": 20 },
  "steps": {
    "gold": { "stage": "records", "command": "import", "in": { "file": "samples/gold.tsv" },
              "options": { "columns": "a,b,label", "limit": "$n" } },
    "cand": { "stage": "pair-builder", "in": { "texts": "gold" } }
  }
}
F
# edit SED: the flow with one mistake, checked
edit() {
    sed "$1" flow.json >bad.json
    try silversmith check bad.json
}
try silversmith
try silversmith rnu flow.json
try silversmith run
try silversmith run none.json
try silversmith run flow.json --jbos 2
try silversmith run flow.json --set n=x
try silversmith run flow.json --set m=1
try silversmith run flow.json --only gould
try silversmith run flow.json --from cand
try silversmith why flow.json
try silversmith why flow.json cadn
try silversmith log flow.json cand
edit 's/pair-builder/pair-bilder/'
edit 's/"import"/"improt"/'
edit 's/"command": "import", //'
edit 's/"columns"/"colums"/'
edit 's/"texts": "gold"/"text": "gold"/'
edit 's/"texts": "gold"/"texts": "glod"/'
edit 's/"texts": "gold"/"texts": "cand"/'
edit 's/\$n/$m/'
edit 's/"\$n"/-1/'
edit 's/"in": { "texts": "gold" }/"options": {}/'
edit 's/gold.tsv/gould.tsv/'
edit 's/"stage": "records"/"stgae": "records"/'
edit 's/"params": { "n": 20 }/"params": { "n": 20, "n": 21 }/'
edit 's/"pipeline": "flow",/"pipeline": "flow"/'
