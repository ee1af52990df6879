# what a profile does not say is named; nobody listens there
printf '{"name":"n","base_url":"http://127.0.0.1:1/v1","model":"m"}' >p.json
llm-generate --check p.json 2>&1 | sed -e 's/Failed to connect.*/CANNOT CONNECT/'
llm-generate --check nobody
