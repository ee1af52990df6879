# tiny.sh - for cases to source: the tiny random model as `bi`, small stores
# made from samples/, and `try`, which shows a command as a session does: its
# line, what it prints (stderr too), its exit status.
ln -s "$ROOT/tests/golden/model/bi" bi
ln -s "$ROOT/samples" samples

# pairs NAME N: NAME.lmdb of the first N labelled pairs of samples/NAME.tsv
pairs() {
    head -n "$2" "samples/$1.tsv" >"$1.tsv"
    records import --in "$1.tsv" --columns a,b,label --out "$1.lmdb" --quiet 2>/dev/null
}

# texts NAME N: NAME.lmdb of the first N lines of samples/NAME.txt
texts() {
    head -n "$2" "samples/$1.txt" >"$1.txt"
    records import --in "$1.txt" --format text --out "$1.lmdb" --quiet 2>/dev/null
}

# scored: scored.lmdb of four pairs with scores 0.1, 0.3, 0.7, 0.9
scored() {
    printf 'a\tb\t0.1\nc\td\t0.3\ne\tf\t0.7\ng\th\t0.9\n' >scored.tsv
    records import --in scored.tsv --columns a,b,score --origin bm25 --out scored.lmdb --quiet 2>/dev/null
}

try() {
    echo "\$ $*"
    "$@" 2>&1
    echo "exit $?"
}

# Figures that another processor may round otherwise, and their columns.
figures() { sed -e 's/-\{0,1\}[0-9]\{1,\}\.[0-9]\{2,\}/F/g' -e 's/   */  /g'; }
