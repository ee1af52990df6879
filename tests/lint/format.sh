#!/bin/sh
# format.sh - every source file is as clang-format leaves it.
if ! command -v clang-format >/dev/null 2>&1; then
    echo "lint: skip formatting: no clang-format here"
    exit 0
fi
exec clang-format --dry-run -Werror common/*/*.[ch] stages/*.c pipelines/*.c tests/*/*.[ch]
