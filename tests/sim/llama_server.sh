#!/bin/bash
# llm-generate against llama.cpp's own server with a tiny random model: what comes fits the schema, and is junk.
#   pip install 'llama-cpp-python[server]' gguf; tests/sim/llama_server.sh [PYTHON]
# Without the two packages it says so and passes.
set -eu
cd "$(dirname "$0")/../.."
python=${1:-${PYTHON:-python3}}
bin=${BIN:-build/release}/bin
if ! "$python" -c 'import gguf, llama_cpp.server.app' 2>/dev/null; then
    echo "skipped: llama.cpp's server: no llama-cpp-python[server] or gguf in $python"
    exit 0
fi
tmp=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill $server || true; fi; rm -rf "$tmp"' EXIT
"$python" tests/sim/tiny_gguf.py "$tmp/tiny.gguf"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$python" -m llama_cpp.server --model "$tmp/tiny.gguf" --port "$port" \
    --n_ctx 8192 --chat_format chatml --seed 1 > "$tmp/server.log" 2>&1 &
server=$!
for _ in $(seq 120); do
    if "$python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/v1/models')" 2>/dev/null; then
        break
    fi
    sleep 0.5
done
sed "s|127.0.0.1:8080|127.0.0.1:$port|" pipelines/profiles/llamacpp.json > "$tmp/profile.json"
printf '%s\n' 'How do I return my shoes?' 'My card was refused twice today.' \
    'Where can I see my last invoice?' 'The parcel has not come yet.' > "$tmp/anchors.txt"
"$bin/records" import --in "$tmp/anchors.txt" --out "$tmp/anchors.lmdb" -q 2> /dev/null
code=0
"$bin/llm-generate" --texts "$tmp/anchors.lmdb" --provider "$tmp/profile.json" --out "$tmp/out.lmdb" \
    --rejects "$tmp/rejects.jsonl" --aside "$tmp/aside.lmdb" --max-failures 4 --top-up 0 > "$tmp/out" 2>&1 || code=$?
cat "$tmp/out" "$tmp/rejects.jsonl"
"$python" - "$tmp" "$code" <<'PYTHON'
import json, re, sys
folder, code = sys.argv[1], int(sys.argv[2])
log = open(folder + "/out").read()
rows = [json.loads(s) for s in open(folder + "/rejects.jsonl")]
paid = re.search(r"paid to llamacpp/local: (\d+) requests, (\d+) answers", log)
votes = re.search(r"(\d+) sentences: (\d+) accepted, \d+ put aside, (\d+) rejected", log)
assert code == 0 and "seen=4" in log and "failed=0" in log, code
assert paid and paid.groups() == ("4", "4"), "the schema was refused or the answer did not fit it"
assert "JSON: 4 as-is" in log
assert votes and int(votes.group(3)) > 0, "no check rejected anything"
assert len(rows) >= int(votes.group(3)) and all(r["reason"] for r in rows)
print("ok llama.cpp's server: %s sentences on the schema, %s rejected by the checks" % (votes.group(1), votes.group(3)))
PYTHON
