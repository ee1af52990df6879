# the key is in nothing that is written, nor where other processes look
key=sk-CANARY/4f2a9c+x
printf 'Where is my parcel?\n' >texts.txt
records import --in texts.txt --out t.lmdb -q 2>/dev/null
printf '{"name":"n","base_url":"http://127.0.0.1:1/v1","model":"m"}' >p.json
LLM_API_KEY=$key llm-generate --texts t.lmdb --provider p.json --out a.lmdb >log 2>&1 &
pid=$!
# the first moments belong to the shell that set the variable, so only the last
# look counts; four tries take a second or more
while kill -0 $pid 2>/dev/null; do
    cat /proc/$pid/environ /proc/$pid/cmdline 2>/dev/null | tr '\0' '\n' >look
    grep -q provider look && mv look seen
    sleep 0.02
done
rm -f look
wait $pid
echo "exit $?"
printf '%s\n' "$key" >key
chmod 600 key
llm-generate --texts t.lmdb --provider p.json --out b.lmdb --key-file key >>log 2>&1
llm-generate --texts t.lmdb --provider p.json --out c.lmdb --key-fd 7 7<key >>log 2>&1
rm key
[ -s seen ] && echo seen
grep -c CANARY seen
grep -rl 'CANARY\|c2stQ0FOQ' . | grep -v '^./seen$'
ls -A | grep -v seen
