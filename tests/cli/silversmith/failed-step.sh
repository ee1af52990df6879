# a step that fails: its own words, and where its log is
. "$ROOT/tests/cli/tiny.sh"
printf 'a\tb\t0.5\nc\td\tyes\n' >bad.tsv
cat >flow.json <<'F'
{ "pipeline": "flow", "params": { "file": { "path": "bad.tsv" } },
  "steps": { "gold": { "stage": "records", "command": "import", "in": { "file": "$file" },
                       "options": { "columns": "a,b,label" } } } }
F
names() { sed "s#$PWD/##g; s/\b[0-9a-f]\{12\}\b/FP/g"; }
try silversmith run flow.json --quiet | names
printf 'a\tb\t0.5\n' >good.tsv
try silversmith run flow.json --quiet --set file=good.tsv
