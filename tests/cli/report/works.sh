# tables and verdicts of made results
. "$ROOT/tests/cli/tiny.sh"
# results TITLE SPEARMAN: a folder as stsb-eval leaves it
results() {
    mkdir "$1"
    cat >"$1/results.json" <<F
{ "title": "$1", "kind": "bi-encoder", "sets": [
  { "name": "dev", "main": "cosine", "scores": { "cosine":
    { "pearson": 0.5, "spearman": $2, "n": 30, "average_precision": 0.25 } } },
  { "name": "test", "main": "cosine", "scores": { "cosine":
    { "pearson": 0.5, "spearman": -0.125, "n": 30 } } } ] }
F
}
results strong 0.875
results middle 0.75
results weak 0.5
try report --eval strong --eval weak --quiet
verdict() { try report --eval middle --teacher "$1" --student "$2" --augmented "$3" --quiet | tail -n +6; }
verdict strong middle strong
verdict weak middle weak
verdict middle middle middle
try report --eval weak --json --quiet
try report --eval weak --eval strong --model bi --quiet | tail -n 4
