# SPDX-License-Identifier: LGPL-2.1-or-later
# For the programs that root runs: sourced. A systemd of the program's own, see machine.sh.
. "$HOST/common.sh"
projects=$(dirname "$PROJECT")
cgroup=venvbox-test.$$
manager=
rm -rf "$HOST/units"; mkdir -p "$HOST/units"
boxed() { [ -d "$VENV/venvbox" ]; }
# unit NAME: from standard input. What systemd adds by default are targets of a whole system, which is not there.
unit() { { printf '[Unit]\nDefaultDependencies=no\n'; cat; } >"$HOST/units/$1"; }
# service NAME TEXT: the lines of every service here, then TEXT.
service() {
	unit "$1.service" <<-UNIT
		[Service]
		User=$WHO
		WorkingDirectory=$PROJECT
		StandardOutput=append:$PROJECT/said.$1
		StandardError=append:$PROJECT/errors.$1
		TimeoutStopSec=20
		$2
	UNIT
	logs="$logs $PROJECT/errors.$1"
}
inside() { nsenter --target "$manager" --mount --pid --uts --ipc "$@"; }
ctl() { inside systemctl "$@"; }
# show UNIT PROPERTY...: each on a line.
show() { of=$1; shift; for property; do ctl show -p "$property" "$of"; done; }
# is UNIT PROPERTY VALUE
is() { [ "$(ctl show --value -p "$2" "$1")" = "$3" ]; }
boot() {
	unit idle.target </dev/null
	start "$HOST/systemd.log" unshare --fork --kill-child --pid --mount --uts --ipc /bin/sh "$PROGRAMS/machine.sh" "$cgroup" "$projects" "$VENVBOX_PREFIX"
	parent=$!
	wait_for pgrep -P "$parent"
	manager=$(pgrep -P "$parent")
	wait_for is idle.target ActiveState active
}
# All processes of a PID namespace end with its PID 1; unshare, which ignores SIGTERM, ends after it.
finish() {
	[ -z "$manager" ] || { kill -KILL "$manager"; wait "$parent" || :; }
	manager=
	unshare --mount /bin/sh -c 'umount -R /sys/fs/cgroup; mount -t cgroup2 machine /sys/fs/cgroup; [ ! -d "$0" ] || find "$0" -depth -type d -exec rmdir {} +' "/sys/fs/cgroup/$cgroup"
}
