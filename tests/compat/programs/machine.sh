# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: machine.sh CGROUP PROJECTS PREFIX, in new namespaces for mounts, processes, names and IPC: becomes a systemd that is their PID 1.
#
# It knows no unit but those of PROJECTS/host/units, none of Debian's: systemd-tmpfiles would empty /tmp, systemd-sysctl would set what is the whole
# machine's. Of files it can write PROJECTS, and a /run, /tmp and /var/tmp of its own. The rest is read-only.
set -eu
cgroup=$1 projects=$2 prefix=$3
mount --make-rprivate /
# Not over the old one: the kernel would still take that for the visible /proc that whoever mounts another must have, and forgive what systemd covers.
umount --recursive --lazy /proc
mount -t proc proc /proc
mount -t tmpfs -o mode=755 machine /run
mkdir -p /run/systemd/system /run/none /run/projects /run/prefix
mount --bind "$projects" /run/projects
mount --bind "$prefix" /run/prefix
mount -o remount,bind,ro /run/prefix
mount -o remount,bind,ro /
mount -t tmpfs -o mode=1777 machine /tmp
mount -t tmpfs -o mode=1777 machine /var/tmp
for kept in "projects $projects" "prefix $prefix"; do
	[ -d "${kept#* }" ] || mkdir -p "${kept#* }"
	mount --move "/run/${kept%% *}" "${kept#* }"
done
cp "$projects"/host/units/* /run/systemd/system
umount -R /sys/fs/cgroup
mount -t cgroup2 machine /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$cgroup"
echo 0 >"/sys/fs/cgroup/$cgroup/cgroup.procs"
# Below a cgroup namespace the tree ends at our own cgroup. container= keeps systemd from setting up what is a machine's.
exec unshare --cgroup /bin/sh -euc '
	umount /sys/fs/cgroup
	mount -t cgroup2 machine /sys/fs/cgroup
	exec env -i container=venvbox-test PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/run/systemd/system \
		SYSTEMD_GENERATOR_PATH=/run/none SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/none \
		/lib/systemd/systemd --unit=idle.target --show-status=no --log-target=console'
