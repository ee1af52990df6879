# SIGTERM while it waits for a throttled answer; the next run goes on, and the
# store is the one of a run that nobody disturbed
records import --in "$ROOT/samples/gold.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
sed -e '$s/^{/{"fail_first":9,"fail":{"status":429,"headers":{"Retry-After":"60"}},/' \
    "$ROOT/samples/llm/answers-en.jsonl" >slow.jsonl
sed -e 's/answers-en.jsonl/slow.jsonl/' "$ROOT/samples/llm/canned.json" >slow.json
llm-generate --texts gold.lmdb --provider slow.json --out a.lmdb >/dev/null 2>log &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    sleep 0.25
    [ -s a.lmdb.answers ] && [ $i -gt 4 ] && break
done
kill -TERM $!
wait $!
echo "exit $?"
grep -c 'interrupted; run the same command again' log
ls
llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --out a.lmdb -q >/dev/null
cached=$(sed -n 's/.*"cached":\t\([0-9]*\).*/\1/p' a.lmdb.run.json)
[ "$cached" -gt 0 ] && [ "$cached" -lt 63 ] && echo "some of 63 were there"
llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned.json" --out b.lmdb -q >/dev/null
cmp a.lmdb b.lmdb && echo "the same bytes"
