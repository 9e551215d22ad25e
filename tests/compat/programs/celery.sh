# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
port=$(fetch port)
start "$HOST/redis.log" redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$HOST"
cat >jobs.py <<END
import celery
app = celery.Celery("jobs", broker="redis://127.0.0.1:$port/0", backend="redis://127.0.0.1:$port/1")
@app.task
def add(a, b):
    return a + b
END
start log celery -A jobs worker -c 2 --loglevel=info
pid=$!
python -c 'import jobs; print([jobs.add.delay(i, 1).get(timeout=60) for i in range(5)])'
kill -TERM $pid
status=0; wait $pid || status=$?
echo "ended with $status"
