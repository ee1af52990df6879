. "$ROOT/tests/cli/tiny.sh"
mkdir empty broken
echo '{"model":' >broken/results.json
try report
try report --evla x
try report --eval none
try report --eval empty
try report --eval broken
try report --eval bi
