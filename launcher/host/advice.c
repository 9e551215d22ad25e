/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/advice.h"

#include <stddef.h>
#include <string.h>

#include "common/path.h"
#include "host/policy.h"

enum when {
	EVER,
	READ,  /* only if it is not to be written */
	WRITE,
};

/*
 * path: "~/x" below the home, "/x" below the root, "x" a name anywhere on the way. One '*' in a component stands for any bytes. A row holds for all
 * that is below it, but for ADVICE_WIDE; what is above it is too wide. The first row that holds decides.
 */
struct row {
	const char *path;
	enum when when;
	enum advice_kind kind;
	const char *what;
};

static const struct row rows[] = {
	/* --- public, though it looks like something below --- */
	{ "/etc/ssl/certs", READ, ADVICE_LINE, "public certificates" },
	{ "/etc/ssl/cert.pem", READ, ADVICE_LINE, "public certificates" },
	{ "/etc/pki/ca-trust", READ, ADVICE_LINE, "public certificates" },
	{ "/etc/ca-certificates", READ, ADVICE_LINE, "public certificates" },
	{ "/usr", READ, ADVICE_LINE, "files of the distribution, the same for everybody" },

	/* --- the home: keys and tokens --- */
	{ "~/.ssh", EVER, ADVICE_SECRET, "keys of ssh" },
	{ "~/.gnupg", EVER, ADVICE_SECRET, "keys of GnuPG" },
	{ "~/.pki", EVER, ADVICE_SECRET, "keys of certificates" },
	{ "~/.config/age", EVER, ADVICE_SECRET, "keys of age" },
	{ "~/.config/sops", EVER, ADVICE_SECRET, "keys of sops" },
	{ "~/.aws", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.azure", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.oci", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.boto", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.s3cfg", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.fly", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.config/gcloud", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.config/doctl", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.config/rclone", EVER, ADVICE_SECRET, "credentials of rclone" },
	{ "~/.databrickscfg", EVER, ADVICE_SECRET, "credentials of a cloud" },
	{ "~/.terraformrc", EVER, ADVICE_SECRET, "credentials of Terraform" },
	{ "~/.terraform.d", EVER, ADVICE_SECRET, "credentials of Terraform" },
	{ "~/.kube", EVER, ADVICE_SECRET, "credentials of a cluster" },
	{ "~/.docker/config.json", EVER, ADVICE_SECRET, "credentials of registries" },
	{ "~/.config/containers/auth.json", EVER, ADVICE_SECRET, "credentials of registries" },
	{ "~/.vault-token", EVER, ADVICE_SECRET, "a token of Vault" },
	{ "~/.config/gh", EVER, ADVICE_SECRET, "a token of GitHub" },
	{ "~/.config/hub", EVER, ADVICE_SECRET, "a token of GitHub" },
	{ "~/.config/github-copilot", EVER, ADVICE_SECRET, "a token of GitHub" },
	{ "~/.config/glab-cli", EVER, ADVICE_SECRET, "a token of GitLab" },
	{ "~/.config/git/credentials", EVER, ADVICE_SECRET, "passwords that git keeps" },
	{ "~/.subversion/auth", EVER, ADVICE_SECRET, "passwords that Subversion keeps" },
	{ "~/.cargo/credentials*", EVER, ADVICE_SECRET, "a token of a package index" },
	{ "~/.gem/credentials", EVER, ADVICE_SECRET, "a token of a package index" },
	{ "~/.m2/settings*.xml", EVER, ADVICE_SECRET, "passwords of package indexes" },
	{ "~/.gradle/gradle.properties", EVER, ADVICE_SECRET, "passwords of package indexes" },
	{ "~/.cache/huggingface/token", EVER, ADVICE_SECRET, "a token of Hugging Face" },
	{ "~/.cache/huggingface/stored_tokens", EVER, ADVICE_SECRET, "tokens of Hugging Face" },
	{ "~/.huggingface", EVER, ADVICE_SECRET, "a token of Hugging Face" },
	{ "~/.kaggle", EVER, ADVICE_SECRET, "a token of Kaggle" },
	{ "~/.my.cnf", EVER, ADVICE_SECRET, "a password of a database" },
	{ "~/.mylogin.cnf", EVER, ADVICE_SECRET, "a password of a database" },
	{ "~/.Xauthority", EVER, ADVICE_SECRET, "the key of the display" },
	{ "~/.ICEauthority", EVER, ADVICE_SECRET, "the key of the session" },

	/* --- the home: what keeps passwords and sessions --- */
	{ "~/.password-store", EVER, ADVICE_SECRET, "a store of passwords" },
	{ "~/.local/share/keyrings", EVER, ADVICE_SECRET, "a store of passwords" },
	{ "~/.local/share/kwalletd", EVER, ADVICE_SECRET, "a store of passwords" },
	{ "~/.config/op", EVER, ADVICE_SECRET, "a store of passwords" },
	{ "~/.mozilla", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/mozilla", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/google-chrome*", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/chromium", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/BraveSoftware", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/microsoft-edge*", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/vivaldi*", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.config/opera*", EVER, ADVICE_SECRET, "a browser's profile: passwords and sessions" },
	{ "~/.thunderbird", EVER, ADVICE_SECRET, "mail, and its passwords" },
	{ "~/.config/Signal", EVER, ADVICE_SECRET, "messages, and the key to them" },
	{ "~/.config/Slack", EVER, ADVICE_SECRET, "messages, and the token to them" },
	{ "~/.config/discord", EVER, ADVICE_SECRET, "messages, and the token to them" },
	{ "~/.var/app", EVER, ADVICE_SECRET, "what desktop programs keep: profiles, passwords" },
	{ "~/snap", EVER, ADVICE_SECRET, "what desktop programs keep: profiles, passwords" },
	{ "~/.*_history", EVER, ADVICE_SECRET, "what was typed, passwords among it" },
	{ "~/.histfile", EVER, ADVICE_SECRET, "what was typed, passwords among it" },
	{ "~/.lesshst", EVER, ADVICE_SECRET, "what was typed" },
	{ "~/.viminfo", EVER, ADVICE_SECRET, "what was typed, and pieces of files" },
	{ "~/.local/share/fish", EVER, ADVICE_SECRET, "what was typed, passwords among it" },

	/* --- sockets: before the names, so that a socket is called one --- */
	{ "~/.docker/run", EVER, ADVICE_SOCKET, "the socket of Docker: who reaches it is root" },
	{ "~/.docker/desktop", EVER, ADVICE_SOCKET, "the socket of Docker" },
	{ "~/.1password", EVER, ADVICE_SOCKET, "the socket of an agent: it signs with your keys" },
	{ "docker.sock", EVER, ADVICE_SOCKET, "the socket of Docker: who reaches it is root" },
	{ "podman.sock", EVER, ADVICE_SOCKET, "the socket of Podman: it starts programs for who reaches it" },
	{ "containerd.sock", EVER, ADVICE_SOCKET, "the socket of containerd: who reaches it is root" },
	{ "S.gpg-agent*", EVER, ADVICE_SOCKET, "the socket of an agent: it signs with your keys" },
	{ "/run/docker*", EVER, ADVICE_SOCKET, "sockets of Docker: who reaches them is root" },
	{ "/run/containerd", EVER, ADVICE_SOCKET, "sockets of containerd: who reaches them is root" },
	{ "/run/podman", EVER, ADVICE_SOCKET, "sockets of Podman: it starts programs for who reaches it" },
	{ "/run/crio", EVER, ADVICE_SOCKET, "sockets of CRI-O: who reaches them is root" },
	{ "/run/libvirt", EVER, ADVICE_SOCKET, "sockets of libvirt: it starts machines for who reaches it" },
	{ "/run/lxd*", EVER, ADVICE_SOCKET, "sockets of LXD: who reaches them is root" },
	{ "/run/incus*", EVER, ADVICE_SOCKET, "sockets of Incus: who reaches them is root" },
	{ "/var/snap/lxd", EVER, ADVICE_SOCKET, "sockets of LXD: who reaches them is root" },
	{ "/run/snapd*", EVER, ADVICE_SOCKET, "sockets of snapd: it installs programs" },
	{ "/run/dbus", EVER, ADVICE_SOCKET, "D-Bus: services that act for who asks" },
	{ "/run/systemd", EVER, ADVICE_SOCKET, "sockets of systemd: it starts programs for who asks" },
	{ "/run/user/*", EVER, ADVICE_SOCKET, "sockets of your session: D-Bus, systemd, the screen, agents with your keys" },
	{ "/run/udev", EVER, ADVICE_SOCKET, "sockets of the device manager" },
	{ "/run/pcscd", EVER, ADVICE_SOCKET, "the socket of smart cards" },
	{ "/run/screen*", EVER, ADVICE_SOCKET, "sockets of terminals: programs type into them" },
	{ "/run/tmux", EVER, ADVICE_SOCKET, "sockets of terminals: programs type into them" },
	{ "/tmp/tmux-*", EVER, ADVICE_SOCKET, "sockets of terminals: programs type into them" },
	{ "/tmp/screen*", EVER, ADVICE_SOCKET, "sockets of terminals: programs type into them" },
	{ "/tmp/ssh-*", EVER, ADVICE_SOCKET, "the socket of an agent: it signs with your keys" },
	{ "/tmp/dbus-*", EVER, ADVICE_SOCKET, "D-Bus: services that act for who asks" },
	{ "/tmp/.X11-unix", EVER, ADVICE_SOCKET, "the display: programs can read the keys that are typed, and type" },
	{ "/tmp/.ICE-unix", EVER, ADVICE_SOCKET, "sockets of the session" },

	/* --- names that say it wherever they stand --- */
	{ "*.pub", READ, ADVICE_LINE, "a public key" },
	{ "id_rsa*", EVER, ADVICE_SECRET, "a private key" },
	{ "id_dsa*", EVER, ADVICE_SECRET, "a private key" },
	{ "id_ecdsa*", EVER, ADVICE_SECRET, "a private key" },
	{ "id_ed25519*", EVER, ADVICE_SECRET, "a private key" },
	{ "*.pem", EVER, ADVICE_SECRET, "it may be a private key" },
	{ "*.key", EVER, ADVICE_SECRET, "it may be a private key" },
	{ "*.p12", EVER, ADVICE_SECRET, "a private key with its certificate" },
	{ "*.pfx", EVER, ADVICE_SECRET, "a private key with its certificate" },
	{ "*.keytab", EVER, ADVICE_SECRET, "keys of Kerberos" },
	{ "*.jks", EVER, ADVICE_SECRET, "a store of keys" },
	{ "*.kdbx", EVER, ADVICE_SECRET, "a store of passwords" },
	{ ".netrc", EVER, ADVICE_SECRET, "passwords of hosts" },
	{ ".pgpass", EVER, ADVICE_SECRET, "passwords of databases" },
	{ ".git-credentials", EVER, ADVICE_SECRET, "passwords that git keeps" },
	{ ".pypirc", EVER, ADVICE_SECRET, "tokens of package indexes" },
	{ ".npmrc", EVER, ADVICE_SECRET, "tokens of package indexes" },
	{ ".htpasswd", EVER, ADVICE_SECRET, "passwords of a web server" },
	{ ".env", EVER, ADVICE_SECRET, "variables of a project, mostly passwords and tokens" },
	{ ".env.*", EVER, ADVICE_SECRET, "variables of a project, mostly passwords and tokens" },

	/* --- the system: what only root reads, and what root's programs keep --- */
	{ "/etc/shadow*", EVER, ADVICE_SECRET, "the users' passwords" },
	{ "/etc/gshadow*", EVER, ADVICE_SECRET, "the groups' passwords" },
	{ "/etc/sudoers*", EVER, ADVICE_SECRET, "who may become root" },
	{ "/etc/ssh/ssh_host_*", EVER, ADVICE_SECRET, "the keys of this host" },
	{ "/etc/ssl/private", EVER, ADVICE_SECRET, "private keys" },
	{ "/etc/pki/tls/private", EVER, ADVICE_SECRET, "private keys" },
	{ "/etc/letsencrypt", EVER, ADVICE_SECRET, "private keys" },
	{ "/etc/wireguard", EVER, ADVICE_SECRET, "private keys" },
	{ "/etc/kubernetes", EVER, ADVICE_SECRET, "credentials of a cluster" },
	{ "/etc/rancher", EVER, ADVICE_SECRET, "credentials of a cluster" },
	{ "/etc/NetworkManager/system-connections", EVER, ADVICE_SECRET, "passwords of networks" },
	{ "/run/secrets", EVER, ADVICE_SECRET, "credentials that a container is given" },
	{ "/run/credentials", EVER, ADVICE_SECRET, "credentials of services" },
	{ "/var/lib/docker", EVER, ADVICE_SECRET, "the files of all containers" },
	{ "/var/lib/containerd", EVER, ADVICE_SECRET, "the files of all containers" },
	{ "/var/lib/containers", EVER, ADVICE_SECRET, "the files of all containers" },
	{ "/var/lib/kubelet", EVER, ADVICE_SECRET, "credentials of a cluster" },
	{ "/var/mail", EVER, ADVICE_SECRET, "mail" },
	{ "/var/spool/mail", EVER, ADVICE_SECRET, "mail" },

	/* --- the kernel and its devices --- */
	{ "/proc", EVER, ADVICE_KERNEL, "processes and settings of the host; the box has a /proc of its own" },
	{ "/sys", EVER, ADVICE_KERNEL, "the kernel's view of the machine" },
	{ "/dev/null", EVER, ADVICE_LINE, "in every box" },
	{ "/dev/zero", EVER, ADVICE_LINE, "in every box" },
	{ "/dev/full", EVER, ADVICE_LINE, "in every box" },
	{ "/dev/random", EVER, ADVICE_LINE, "in every box" },
	{ "/dev/urandom", EVER, ADVICE_LINE, "in every box" },
	{ "/dev/tty", EVER, ADVICE_LINE, "in every box" },
	{ "/dev/shm/*", EVER, ADVICE_LINE, "files in memory, no devices" },
	{ "/dev/shm", EVER, ADVICE_WIDE, "memory that other programs share" },
	{ "/dev", EVER, ADVICE_DEVICE, "a device of this machine" },

	/* --- run or obeyed later, outside --- */
	{ "~/.bash*", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.profile", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.z*", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.oh-my-zsh", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.kshrc", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.cshrc", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.tcshrc", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.login", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.logout", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.inputrc", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.config/fish", WRITE, ADVICE_PERSIST, "your shell reads it" },
	{ "~/.config/direnv", WRITE, ADVICE_PERSIST, "your shell runs it" },
	{ "~/.direnvrc", WRITE, ADVICE_PERSIST, "your shell runs it" },
	{ "~/.pam_environment", WRITE, ADVICE_PERSIST, "your session starts with it" },
	{ "~/.xprofile", WRITE, ADVICE_PERSIST, "your session starts with it" },
	{ "~/.xsession*", WRITE, ADVICE_PERSIST, "your session starts with it" },
	{ "~/.xinitrc", WRITE, ADVICE_PERSIST, "your session starts with it" },
	{ "~/.config/autostart*", WRITE, ADVICE_PERSIST, "your session starts it" },
	{ "~/.config/systemd", WRITE, ADVICE_PERSIST, "your session starts it" },
	{ "~/.config/environment.d", WRITE, ADVICE_PERSIST, "your session starts with it" },
	{ "~/.config/plasma-workspace", WRITE, ADVICE_PERSIST, "your session starts it" },
	{ "~/.local/share/applications", WRITE, ADVICE_PERSIST, "your desktop starts it" },
	{ "~/.local/share/systemd", WRITE, ADVICE_PERSIST, "your session starts it" },
	{ "~/.local/share/dbus-1", WRITE, ADVICE_PERSIST, "your session starts it" },
	{ "~/.gitconfig", WRITE, ADVICE_PERSIST, "git runs what it names" },
	{ "~/.config/git", WRITE, ADVICE_PERSIST, "git runs what it names" },
	{ "~/.config/pip", WRITE, ADVICE_PERSIST, "pip outside obeys it" },
	{ "~/.pip", WRITE, ADVICE_PERSIST, "pip outside obeys it" },
	{ "~/.config/uv", WRITE, ADVICE_PERSIST, "uv outside obeys it" },
	{ "~/.local/lib", WRITE, ADVICE_PERSIST, "every Python outside imports from it" },
	{ "~/.ipython", WRITE, ADVICE_PERSIST, "IPython outside runs it" },
	{ "~/.jupyter", WRITE, ADVICE_PERSIST, "Jupyter outside runs it" },
	{ "~/.pyenv", WRITE, ADVICE_PERSIST, "programs that you run" },
	{ "~/.local/share/uv", WRITE, ADVICE_PERSIST, "programs that you run" },
	{ "~/.local/share/pipx", WRITE, ADVICE_PERSIST, "programs that you run" },
	{ "~/.vim*", WRITE, ADVICE_PERSIST, "your editor runs it" },
	{ "~/.config/nvim", WRITE, ADVICE_PERSIST, "your editor runs it" },
	{ "~/.emacs*", WRITE, ADVICE_PERSIST, "your editor runs it" },
	{ "~/.config/emacs", WRITE, ADVICE_PERSIST, "your editor runs it" },
	{ "~/.config/Code*", WRITE, ADVICE_PERSIST, "your editor obeys it" },
	{ "~/.vscode*", WRITE, ADVICE_PERSIST, "your editor runs it" },
	{ "~/.tmux.conf", WRITE, ADVICE_PERSIST, "your terminal runs it" },
	{ "~/.screenrc", WRITE, ADVICE_PERSIST, "your terminal runs it" },
	{ "~/.gdbinit", WRITE, ADVICE_PERSIST, "your debugger runs it" },
	{ "/usr", WRITE, ADVICE_PERSIST, "programs and libraries of the system" },
	{ "/lib*", WRITE, ADVICE_PERSIST, "libraries of the system" },
	{ "/boot", WRITE, ADVICE_PERSIST, "the system starts with it" },
	{ "/var/spool/cron", WRITE, ADVICE_PERSIST, "cron runs it" },
	{ "/var/spool/at", WRITE, ADVICE_PERSIST, "at runs it" },
	{ "bin", WRITE, ADVICE_PERSIST, "a directory of programs" },
	{ "sbin", WRITE, ADVICE_PERSIST, "a directory of programs" },
	{ ".bin", WRITE, ADVICE_PERSIST, "a directory of programs" },
	{ "shims", WRITE, ADVICE_PERSIST, "a directory of programs" },

	/* --- too much at once --- */
	{ "/home", EVER, ADVICE_WIDE, "the homes of all users" },
	{ "/var/home", EVER, ADVICE_WIDE, "the homes of all users" },
	{ "/etc", EVER, ADVICE_WIDE, "the settings of the whole system, keys among them" },
	{ "/etc", WRITE, ADVICE_PERSIST, "the system obeys it" },
	{ "/var", EVER, ADVICE_WIDE, "the data of all services" },
	{ "/var/tmp", EVER, ADVICE_WIDE, "files of all users" },
	{ "/tmp", EVER, ADVICE_WIDE, "files and sockets of all users" },
	{ "/run", EVER, ADVICE_WIDE, "the sockets of all services" },
	{ "/opt", EVER, ADVICE_WIDE, "the programs of others" },
	{ "/srv", EVER, ADVICE_WIDE, "the data of others" },
	{ "/mnt", EVER, ADVICE_WIDE, "whatever is mounted there" },
	{ "/media", EVER, ADVICE_WIDE, "whatever is mounted there" },
};

/* Decided by what is no row. */
static const struct row your_home = { "~", EVER, ADVICE_WIDE, "your home, with your keys in it" };
static const struct row above_row = { "", EVER, ADVICE_WIDE, "keys, tokens or sockets lie below it" };
static const struct row a_home = { "/home/*", EVER, ADVICE_SECRET, "the home of another user" };
static const struct row obeyed = { "", WRITE, ADVICE_PERSIST, "tools outside obey it" };

static const char *const other_homes[] = { "/home/*", "/var/home/*", "/root" };

/* Python is written for these; what is not here (disks, memory, keyboards) has no line. */
static const char *const usual_devices[] = {
	"/dev/video*", "/dev/media*", "/dev/v4l", "/dev/snd", "/dev/dri", "/dev/nvidia*", "/dev/kfd", "/dev/accel", "/dev/ttyUSB*", "/dev/ttyACM*",
	"/dev/ttyS*", "/dev/i2c-*", "/dev/spidev*", "/dev/gpiochip*",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- comparing ------------------------------------------------------------------ */

/* Where a path is, seen from a row. */
enum place {
	ELSEWHERE,
	AT,
	BELOW,
	ABOVE,
};

/* One component. */
static bool is_like(const char *name, size_t len, const char *pattern, size_t pattern_len)
{
	const char *star = memchr(pattern, '*', pattern_len);
	size_t begin = star != NULL ? (size_t) (star - pattern) : pattern_len;
	size_t end = star != NULL ? pattern_len - begin - 1 : 0;

	if (star == NULL ? len != pattern_len : len < begin + end)
		return false;
	return memcmp(name, pattern, begin) == 0 && memcmp(name + len - end, pattern + pattern_len - end, end) == 0;
}

/* Both from the same directory on, without a slash in front. */
static enum place compare(const char *path, const char *pattern)
{
	for (;;) {
		size_t len = strcspn(path, "/"), pattern_len = strcspn(pattern, "/");

		if (len == 0)
			return pattern_len == 0 ? AT : ABOVE;
		if (pattern_len == 0)
			return BELOW;
		if (!is_like(path, len, pattern, pattern_len))
			return ELSEWHERE;
		path += len + (path[len] == '/');
		pattern += pattern_len + (pattern[pattern_len] == '/');
	}
}

static bool has_name(const char *path, const char *pattern)
{
	for (const char *name = path; *name != '\0'; name += strcspn(name, "/")) {
		name += strspn(name, "/");
		if (is_like(name, strcspn(name, "/"), pattern, strlen(pattern)))
			return true;
	}
	return false;
}

static enum place place_of(const char *path, const struct row *row, const char *home)
{
	const char *below;

	if (row->path[0] == '/')
		return compare(path + 1, row->path + 1);
	if (row->path[0] != '~')
		return has_name(path, row->path) ? BELOW : ELSEWHERE;
	below = home != NULL ? path_below(path, home) : NULL;
	return below != NULL ? compare(below, row->path + 2) : ELSEWHERE;
}

/* --- deciding -------------------------------------------------------------------- */

static bool is_meant(const struct row *row, bool write)
{
	return row->when == EVER || (row->when == WRITE) == write;
}

static const struct row *find_at(const char *path, bool write, const char *home)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum place place = is_meant(&rows[i], write) ? place_of(path, &rows[i], home) : ELSEWHERE;

		if (place == AT || (place == BELOW && rows[i].kind != ADVICE_WIDE))
			return &rows[i];
	}
	return NULL;
}

static const struct row *find_below(const char *path, bool write, const char *home)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (is_meant(&rows[i], write) && rows[i].kind != ADVICE_LINE && place_of(path, &rows[i], home) == ABOVE)
			return &above_row;
	return NULL;
}

static bool is_other_home(const char *path, const char *home)
{
	if (home != NULL && path_is_within(path, home))
		return false;
	for (size_t i = 0; i < COUNT(other_homes); i++) {
		enum place place = compare(path + 1, other_homes[i] + 1);

		if (place == AT || place == BELOW)
			return true;
	}
	return false;
}

/* The names that are protected in the project are obeyed in any directory. */
static bool is_obeyed(const char *path)
{
	for (const struct protected_name *name = policy_protected; name->name != NULL; name++)
		if (has_name(path, name->name))
			return true;
	return false;
}

/* NULL: nothing speaks against it. */
static const struct row *find_row(const char *path, bool write, const char *home)
{
	const struct row *row;

	if (home != NULL && strcmp(home, "/") == 0)
		home = NULL;
	if (path_below(path, "/var/run") != NULL) /* a link to /run wherever systemd or Debian is */
		path += strlen("/var");
	if (home != NULL && path_is_within(home, path))
		return strcmp(path, home) == 0 ? &your_home : &above_row;
	row = find_at(path, write, home);
	if (row == NULL && is_other_home(path, home))
		row = &a_home;
	if (row == NULL && write && is_obeyed(path))
		row = &obeyed;
	return row != NULL ? row : find_below(path, write, home);
}

enum advice_kind advice_classify(const char *path, bool write, const char *home)
{
	const struct row *row = find_row(path, write, home);

	return row != NULL ? row->kind : ADVICE_LINE;
}

const char *advice_what(const char *path, bool write, const char *home)
{
	const struct row *row = find_row(path, write, home);

	return row != NULL && row->kind != ADVICE_LINE ? row->what : NULL;
}

const char *advice_words(enum advice_kind kind)
{
	static const char *const words[] = {
		[ADVICE_LINE] = NULL,
		[ADVICE_SECRET] = "whatever runs in the box could read it and send it away",
		[ADVICE_SOCKET] = "who answers there acts outside of the box for whatever runs inside",
		[ADVICE_WIDE] = "it holds more than a program needs; name what is needed below it",
		[ADVICE_PERSIST] = "what is written there runs, or is obeyed, outside of the box later",
		[ADVICE_DEVICE] = "whatever runs in the box would reach hardware and its driver in the kernel",
		[ADVICE_KERNEL] = "it shows, and can change, more than this box",
	};

	return words[kind];
}

bool advice_is_usual_device(const char *path)
{
	for (size_t i = 0; i < COUNT(usual_devices); i++) {
		enum place place = compare(path + 1, usual_devices[i] + 1);

		if (place == AT || place == BELOW)
			return true;
	}
	return false;
}
