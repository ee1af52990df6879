#!/bin/sh
# layers.sh - no include against the layer table, one user of each foreign
# header (design: layers and libraries). Prints file:line of each offence.
exec awk '
BEGIN {
    may["base"] = " base "
    may["store"] = " base store "
    may["text"] = " base text "
    may["nn"] = " base nn "
    may["mine"] = " base nn mine "
    may["net"] = " base net "
    may["llm"] = " base store text net llm "
    may["model"] = " base store text nn mine net model "
    may["dag"] = " base store dag "
    may["stages"] = " base store text nn mine net llm model "
    may["pipelines"] = " base store dag "
    only["lmdb.h"] = "common/store/tables.c"
    only["cblas.h"] = "common/nn/gemm.c"
    only["utf8proc.h"] = "common/text/normalise.c"
    only["pcre2.h"] = "common/text/pattern.c"
    only["cjson/cJSON.h"] = "common/base/json.c"
    only["xxhash.h"] = only["openssl/evp.h"] = "common/base/hash.c"
    only["cpuid.h"] = "common/base/cpu.c"
    only["curl/curl.h"] = "common/net/(http|post).c"
    only["microhttpd.h"] = "common/net/replay.c"
    only["pthread.h"] = "common/base/workers.c"
}
FNR == 1 {
    n = split(FILENAME, part, "/")
    layer = part[1] == "common" ? part[2] : part[1]
}
/^#include "/ {
    split($2, q, "\"")
    m = split(q[2], to, "/")
    if (m != 2 || index(may[layer], " " to[1] " ") == 0) {
        printf "%s:%d: layer %s may not include %s\n", FILENAME, FNR, layer, q[2]
        bad = 1
    }
}
/^#include </ {
    split($2, q, /[<>]/)
    if (q[2] in only && FILENAME !~ "^" only[q[2]] "$") {
        printf "%s:%d: <%s> belongs in %s\n", FILENAME, FNR, q[2], only[q[2]]
        bad = 1
    }
}
END { exit bad }
' common/*/*.[ch] stages/*.c pipelines/*.c
