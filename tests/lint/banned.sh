#!/bin/sh
# banned.sh - functions that this tree does not use (style: section 18), and
# the writer of stderr. Comments and strings are blanked before the search.
exec awk '
{
    line = $0
    gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    while (match(line, /\/\*[^*]*\*\//))
        line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
    if (match(line, /^ *\/?\*/)) next
    if (match(line, /(^|[^a-zA-Z0-9_>.])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|sscanf|rand|srand|localtime|gmtime|alloca|system|exit)\(/)) {
        printf "%s:%d: banned function: %s\n", FILENAME, FNR, $0
        bad = 1
    }
    if (FILENAME !~ /base\/(log|progress)\.c$/ && line ~ /[^a-z]stderr[^a-z]/) {
        printf "%s:%d: only base/log and base/progress write stderr\n", FILENAME, FNR
        bad = 1
    }
    columns = $0
    gsub(/[\200-\277]/, "", columns) # bytes of UTF-8 that begin no character
    if (length(columns) > 100) {
        printf "%s:%d: longer than 100 columns\n", FILENAME, FNR
        bad = 1
    }
}
END { exit bad }
' common/*/*.[ch] stages/*.c pipelines/*.c
