. "$ROOT/tests/cli/tiny.sh"
export SILVERSMITH_CACHE=$PWD/cache HF_ENDPOINT=http://127.0.0.1:9
try model
try model fecth
try model inspect --model none
try model inspect --model samples
try model inspect --model bi --jsno
try model fetch --name ../etc
try model fetch --name a/b/c
try model fetch --name some/model
try model random --vocab none --out x
try model random --vocab bi --hidden 10 --heads 4 --out x
cp -r bi/ broken && head -c 300 bi/model.safetensors >broken/model.safetensors
try model inspect --model broken
ls
