# SPDX-License-Identifier: LGPL-2.1-or-later
. "$HOST/common.sh"
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres | tail -n 1)")
port=$(fetch port)
data=$HOST/pg.$$
"$bin/initdb" -D "$data" -U boss --auth=trust >"$HOST/initdb.log" 2>&1
start "$HOST/pg.log" "$bin/postgres" -D "$data" -p "$port" -k "$PROJECT" -c listen_addresses=127.0.0.1 -c fsync=off
wait_for "$bin/pg_isready" -h 127.0.0.1 -p "$port"
for at in 127.0.0.1 "$PROJECT"; do
	python -c '
import sys, psycopg
with psycopg.connect(host=sys.argv[1], port=sys.argv[2], user="boss", dbname="postgres") as c:
    c.execute("create temp table t (a int, b text)")
    with c.cursor().copy("copy t from stdin") as copy:
        for i in range(1000):
            copy.write_row((i, "ä"))
    print(c.execute("select sum(a), min(b) from t").fetchone())
    try:
        c.execute("select 1/0")
    except psycopg.errors.DivisionByZero as e:
        print(e)
' "$at" "$port"
done
finish
rm -rf "$data"
