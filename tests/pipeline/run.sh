#!/bin/bash
# run.sh BIN - the runner and the stages together, on pipelines/smoke.json:
# from scratch, again, with one parameter changed, with every kind of mistake in
# the file, and killed at random moments. Prints ok / not ok / skip a line and
# leaves the counts in build/results/pipeline.
set -u
bin=$1
work=build/pipeline-test
mkdir -p build/results
rm -rf $work
mkdir -p $work
passed=0 failed=0 skipped=0
export SILVERSMITH_CACHE=$PWD/$work/cache

ok() { passed=$((passed + 1)); echo "ok pipeline: $1"; }
bad() { failed=$((failed + 1)); echo "not ok pipeline: $1"; [ $# -gt 1 ] && sed 's/^/    /' "$2"; }
check() { if [ "$1" = "$2" ]; then ok "$3"; else echo "    got: $1"; echo "    want: $2"; bad "$3"; fi; }
finish() { echo "$passed $failed $skipped" >build/results/pipeline; [ "$failed" -eq 0 ]; exit; }
smith() { "$bin/silversmith" "$@"; }
# What the outputs are, whatever they took: receipts' digests by step.
digests() {
    for step in "$1"/smoke/*/current; do
        d=$(dirname "$step")/$(cat "$step") n=$(basename "$(dirname "$step")")
        if [ -f "$d/$n.lmdb" ]; then echo "$n $(sha256sum <"$d/$n.lmdb")"
        elif [ -f "$d/$n/receipt.json" ]; then echo "$n $(sha256sum <"$d/$n/receipt.json")"; fi
    done
}

# ---- from scratch, and again ----
if smith run pipelines/smoke.json --runs $work/a >$work/out 2>$work/err; then ok "runs from scratch"; else bad "runs from scratch" $work/err; finish; fi
grep -q '^student ' $work/out && grep -q '^teacher ' $work/out && ok "prints the table" || bad "prints the table" $work/out
left=$work/a/smoke/gold/$(cat $work/a/smoke/gold/current)/gold.lmdb.part
: >"$left"
smith run pipelines/smoke.json --runs $work/a >$work/out2 2>$work/err
[ ! -e "$left" ] && ok "and clears up behind a stage killed at its end" || bad "and clears up behind a stage killed at its end"
check "$(grep -c 'up to date' $work/err)" 13 "a second run finds every output up to date"
check "$(tail -n 1 $work/err | sed 's/ seconds.*//')" "silversmith: info: done ran=1 reused=13" "a second run only prints the report again"
cmp -s $work/out $work/out2 && ok "the table is the same" || bad "the table is the same" $work/out2
smith verify pipelines/smoke.json --runs $work/a >$work/out && ok "verify finds all outputs whole" || bad "verify finds all outputs whole" $work/out
smith status pipelines/smoke.json --runs $work/a >$work/out && ! grep -q stale $work/out && ok "status says done" || bad "status says done" $work/out
smith log pipelines/smoke.json teacher --runs $work/a | grep -q 'done seen' && ok "log prints a step's log" || bad "log prints a step's log"
smith graph pipelines/smoke.json --format dot | grep -q '"scored" -> "silver"' && ok "graph draws the edges" || bad "graph draws the edges"

# ---- one parameter ----
smith plan pipelines/smoke.json --runs $work/a --set high=0.7 >$work/out 2>&1
check "$(awk '/ run / || /run if/ { print $1 }' $work/out | sort | tr '\n' ' ')" "report silver student student-eval vectors " "plan with another threshold names the filter and what depends on it"
smith why pipelines/smoke.json silver --runs $work/a --set high=0.7 >$work/out 2>&1
grep -q '^option.high: 0.45 -> 0.7$' $work/out && grep -q "parameter 'high'" $work/out && ok "why names the parameter, old and new value" || bad "why names the parameter, old and new value" $work/out
smith run pipelines/smoke.json --runs $work/a --set high=0.7 >/dev/null 2>$work/err
check "$(sed -n 's/^silversmith: info: \([a-z-]*\): .*\/bin\/.*/\1/p' $work/err | sort | tr '\n' ' ')" "report silver student student-eval vectors " "run with another threshold runs just those"
smith run pipelines/smoke.json --runs $work/a >/dev/null 2>$work/err
check "$(tail -n 1 $work/err | sed 's/ seconds.*//')" "silversmith: info: done ran=1 reused=13" "setting it back costs nothing"
smith run pipelines/smoke.json --runs $work/a --force silver --until silver >/dev/null 2>$work/err
check "$(tail -n 1 $work/err | sed 's/ seconds.*//')" "silversmith: info: done ran=1 reused=7" "--force makes one step again"

# ---- two at a time, other thread counts: the same bytes ----
smith run pipelines/smoke.json --runs $work/b --jobs 2 --threads 1 >/dev/null 2>$work/err || bad "runs with --jobs 2" $work/err
digests $work/a >$work/da; digests $work/b >$work/db
cmp -s $work/da $work/db && ok "one thread and two jobs give the same bytes" || { diff $work/da $work/db >$work/dd; bad "one thread and two jobs give the same bytes" $work/dd; }

# ---- mistakes in the file: where, what, and the nearest right name ----
mistake() { # name, sed expression, expected text
    sed "$2" pipelines/smoke.json >pipelines/.mistake.json
    smith check pipelines/.mistake.json >$work/out 2>&1
    status=$?
    rm -f pipelines/.mistake.json
    if [ $status -ne 0 ] && grep -qE "mistake.json:[0-9]+:[0-9]+: .*$3" $work/out; then ok "mistake: $1"; else bad "mistake: $1 (exit $status)" $work/out; fi
}
mistake "unknown stage" 's/"stage": "threshold-filter"/"stage": "treshold-filter"/' "unknown stage 'treshold-filter' \(threshold-filter\?\)"
mistake "unknown command" 's/"command": "import"/"command": "imprt"/' "unknown command 'imprt'.*\(import\?\)"
mistake "unknown option" 's/"top-k": "\$top-k"/"topk": 3/' "no option 'topk' \(top-k\?\)"
mistake "unknown input" 's/"in": { "model": "teacher", "pairs": "candidates" }/"in": { "modle": "teacher", "pairs": "candidates" }/' "no input 'modle' \(model\?\)"
mistake "unknown step" 's/"in": { "pairs": "scored" }/"in": { "pairs": "scoerd" }/' "no step 'scoerd'.*\(scored\?\)"
mistake "unknown parameter" 's/"high": "\$high"/"high": "$hihg"/' "unknown parameter '.hihg' \(high\?\)"
mistake "out of range" 's/"high": "\$high"/"high": 2/' "option 'high' is 2, expected"
mistake "no integer" 's/"top-k": "\$top-k"/"top-k": 1.5/' "option 'top-k' is 1.5, expected integer"
mistake "wrong choice" 's/"loss": "mnrl"/"loss": "mrnl"/' "'mrnl', expected one of"
mistake "missing input" 's/"in": { "pairs": "scored" }, //' "input 'pairs' of stage 'threshold-filter' is missing"
mistake "unknown key" 's/"show": true/"shwo": true/' 'unknown key "shwo" \(show\?\)'
mistake "duplicate key" 's/"gold": 80,/"gold": 80, "gold": 81,/' 'duplicate key "gold"'
mistake "no JSON" 's/"pipeline": "smoke",/"pipeline" "smoke",/' 'not valid JSON'
mistake "a circle" 's/"in": { "texts": \["gold", "pool"\]/"in": { "texts": ["silver", "pool"]/' 'circle'
smith run pipelines/smoke.json --set hihg=1 >$work/out 2>&1
check "$? $(grep -c 'high?' $work/out)" "2 1" "mistake: unknown --set"

# ---- its state as JSON; options that a command has no use for ----
smith status pipelines/smoke.json --runs $work/a --json >$work/out 2>$work/err
python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(len(r), {x["state"] for x in r}, min(x.get("kept", 1) for x in r) > 0)' $work/out >$work/got 2>>$work/err
check "$(cat $work/got)" "14 {'done'} True" "status as JSON"
smith why pipelines/smoke.json gold --runs $work/a --json >$work/out 2>&1
check "$? $(grep -c -- '--json' $work/out)" "2 1" "an option without use is refused"

# ---- two runners ----
(smith run pipelines/smoke.json --runs $work/c >/dev/null 2>&1) & other=$!
for _ in $(seq 200); do [ -s $work/c/smoke/lock ] && break; sleep 0.01; done
smith run pipelines/smoke.json --runs $work/c >/dev/null 2>$work/err
check "$? $(grep -c 'another run holds it' $work/err)" "75 1" "a second runner waits its turn: exit 75"
wait $other

# ---- kill -9 of the runner and its stage at random moments ----
kills=${KILLS:-20} done_kills=0 RANDOM=7
for round in $(seq 1 400); do
    setsid "$bin/silversmith" run pipelines/smoke.json --runs $work/k >/dev/null 2>&1 &
    pid=$!
    sleep 0.0$((RANDOM % 90 + 10)); [ $((RANDOM % 3)) -eq 0 ] && sleep 0.$((RANDOM % 9))
    if kill -9 -- -$pid 2>/dev/null; then done_kills=$((done_kills + 1)); fi
    wait $pid 2>/dev/null
    [ $done_kills -ge "$kills" ] && break
done
smith run pipelines/smoke.json --runs $work/k >/dev/null 2>$work/err || bad "goes on after kills" $work/err
digests $work/k >$work/dk
cmp -s $work/da $work/dk && ok "$done_kills kills change no byte" || { diff $work/da $work/dk >$work/dd; bad "$done_kills kills change no byte" $work/dd; }
check "$(find $work/k -name '*.part*' -o -name '*.final' | wc -l)" 0 "nothing unfinished is left behind"

# ---- the library loads what was written ----
python=${PEERS_PYTHON:-build/peers/bin/python}
[ -x "$python" ] || python=python3
out_of() { echo "$work/a/smoke/$1/$(cat $work/a/smoke/$1/current)/$1"; }
if "$python" -c 'import sentence_transformers' 2>/dev/null; then
    "$bin/records" show --in "$(out_of vectors).lmdb" --limit 200 --json >$work/vectors.jsonl 2>/dev/null
    "$bin/records" show --in "$(out_of scored).lmdb" --limit 200 --json >$work/scored.jsonl 2>/dev/null
    if "$python" tests/pipeline/library.py "$(out_of student)" $work/vectors.jsonl "$(out_of teacher)" $work/scored.jsonl >$work/out 2>$work/err
    then ok "sentence-transformers gives the same vectors and scores"; else cat $work/err >>$work/out; bad "sentence-transformers gives the same vectors and scores" $work/out; fi
else
    skipped=$((skipped + 1)); echo "skip pipeline: sentence-transformers is not installed"
fi

# ---- Chinese, on a tiny random model over the samples' own characters ----
{ printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n'; cat samples/*-zh.t* | grep -o . | LC_ALL=C sort -u | grep -v '[[:space:]]'; } >$work/vocab.txt
if "$bin/model" random --out $work/zh-model --vocab $work/vocab.txt --layers 2 --hidden 32 --heads 4 --ff 64 >$work/err 2>&1 &&
    smith run pipelines/augsbert-zh.json --runs $work/zh --set base=$PWD/$work/zh-model --set epochs=1 --set teacher-epochs=1 >$work/out 2>>$work/err
then ok "the Chinese pipeline runs on a tiny random model"; else bad "the Chinese pipeline runs on a tiny random model" $work/err; fi
grep -q 'augmented bi-encoder' $work/out && ok "and prints its table" || bad "and prints its table" $work/out

# ---- kill -9 of a training: the same bytes as undisturbed, whatever the threads ----
zh_out() { echo "$work/zh/augsbert-zh/$1/$(cat $work/zh/augsbert-zh/$1/current)/$1.lmdb"; }
train() { # out, epochs, more options; in a subshell: kill means the program itself
    out=$1 epochs=$2; shift 2
    exec "$bin/bi-encoder-train" --pretrain-pairs "$(zh_out gold)" --pairs "$(zh_out gold)" --dev "$(zh_out dev)" --base $work/zh-model --epochs $epochs \
        --eval-steps 40 --patience 30 --out $out "$@"
}
(train $work/undisturbed 60 >/dev/null 2>$work/err) || bad "a training runs" $work/err
cuts=0 RANDOM=11
for round in $(seq 1 12); do # killed some moments after it got further, then left alone
    : >$work/mark
    train $work/cut 60 --checkpoint-minutes 0.00001 --threads $((round % 2 + 1)) >/dev/null 2>$work/err & pid=$!
    for _ in $(seq 3000); do
        [ $work/cut.checkpoint -nt $work/mark ] || ! kill -0 $pid 2>/dev/null && break
        sleep 0.01
    done
    sleep 0.$((RANDOM % 3))$((RANDOM % 10))
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null && break
    grep -q 'going on after batch' $work/err && cuts=$((cuts + 1))
done
(train $work/cut 60 >/dev/null 2>$work/err)
diff -r $work/undisturbed $work/cut >$work/out 2>&1 && [ $cuts -gt 0 ] && ok "a training killed and continued ($cuts times) ends in the same bytes" ||
    { echo "$cuts continuations" >>$work/out; bad "a training killed and continued ends in the same bytes" $work/out; }
[ ! -e $work/cut.checkpoint ] && ok "and its checkpoint is gone" || bad "and its checkpoint is gone" $work/err
# ---- the same with several seeds ----
seeds() { out=$1; shift; train $out 20 --seeds 4 --seed-share 0.4 "$@"; }
(seeds $work/seeds >/dev/null 2>$work/err) || bad "a training of four seeds runs" $work/err
cuts=0
for round in $(seq 1 25); do
    : >$work/mark
    seeds $work/seeds-cut --checkpoint-minutes 0.00001 --threads $((round % 2 + 1)) >/dev/null 2>$work/err & pid=$!
    for _ in $(seq 3000); do
        [ $work/seeds-cut.checkpoint -nt $work/mark ] || ! kill -0 $pid 2>/dev/null && break
        sleep 0.01
    done
    sleep 0.$((RANDOM % 3))$((RANDOM % 10))
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null && break
    grep -q 'going on after batch' $work/err && cuts=$((cuts + 1))
done
(seeds $work/seeds-cut >/dev/null 2>$work/err)
diff -r $work/seeds $work/seeds-cut >$work/out 2>&1 && [ $cuts -gt 0 ] && ok "four seeds killed and continued ($cuts times) end in the same bytes" ||
    { echo "$cuts continuations" >>$work/out; bad "four seeds killed and continued end in the same bytes" $work/out; }
ls -d $work/seeds-cut.checkpoint* >$work/out 2>/dev/null && bad "and leave no checkpoint" $work/out || ok "and leave no checkpoint"
train $work/other 60 --checkpoint-minutes 0.00001 >/dev/null 2>&1 & pid=$!
for _ in $(seq 300); do [ -s $work/other.checkpoint ] && break; sleep 0.01; done
kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null
(train $work/other 60 --lr 1e-5 >/dev/null 2>$work/err)
grep -q 'of other inputs or options: starting again' $work/err && ok "other options start a training again" || bad "other options start a training again" $work/err
train $work/term 4000 >/dev/null 2>$work/err & pid=$!
for _ in $(seq 300); do grep -q 'step=40 ' $work/err && break; sleep 0.01; done
kill -TERM $pid; wait $pid
check "$? $([ -s $work/term.checkpoint ] && echo kept)" "143 kept" "SIGTERM keeps a training's state"

# ---- SIGTERM ----
setsid "$bin/silversmith" run pipelines/smoke.json --runs $work/t >/dev/null 2>$work/err & pid=$!
for _ in $(seq 200); do [ -d $work/t/smoke/teacher ] && break; sleep 0.02; done
kill -TERM $pid; wait $pid
check "$?" 143 "SIGTERM ends the run with 143"
finish
