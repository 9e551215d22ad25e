# SPDX-License-Identifier: LGPL-2.1-or-later
. "$PROGRAMS/systemd.sh"
cat >look.py <<'PY'
import os, sys
with open("/tmp/mine", "x") as f:
    f.write("x")
os.mkdir("made." + sys.argv[1])
with open("/proc/self/status") as f:
    status = dict(line.split(":", 1) for line in f)
print(sys.argv[1], status["NoNewPrivs"].strip(), os.listdir("/tmp"), os.path.isdir("made." + sys.argv[1]))
PY
# look NAME OPTION...: a service with these options. PrivateTmp= hides what is below /var/tmp and /tmp: here all of it.
look() {
	name=$1; shift
	service "$name" "Type=oneshot
ExecStart=$VENV/bin/python look.py $name
NoNewPrivileges=yes
PrivateTmp=yes
BindPaths=$projects
BindReadOnlyPaths=$VENVBOX_PREFIX
$(printf '%s\n' "$@")"
}
yes() { for option; do echo "$option=yes"; done; }
filter='SystemCallFilter=@system-service'
look few
look many ProtectSystem=strict ReadWritePaths="$PROJECT" ProtectProc=invisible RestrictAddressFamilies=AF_UNIX CapabilityBoundingSet= UMask=0077 KeyringMode=private \
	SystemCallArchitectures=native $(yes PrivateUsers ProtectHome PrivateDevices PrivateNetwork PrivateIPC ProtectKernelModules ProtectKernelLogs \
	ProtectControlGroups ProtectClock ProtectHostname RestrictSUIDSGID RestrictRealtime LockPersonality MemoryDenyWriteExecute RemoveIPC)
look filtered "$filter" SystemCallFilter='@mount seccomp landlock_create_ruleset landlock_restrict_self'
look namespaces RestrictNamespaces=yes
look tunables ProtectKernelTunables=yes
look subset ProcSubset=pid
look narrow "$filter"
boot
for name in few many filtered; do
	ctl start "$name"
	show "$name" Result ExecMainStatus
	cat "said.$name"
done
for name in namespaces tunables subset narrow; do
	if boxed; then
		! ctl start "$name" 2>/dev/null
		is "$name" ExecMainStatus 125
		grep "^venvbox: .*: the systemd unit '$name.service' forbids it" "errors.$name" >&2
		grep "^hint: remove RestrictNamespaces=" "errors.$name" >&2
		[ ! -s "said.$name" ]
	else
		ctl start "$name"
	fi
done
