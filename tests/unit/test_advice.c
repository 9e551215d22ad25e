/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/advice.h"

#include <cmocka.h>

#define HOME "/home/u"

static void is_kind(const char *path, bool write, const char *home, enum advice_kind expected)
{
	enum advice_kind kind = advice_classify(path, write, home);

	if (kind != expected)
		print_error("%s, %s: %d, not %d\n", path, write ? "written" : "read", kind, expected);
	assert_int_equal(kind, expected);
	assert_true((advice_what(path, write, home) == NULL) == (kind == ADVICE_LINE));
	assert_true((advice_words(kind) == NULL) == (kind == ADVICE_LINE));
}

static void all(const char *const *paths, bool write, enum advice_kind expected)
{
	for (; *paths != NULL; paths++)
		is_kind(*paths, write, HOME, expected);
}

static void both(const char *const *paths, enum advice_kind expected)
{
	all(paths, false, expected);
	all(paths, true, expected);
}

static void nothing_speaks_against_data(void **state)
{
	static const char *const paths[] = {
		HOME "/notes.txt", HOME "/models/llm", HOME "/.cache/uv", HOME "/.matplotlib", "/data", "/data/set.csv", "/srv/models", "/opt/data", "/mnt/disk/x", "/media/u/stick",
		"/var/lib/x", "/var/log/app.log", "/tmp/build", "/var/tmp/build", HOME "/.sshx", HOME "/.ss", HOME "/ssh", HOME "/keys", HOME "/monkey", "/data/pem", NULL,
	};

	(void) state;
	both(paths, ADVICE_LINE);
}

static void sockets_of_services_that_programs_talk_to_are_fine(void **state)
{
	static const char *const paths[] = {
		"/run/postgresql", "/var/run/postgresql", "/run/postgresql/.s.PGSQL.5432", "/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/run/redis/redis.sock",
		"/run/memcached", "/tmp/app.sock", NULL,
	};

	(void) state;
	both(paths, ADVICE_LINE);
}

static void keys_and_tokens_are_secret(void **state)
{
	static const char *const paths[] = {
		HOME "/.ssh", HOME "/.ssh/id_ed25519", HOME "/.ssh/config", HOME "/.gnupg", HOME "/.gnupg/private-keys-v1.d/x", HOME "/.aws/credentials", HOME "/.azure",
		HOME "/.config/gcloud", HOME "/.config/gcloud/x.db", HOME "/.kube/config", HOME "/.docker/config.json", HOME "/.netrc", HOME "/.pypirc", HOME "/.git-credentials",
		HOME "/.config/git/credentials", HOME "/.npmrc", HOME "/.cargo/credentials", HOME "/.cargo/credentials.toml", HOME "/.config/gh/hosts.yml", HOME "/.vault-token",
		HOME "/.password-store", HOME "/.local/share/keyrings/login.keyring", HOME "/.mozilla/firefox", HOME "/.config/google-chrome/Default", HOME "/.config/google-chrome-beta",
		HOME "/.config/chromium", HOME "/.bash_history", HOME "/.zsh_history", HOME "/.python_history", HOME "/.pgpass", HOME "/.my.cnf", HOME "/.Xauthority",
		HOME "/x/server.pem", "/data/tls.key", "/data/id_rsa", "/data/id_rsa.old", "/data/other/.env", "/data/other/.env.local", "/data/.netrc", NULL,
	};

	(void) state;
	both(paths, ADVICE_SECRET);
}

static void so_are_those_of_the_system(void **state)
{
	static const char *const paths[] = {
		"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d/x", "/etc/ssh/ssh_host_rsa_key", "/etc/ssl/private/x", "/var/lib/docker/x", "/run/secrets/x",
		"/var/run/secrets/kubernetes.io", NULL,
	};

	(void) state;
	both(paths, ADVICE_SECRET);
}

static void what_is_public_is_no_secret(void **state)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca.pem", "/etc/ssl/cert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/usr/share/x/cacert.pem", "/data/id_rsa.pub", "/etc/hosts", NULL,
	};

	(void) state;
	all(paths, false, ADVICE_LINE);
	is_kind(HOME "/.ssh/id_rsa.pub", false, HOME, ADVICE_SECRET);
}

static void homes_of_others_are_theirs(void **state)
{
	static const char *const paths[] = { "/root", "/root/x", "/home/v", "/home/v/data", "/home/uu", "/var/home/v/x", NULL };

	(void) state;
	both(paths, ADVICE_SECRET);
	is_kind("/root/x", false, "/root", ADVICE_LINE);
	is_kind("/root/.ssh", false, "/root", ADVICE_SECRET);
	is_kind("/home/u/x", false, "/root", ADVICE_SECRET);
}

static void sockets_that_open_the_host(void **state)
{
	static const char *const paths[] = {
		"/run/docker.sock", "/var/run/docker.sock", "/srv/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/user/1000/podman/podman.sock",
		"/run/dbus", "/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket", "/run/user/1000/bus", "/run/user/1000", "/run/systemd/private", "/run/user/1000/systemd/private",
		"/run/user/1000/gnupg/S.gpg-agent", "/run/user/1000/wayland-0", "/tmp/ssh-XXabc/agent.12", "/tmp/.X11-unix", "/tmp/.X11-unix/X0", "/tmp/tmux-1000/default", "/run/screen/S-u",
		HOME "/.docker/run/docker.sock", NULL,
	};

	(void) state;
	both(paths, ADVICE_SOCKET);
}

static void what_holds_too_much(void **state)
{
	static const char *const paths[] = {
		"/", "/home", HOME, "/etc", "/var", "/run", "/var/run", "/opt", "/srv", "/mnt", "/media", "/tmp", "/var/tmp", "/dev/shm", "/run/user", "/var/lib", HOME "/.config",
		HOME "/.local/share", HOME "/.cargo", HOME "/.docker", HOME "/.cache/huggingface", NULL,
	};

	(void) state;
	both(paths, ADVICE_WIDE);
	is_kind("/data", false, "/data/homes/u", ADVICE_WIDE);
	is_kind("/data/homes/u", true, "/data/homes/u", ADVICE_WIDE);
}

static void what_runs_later_is_not_to_be_written(void **state)
{
	static const char *const paths[] = {
		HOME "/.bashrc", HOME "/.profile", HOME "/.bash_profile", HOME "/.bash_aliases", HOME "/.zshrc", HOME "/.zshenv", HOME "/.config/autostart/x.desktop", HOME "/bin",
		HOME "/.config/systemd/user/x.service", HOME "/bin/tool", HOME "/.local/bin", HOME "/.local/bin/tool", HOME "/.config/fish/config.fish", HOME "/.gitconfig",
		HOME "/.local/lib/python3.11/site-packages", "/usr/share/fonts", "/usr", "/usr/bin/python3", "/usr/local/bin/x", "/bin/sh", "/lib/x", "/opt/x/bin/tool",
		"/data/repo/.git/hooks", "/data/repo/.vscode/tasks.json", "/data/repo/.envrc", NULL,
	};

	(void) state;
	all(paths, true, ADVICE_PERSIST);
	all(paths, false, ADVICE_LINE);
}

static void nor_are_the_settings_of_the_system(void **state)
{
	static const char *const paths[] = { "/etc/hosts", "/etc/profile.d/x.sh", "/etc/ssl/certs/x.crt", "/etc/cron.d/x", "/var/spool/cron/u", NULL };

	(void) state;
	all(paths, true, ADVICE_PERSIST);
	all(paths, false, ADVICE_LINE);
}

static void above_what_runs_later_neither(void **state)
{
	(void) state;
	is_kind("/var/spool", true, HOME, ADVICE_WIDE); /* mail is there too */
	is_kind(HOME "/.config/containers", true, HOME, ADVICE_WIDE);
	is_kind("/boot", true, HOME, ADVICE_PERSIST);
}

static void devices_but_the_harmless(void **state)
{
	static const char *const devices[] = { "/dev", "/dev/sda", "/dev/video0", "/dev/dri/card0", "/dev/mem", "/dev/input/event0", "/dev/kmsg", "/dev/tty1", NULL };
	static const char *const harmless[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/shm/x", NULL };

	(void) state;
	both(devices, ADVICE_DEVICE);
	both(harmless, ADVICE_LINE);
}

static void devices_that_programs_are_written_for(void **state)
{
	(void) state;
	assert_true(advice_is_usual_device("/dev/video0"));
	assert_true(advice_is_usual_device("/dev/dri"));
	assert_true(advice_is_usual_device("/dev/dri/renderD128"));
	assert_true(advice_is_usual_device("/dev/ttyUSB0"));
	assert_false(advice_is_usual_device("/dev/sda"));
	assert_false(advice_is_usual_device("/dev/mem"));
	assert_false(advice_is_usual_device("/dev/input/event0"));
	assert_false(advice_is_usual_device("/dev"));
	assert_false(advice_is_usual_device("/srv/video0"));
}

static void the_kernel_of_the_host(void **state)
{
	static const char *const paths[] = { "/proc", "/proc/1/environ", "/proc/sys/kernel/core_pattern", "/sys", "/sys/class/net", NULL };

	(void) state;
	both(paths, ADVICE_KERNEL);
}

static void without_a_home_each_home_is_anothers(void **state)
{
	static const char *const unknown[] = { NULL, "/" };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		is_kind("/data/x", false, unknown[i], ADVICE_LINE);
		is_kind("/.ssh", false, unknown[i], ADVICE_LINE);
		is_kind("/home/u/x", false, unknown[i], ADVICE_SECRET);
		is_kind("/", false, unknown[i], ADVICE_WIDE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_speaks_against_data),
		cmocka_unit_test(sockets_of_services_that_programs_talk_to_are_fine),
		cmocka_unit_test(keys_and_tokens_are_secret),
		cmocka_unit_test(so_are_those_of_the_system),
		cmocka_unit_test(what_is_public_is_no_secret),
		cmocka_unit_test(homes_of_others_are_theirs),
		cmocka_unit_test(sockets_that_open_the_host),
		cmocka_unit_test(what_holds_too_much),
		cmocka_unit_test(what_runs_later_is_not_to_be_written),
		cmocka_unit_test(nor_are_the_settings_of_the_system),
		cmocka_unit_test(above_what_runs_later_neither),
		cmocka_unit_test(devices_but_the_harmless),
		cmocka_unit_test(devices_that_programs_are_written_for),
		cmocka_unit_test(the_kernel_of_the_host),
		cmocka_unit_test(without_a_home_each_home_is_anothers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
