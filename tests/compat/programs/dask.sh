# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
port=$(fetch port)
start scheduler.log dask scheduler --host 127.0.0.1 --port "$port" --no-dashboard
for i in 1 2; do start "worker$i.log" dask worker "tcp://127.0.0.1:$port" --nthreads 1 --no-dashboard --local-directory "$PROJECT/w$i"; done
python -c "
from distributed import Client
with Client('tcp://127.0.0.1:$port', timeout=60) as c:
    c.wait_for_workers(2, timeout=60)
    print(sum(c.gather(c.map(lambda x: x * x, range(20)))))
"
