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
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    server=
}
trap 'stop; rm -rf "$tmp"' EXIT
"$python" tests/sim/tiny_gguf.py "$tmp/tiny.gguf"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$python" -m llama_cpp.server --model "$tmp/tiny.gguf" --port "$port" \
    --n_ctx 8192 --chat_format chatml --seed 1 > "$tmp/server.log" 2>&1 &
server=$!
up=0
for _ in $(seq 120); do
    if "$python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/v1/models')" 2>/dev/null; then
        up=1
        break
    fi
    sleep 0.5
done
if [ $up = 0 ]; then
    tail "$tmp/server.log"
    echo "llama.cpp's server did not answer within a minute"
    exit 1
fi
printf '%s\n' 'How do I return my shoes?' 'My card was refused twice today.' \
    'Where can I see my last invoice?' 'The parcel has not come yet.' > "$tmp/texts.txt"
"$bin/records" import --in "$tmp/texts.txt" --out "$tmp/texts.lmdb" -q 2> /dev/null

run() { # NAME "WAYS OF ASKING" OPTIONS: NAME.lmdb, NAME.log, NAME.jsonl, NAME.code
    local name=$1 code=0
    sed -e "s|127.0.0.1:8080|127.0.0.1:$port|" -e "s|\"json\": .*|\"json\": [$2],|" \
        pipelines/profiles/llamacpp.json > "$tmp/$name.json"
    shift 2
    "$bin/llm-generate" --texts "$tmp/texts.lmdb" --provider "$tmp/$name.json" --out "$tmp/$name.lmdb" \
        --rejects "$tmp/$name.jsonl" --top-up 0 --max-failures 4 "$@" > "$tmp/$name.log" 2>&1 || code=$?
    echo $code > "$tmp/$name.code"
}

run schema '"llama_schema", "json_schema", "json_object", "plain"'
cat "$tmp/schema.log" "$tmp/schema.jsonl"
run again '"json_schema", "llama_schema"'
run plain '"plain"' --limit 1
stop
run stored '"llama_schema", "json_schema", "json_object", "plain"' --cache-only --answers "$tmp/schema.lmdb.answers"
"$bin/records" stats --in "$tmp/schema.lmdb" > "$tmp/stats" 2> /dev/null
"$python" - "$tmp" <<'PYTHON'
import json, re, sys
folder = sys.argv[1]


def read(name):
    with open("%s/%s" % (folder, name), errors="replace") as f:
        return f.read()


def of(name):
    log = read(name + ".log")
    paid = re.search(r"paid to llamacpp/local: (\d+) requests, (\d+) answers", log)
    votes = re.search(r"(\d+) sentences: (\d+) accepted, (\d+) put aside, (\d+) rejected", log)
    assert paid and votes, log
    return log, [int(n) for n in paid.groups()], [int(n) for n in votes.groups()]


# by the schema: an answer for each first request, all of it on the schema, all of it junk, and each sentence with why
log, paid, (sentences, accepted, aside, rejected) = of("schema")
rows = [json.loads(s) for s in read("schema.jsonl").splitlines()]
assert read("schema.code").strip() == "0" and "seen=4 kept=4 rejected=0 failed=0" in log, log
assert paid == [4, 4] and "refuses" not in log, "the schema was refused or the answer did not fit it"
assert "answers: 4 answered; JSON: 4 as-is" in log, log
assert sentences >= 4 and rejected == sentences and accepted == aside == 0, "junk was let through: %s" % log
assert len(rows) == rejected, rows
for r in rows:
    assert re.fullmatch(r"anchor [0-3], (positive|negative)", r["where"]) and r["record"], r
    assert re.fullmatch(r"check: [a-z]+ \([a-z' ,]+\)", r["reason"]), r
assert re.search(r"^texts +\d", read("stats"), re.M) and not re.search(r"^(pairs|triplets) +\d", read("stats"), re.M), read("stats")

# the server is gone by now: the stored answers make the same bytes
with open(folder + "/schema.lmdb", "rb") as a, open(folder + "/stored.lmdb", "rb") as b:
    assert a.read() == b.read(), "other bytes from the stored answers"

# OpenAI's form of the schema first: taken, or refused once and the next one taken
log, paid, _ = of("again")
refused = "refuses json_schema: trying llama_schema" in log
assert paid[1] == 4 and "JSON: 4 as-is" in log and refused == (paid[0] > 4), log

# without a schema this model writes no JSON: it was the schema that did it
log, paid, votes = of("plain")
assert votes[0] == 0 and "no JSON in the answer" in log, log
print("ok llama.cpp's server: %d sentences on the schema, %d rejected by the checks; json_schema %s; without a schema no JSON"
      % (sentences, rejected, "refused, then llama_schema" if refused else "taken"))
PYTHON
