# stored answers are used without key or network; what is not there has failed
printf 'Where is my parcel?\nWhere is my refund?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"name":"n","base_url":"https://llm.invalid/v1","model":"m"}' >p.json
llm-generate --texts t.lmdb --provider p.json --out llm.lmdb --cache-only -q
