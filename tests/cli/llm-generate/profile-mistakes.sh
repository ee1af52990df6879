# a word that is not known is never passed over, and what went wrong is said
printf 'How do I return my shoes?\n' >one.txt
records import --in one.txt --format text --out one.lmdb -q 2>/dev/null
lg() {
    printf '{"name":"mine","model":"m","key_env":"",%s}\n' "$1" >mine.json
    shift
    llm-generate --texts one.lmdb --provider mine.json --out llm.lmdb -q "$@"
    echo "exit $?"
}
url='"base_url":"http://127.0.0.1:9/v1"'
lg "$url,\"concurrency\":{\"strt\":2}"
lg "$url,\"concurrency\":{\"start\":\"2\"}"
lg "$url,\"concurrency\":{\"start\":20,\"max\":2}"
lg "$url,\"concurrency\":{\"max\":0}"
lg "$url,\"batch\":{\"windw\":\"24h\"}"
lg "$url,\"batch\":{\"lines\":\"many\"}"
lg "$url,\"thinking\":{\"of\":{}}"
lg '"base_url":"http://127.0.0.1:9/v1/chat/completions"'
lg "$url,\"prices\":[{\"input\":1}]"
lg "$url,\"prices\":[{\"input\":1,\"output\":null}]" --max-cost 1
printf '[{"output":1}]' >prices.json
lg "$url,\"prices\":[{\"input\":0,\"output\":0}]" --prices prices.json --max-cost 1
printf '{"name":"mine","model":"m","base_url":"https://127.0.0.2:9/v1"}' >mine.json
LLM_API_KEY= llm-generate --texts one.lmdb --provider mine.json --out llm.lmdb
