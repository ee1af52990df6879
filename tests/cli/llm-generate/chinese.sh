# Chinese template and answers
records import --in "$ROOT/samples/gold-zh.tsv" --columns a,b,label --out gold.lmdb -q 2>/dev/null
llm-generate --texts gold.lmdb --provider "$ROOT/samples/llm/canned-zh.json" --template zh --domain 网店客服 --positives 2 --negatives 3 --out llm.lmdb &&
    records stats --in llm.lmdb -q | head -n 7
