# SPDX-License-Identifier: LGPL-2.1-or-later
# For the programs: sourced by a shell of the host.
fetch() { "$BASE" -I "$HOST/fetch.py" "$@"; }
started=
logs=
# start LOG COMMAND...: in the background; $! is its process id, and it ends with this shell.
start() { log=$1; logs="$logs $1"; shift; "$@" >"$log" 2>&1 </dev/null & started="$started $!"; }
finish() { for pid in $started; do kill "$pid" 2>/dev/null || :; done; for pid in $started; do wait "$pid" 2>/dev/null || :; done; }
# What the servers said, if all did not go well.
trap 'status=$?; finish; [ $status -eq 0 ] || tail -n 30 $logs >&2; exit $status' EXIT
# wait_for COMMAND...: until it succeeds.
wait_for() { n=0; until "$@" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 300 ] || return 1; sleep 0.1; done; }
