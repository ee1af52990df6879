# a tiny model from a vocabulary, looked into; the cache
. "$ROOT/tests/cli/tiny.sh"
export SILVERSMITH_CACHE=$PWD/cache
digests() { sed -e 's/^ *[0-9]* *[0-9a-f]\{64\}/FILE/' -e 's/[0-9a-f]\{64\}/SHA256/'; }
try model random --vocab bi --layers 1 --hidden 8 --heads 2 --ff 16 --out tiny --quiet
try model inspect --model tiny --quiet | digests
try model random --vocab bi --layers 1 --hidden 8 --heads 2 --ff 16 --out tiny
try model random --vocab bi --layers 2 --hidden 8 --heads 2 --ff 16 --out tiny
try model digest --model bi --quiet
try model list --quiet
mkdir -p cache/models && cp -r tiny cache/models/mine--tiny
try model list --quiet
try model inspect --model mine/tiny --quiet --json | grep -E '"(hidden|layers|kind)"'
try model fetch --name mine/tiny | sed "s#$PWD/##"
try model random --vocab bi --layers 3 --hidden 8 --heads 2 --ff 16 --out deep --quiet
try model cut --model deep --layers 0,2 --out cut
try model inspect --model cut --quiet --json | grep '"layers"'
try model cut --model deep --layers 0,3 --out cut2
try model cut --model deep --layers 1,0 --out cut2
try model import --onnx works.sh --tokenizer works.sh --heads 2 --out onnx
