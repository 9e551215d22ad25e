# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
cat >app.py <<'END'
import fastapi
app = fastapi.FastAPI()
@app.get("/")
def root(n: int = 1):
    return {"word": "first", "n": n}
END
port=$(fetch port)
start log uvicorn --reload --port "$port" app:app
pid=$!
fetch "http://127.0.0.1:$port/?n=7"
sleep 2
sed -i 's/first/second/' app.py
fetch "http://127.0.0.1:$port/" second
# A background job of sh ignores SIGINT; TERM is what a service manager sends.
kill -TERM $pid
status=0; wait $pid || status=$?
echo "ended with $status"
