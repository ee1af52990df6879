. "$ROOT/tests/cli/tiny.sh"
try silversmith --help
try silversmith run --help
try silversmith graph --help
