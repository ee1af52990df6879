# the key is in nothing that is written, nor where other processes look
key=sk-CANARY/4f2a9c+x
printf 'Where is my parcel?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"name":"n","base_url":"http://127.0.0.1:1/v1","model":"m"}' >p.json
LLM_API_KEY=$key llm-generate --texts t.lmdb --provider p.json --out a.lmdb >log 2>&1 &
pid=$!
n=0
while kill -0 $pid 2>/dev/null; do # four tries take a second or more
    cat /proc/$pid/environ /proc/$pid/cmdline 2>/dev/null | tr '\0' '\n' >>seen
    n=$((n + 1))
    [ $n -gt 20 ] && sleep 0.1
done
wait $pid
echo "exit $?"
printf '%s\n' "$key" >key
chmod 600 key
llm-generate --texts t.lmdb --provider p.json --out b.lmdb --key-file key >>log 2>&1
llm-generate --texts t.lmdb --provider p.json --out c.lmdb --key-fd 7 7<key >>log 2>&1
rm key
[ -s seen ] && echo seen
# the first moments belong to the shell that set the variable
grep -c CANARY seen | awk '{ print ($1 <= 5 ? "early" : "late") }'
grep -rl 'CANARY\|c2stQ0FOQ' . | grep -v '^./seen$'
ls -A | grep -v seen
