# what checks doubt is judged, in both orders; its questions are stored and paid
# like any other; where its answers depend on the order it has no vote
printf 'Remember to bring the card.\nYou can pay with the card.\nIt never broke in two weeks.\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
cat >gen.jsonl <<'J'
{"anchor":"Remember to bring the card.","answers":[{"content":"{\"positives\":[\"Don't forget to bring the card.\"],\"negatives\":[{\"text\":\"Remember to bring the coat.\",\"kind\":\"entity\"}]}"}]}
{"anchor":"You can pay with the card.","answers":[{"content":"{\"positives\":[\"You cannot pay with the card.\"],\"negatives\":[{\"text\":\"You can play with the card.\",\"kind\":\"other-question\"}]}"}]}
{"anchor":"It never broke in two weeks.","answers":[{"content":"{\"positives\":[\"It held out for half a month.\",\"It worked all the time.\"],\"negatives\":[{\"text\":\"It never broke in two years.\",\"kind\":\"number\"}]}"}]}
J
cat >judge.jsonl <<'J'
{"anchor":"Remember to bring the card.","answers":[{"content":"{\"positives\":[\"Don't forget to bring the card.\"],\"negatives\":[\"Remember to bring the coat.\"]}"}]}
{"anchor":"You can pay with the card.","answers":[{"content":"{\"positives\":[],\"negatives\":[{\"text\":\"You cannot pay with the card.\",\"kind\":\"negation\"},{\"text\":\"You can play with the card.\",\"kind\":\"entity\"}]}"}]}
{"anchor":"It never broke in two weeks.","answers":[{"content":"{\"positives\":[1],\"negatives\":[2, 3]}"}]}
J
for p in gen judge; do
    printf '{"name":"%s","model":"m","replay":"%s.jsonl","prices":[{"input":1,"output":1}]}' $p $p >$p.json
done
generate() { llm-generate --texts t.lmdb --provider gen.json --positives 2 --negatives 1 --checks overlap=0.05 -q "$@" 2>&1 | grep -v '^answers\|^tokens\|^openings\|^diversity\|language'; }
generate --out plain.lmdb --aside plain-aside.lmdb
generate --out doubts.lmdb --judge judge.json --aside doubts-aside.lmdb --rejects bad.jsonl
cat bad.jsonl
generate --out all.lmdb --answers doubts.lmdb.answers --judge judge.json --judged all --aside all-aside.lmdb
for s in plain doubts all; do
    echo "$s aside:"
    records show --in $s-aside.lmdb --json -q 2>/dev/null | sed 's/.*"b":\("[^"]*"\).*"votes":\(.*\)}}/\1 \2/'
done
echo "again, and without a network:"
generate --out again.lmdb --answers doubts.lmdb.answers --judge judge.json --judged all --cache-only | tail -n 1
generate --out again.lmdb --answers doubts.lmdb.answers --judge judge.json --judged all --force | grep paid
for s in all again; do records verify --in $s.lmdb -q 2>/dev/null; done
cmp all.lmdb again.lmdb && echo same bytes
generate --out capped.lmdb --judge judge.json --judged all --max-requests 4 | tail -n 1
generate --out capped.lmdb --judge judge.json --judged all --max-requests 9 | grep paid
printf 'What? {anchor}' >none.txt
generate --out x.lmdb --judge judge.json --judge-template none.txt
# what is left is for people: with the writer's intent and the votes
records export --in all-aside.lmdb --format label-studio --out review.json -q 2>/dev/null && cat review.json
