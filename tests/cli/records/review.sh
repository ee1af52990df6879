# pairs to the tools in which people label, and their answers back as gold
printf 'Where is it?\tWhere has it gone?\t1\nWhere is it?\tWhere was it?\t0\nWhere is it?\tWhere has it gone?\t1\n"Quoted"\t\\ and 引号\t1\n' >p.tsv
records import --in p.tsv --columns a,b,label --out p.lmdb -q
for tool in argilla label-studio; do
    records export --in p.lmdb --format $tool --out $tool.json -q
    cat $tool.json
done
# as the tools give them back, by the program that people use for JSON here
python3 - <<'P'
import json
a = json.load(open("argilla.json"))
for r, votes in zip(a, (["same"], ["different", "same", "different"], [])):
    r["responses"] = {"label": [{"value": v, "user_id": "u"} for v in votes]}
json.dump(a, open("answered.json", "w"))
t = json.load(open("label-studio.json"))
for x, votes in zip(t, (["same"], ["different"], ["same", "different"])):
    x["annotations"] = [dict(x["predictions"][0], was_cancelled=False) for v in votes]
    for n, v in zip(x["annotations"], votes):
        n["result"] = [dict(n["result"][0], value={"choices": [v]})]
with open("answered.jsonl", "w") as f:
    for x in t + [{"data": {"sentence1": "a"}}, 3]:
        f.write(json.dumps(x, ensure_ascii=False) + "\n")
    f.write("{\"data\":\n")
P
records import --in answered.json --format argilla --out a.lmdb -q
records show --in a.lmdb --json -q
records import --in answered.jsonl --format label-studio --out l.lmdb --max-failures 3 --rejects bad.jsonl -q
records show --in l.lmdb --json -q
cat bad.jsonl
printf '[{"fields":{"sentence1":"a","sentence2":"b"}},\n {"fields":7}]' >broken.json
records import --in broken.json --format argilla --out b.lmdb -q
printf '[{"fields":' >cut.json
records import --in cut.json --format argilla --out b.lmdb -q
records import --in answered.json --format argilla --limit 3 --out b.lmdb -q
printf 'one\n' >t.txt
records import --in t.txt --out t.lmdb -q
records export --in t.lmdb --format argilla --out t.json -q
