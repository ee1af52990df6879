# nothing is sent, and nothing is made: no store, no lock
printf 'Where is my parcel?\nWhere is my refund?\n' >texts.txt
printf '{"name":"n","base_url":"https://llm.invalid/v1","model":"m","extra":{"temperature":null}}' >p.json
printf 'For {domain}: {positives} and {negatives}, as JSON.\n---\n{anchor}' >template
records import --in texts.txt --out t.lmdb -q 2>/dev/null
touch .lock
llm-generate --texts t.lmdb --provider p.json --template template --domain shops --out llm.lmdb --dry-run && ls -A
