# SPDX-License-Identifier: LGPL-2.1-or-later
. "$PROGRAMS/systemd.sh"
cat >serve.py <<'PY'
import os, signal, socket
def tell(what):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(what, os.environ["NOTIFY_SOCKET"])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("for me:", int(os.environ["WATCHDOG_PID"]) == os.getpid(), os.environ["WATCHDOG_USEC"], flush=True)
tell(b"READY=1\nSTATUS=serving")
while not signal.sigtimedwait([signal.SIGTERM], 0.2):
    tell(b"WATCHDOG=1")
tell(b"STOPPING=1\nSTATUS=ends")
print("ended", flush=True)
PY
lines="ExecStart=$VENV/bin/python serve.py
Type=notify
WatchdogSec=2"
service deaf "$lines
NotifyAccess=all
TimeoutStartSec=4"
service main "$lines
NotifyAccess=main
TimeoutStartSec=4"
service ready "$lines
NotifyAccess=all
TimeoutStartSec=30"
boot
if boxed; then
	! ctl start deaf 2>/dev/null
	is deaf Result exit-code
	grep -F "NOTIFY_SOCKET '/run/systemd/notify' is not in the box" errors.deaf >&2
	grep -F -e "--rw /run/systemd/notify (and NotifyAccess=all in the unit)" errors.deaf >&2
	inside runuser -u "$WHO" -- "$VENVBOX_INSTALL" "$VENV" --rw /run/systemd/notify >&2
	! ctl start main 2>/dev/null
	is main Result timeout
fi
ctl start ready
show ready ActiveState SubState StatusText
sleep 3
show ready ActiveState NRestarts
ctl stop ready
show ready ActiveState Result ExecMainCode ExecMainStatus StatusText
cat said.ready
[ ! -s errors.ready ] || { cat errors.ready >&2; exit 1; }
