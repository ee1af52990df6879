#!/bin/sh
# deps.sh SUDO PACKAGE... - install the Debian packages that are missing.
# Elsewhere: say what is needed, fail only when a compile would.
set -eu
sudo=$1
shift
if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: no apt here; install the equivalents of these Debian packages by hand:"
    echo "  $*"
    exit 0
fi
missing=
for p; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ -n "$sudo" ] && ! command -v sudo >/dev/null 2>&1; then
    echo "deps: not root and no sudo; as root run: apt-get install$missing" >&2
    exit 1
fi
echo "deps: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
