. "$ROOT/tests/cli/tiny.sh"
texts pool 3
try tsdae-train --texts pool.lmdb --base bi --out x --objective tdsae
try tsdae-train --texts pool.lmdb --base bi --out x --words '('
try tsdae-train --texts pool.lmdb --base bi --out x --ratio 2
try tsdae-train --texts none.lmdb --base bi --out x
try tsdae-train --texts pool.lmdb --out x
try tsdae-train --texts pool.lmdb --dev pool.lmdb --base bi --out x
ls
