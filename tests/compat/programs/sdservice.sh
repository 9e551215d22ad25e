# SPDX-License-Identifier: LGPL-2.1-or-later
. "$PROGRAMS/systemd.sh"
cat >fail.py <<'PY'
import os, sys
turns = os.path.getsize("turns") if os.path.exists("turns") else 0
with open("turns", "a") as f:
    f.write("x")
print("turn", turns, os.environ["FROM_FILE"], sys.stdin.read() == "", flush=True)
if turns == 0:
    sys.exit(3)
if turns == 1:
    os.kill(os.getpid(), 9)
PY
cat >serve.py <<'PY'
import os, signal, sys
if "handles" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    signal.signal(signal.SIGHUP, lambda *_: print("reloaded", flush=True))
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        signal.pause()
print("up", flush=True)
while True:
    signal.pause()
PY
say="$VENV/bin/python -c 'import sys; print(*sys.argv[1:])'"
echo 'FROM_FILE="two words"' >environment
service fails "EnvironmentFile=$PROJECT/environment
ExecStartPre=$say before
ExecStart=$VENV/bin/python fail.py
Restart=on-failure
RestartSec=0"
service pre "ExecStartPre=$VENV/bin/python -c 'import sys; sys.exit(4)'
ExecStart=$say never"
service dies "ExecStart=$VENV/bin/python serve.py"
service handles "ExecStart=$VENV/bin/python serve.py handles
ExecReload=/bin/kill -HUP \$MAINPID"
service tick "Type=oneshot
ExecStart=$say tick"
unit tick.timer <<UNIT
[Timer]
OnActiveSec=1
AccuracySec=100ms
UNIT
ended() { show "$1" ActiveState Result ExecMainCode ExecMainStatus; cat "said.$1"; }
said() { grep -q "$2" "said.$1"; }
boot
ctl start fails
wait_for said fails "turn 2"
wait_for is fails ActiveState inactive
ended fails
! ctl start pre 2>/dev/null
show pre ActiveState Result
[ ! -s said.pre ]
for name in dies handles; do
	ctl start $name
	wait_for said $name up
	[ $name = dies ] || { ctl reload $name; wait_for said $name reloaded; }
	ctl stop $name
	ended $name
done
ctl start tick.timer
wait_for said tick tick
wait_for is tick ActiveState inactive
ended tick
cat errors.handles
