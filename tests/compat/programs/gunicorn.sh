# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
cat >app.py <<'END'
import os
import flask
app = flask.Flask(__name__)
@app.route("/")
def root():
    return "first"
@app.route("/pid")
def pid():
    return str(os.getpid())
END
port=$(fetch port)
start log gunicorn -w 4 -b "127.0.0.1:$port" app:app
pid=$!
fetch "http://127.0.0.1:$port/"
for i in $(seq 40); do fetch "http://127.0.0.1:$port/pid"; done >pids
[ "$(sort -u pids | wc -l)" -gt 1 ] && echo several workers
sed -i 's/first/second/' app.py
kill -HUP $pid
fetch "http://127.0.0.1:$port/" second
kill -TERM $pid
status=0; wait $pid || status=$?
echo "ended with $status"
grep -c 'Handling signal: hup' log
