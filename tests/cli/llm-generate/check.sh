# one small call, and what works; nothing is made
llm-generate --check "$ROOT/samples/llm/canned.json" | sed -e 's/:[0-9][0-9]*/:PORT/' -e 's/after .* s$/after S s/' && ls -A
