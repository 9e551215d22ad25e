# SPDX-License-Identifier: LGPL-2.1-or-later
# Says what of an exception the box caused, and how to allow it. Runs in CPython 3.8 and later, when an exception is about to be
# printed, with the names of venvbox.py (launcher/inside/hints.c). Nothing is watched: what is said follows from the path and from
# what is mounted, and must be true also where the host has no such file.
import errno
import os
import re
import sys

HOME = os.path.join(_VENV, "home")
PUBLIC_PROGRAMS = "/usr/bin"

# What attackers look for, as parts of a path; and as ends of a name.
KEYS = (".ssh", ".gnupg", ".aws", ".azure", ".netrc", ".docker", ".kube", ".config/gcloud", ".config/gh", ".config/hub", ".pypirc", ".npmrc",
        ".git-credentials", ".password-store", ".local/share/keyrings", ".mozilla", ".config/google-chrome", ".config/chromium",
        "etc/shadow", "etc/gshadow", "etc/sudoers")
KEY_ENDINGS = (".pem", ".key", ".p12", ".pfx", ".kdbx", ".keytab")
# Who can speak to one of these can do what its owner can. Below /run, or /var/run.
SOCKETS = ("docker.sock", "containerd", "podman", "dbus", "user/", "systemd", "ssh", "gnupg", "keyring")
# What the box shows of the system, and never to be written.
SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sys", "/dev", "/run/venvbox", sys.base_prefix)

DELIBERATE = "such things are kept out on purpose, who reaches them can act as you"


# --- words ---------------------------------------------------------------------------------------------------------

def quoted(word):
    """For a shell."""
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word, re.ASCII) else "'" + word.replace("'", "'\\''") + "'"


def shown(path):
    """For people: a name may hold what a terminal obeys."""
    return "'" + path + "'" if path.isprintable() else ascii(path)


def command(*words):
    """A line to paste, if it can be one."""
    line = " ".join(["venvbox-install", quoted(_VENV)] + [quoted(w) for w in words])
    return line if line.isprintable() else "venvbox-install with " + words[0] + " and that path"


# --- what the box has ------------------------------------------------------------------------------------------------

def nearest(path):
    """The path, or the closest directory above it that is there."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def is_stand_in(path):
    """Made by the box, in its own root or in a directory that is kept ready: on the way to what it shows, or an empty working directory."""
    return os.stat(path).st_dev == os.stat("/").st_dev or is_kept_ready(path)


def is_kept_ready(path):
    """In what the launcher made of some of the host's files: what is missing there may be on the host. Not so in a directory that is whole."""
    tops, kept = _kept_ready()
    whole = [place for place, kind in kept.items() if kind == "dir"]
    return any(_within(path, top) for top in tops) and not any(_within(path, place) for place in [*whole, *_mounts()] if place not in tops and place != "/")


def is_hidden(path):
    """Absent, and so is the host's directory that could have it."""
    near = nearest(path)
    return near != path and is_stand_in(near)


def sees_all_programs():
    return not is_stand_in(os.path.realpath(PUBLIC_PROGRAMS))


def is_key(path):
    return any("/" + name + "/" in path + "/" for name in KEYS) or path.endswith(KEY_ENDINGS)


def is_home(path):
    """Of somebody, or what holds homes: to show it whole is never our advice."""
    return path in ("/", "/root", "/home") or os.path.dirname(path) == "/home"


def is_socket(path):
    below = re.match(r"/(?:var/)?run/(.*)", path)
    return bool(below) and below.group(1).startswith(SOCKETS)


def mount_of(path):
    """The mount that holds the path, and whether it is read-only."""
    found = [item for item in _mounts().items() if _within(path, item[0])]
    return max(found, key=lambda item: len(item[0]))


# --- a path that is not there ------------------------------------------------------------------------------------------

def of_home(path):
    text = "%s is looked for in the HOME of the box, which is private to this venv. " % shown(path)
    if is_key(path):
        return text + "Your own keys and tokens are not there: " + DELIBERATE
    return text + "For a file of your own home: copy it there, or show it with --ro and name it by its full path"


def of_tmp(path):
    return "/tmp in the box is its own and begins empty: what the host has as %s is not there. Files to share go into the project" % shown(path)


def of_device(path):
    return "%s is not in the box, which has no devices but a few such as /dev/null. If the host has it: %s" % (
        shown(path), command("--dev-bind-try", path, path))


def of_hidden(path):
    if is_key(path) or is_socket(path):
        return "%s is not in the box: %s" % (shown(path), DELIBERATE)
    if is_home(path):
        return "%s is not in the box, for keys and tokens are in a home. Show what is needed of it with venvbox-install and --ro" % shown(path)
    text = "%s is not in the box. If it is on the host, this shows it (--rw: writable): %s" % (shown(path), command("--ro", path))
    if _within(path, "/usr") and not sees_all_programs():
        text += " (--profile system: all of /usr)"
    return text


def of_interpreter(path):
    """A file that is there and cannot be executed: its first line names what is not."""
    with open(path, "rb") as f:
        match = re.match(rb"#![ \t]*([^ \t\n]+)", f.read(256))
    named = os.fsdecode(match.group(1)) if match else ""
    return "of %s the first line names what is missing: %s" % (shown(path), of_hidden(named)) if is_hidden(named or "/") else None


def of_missing(path):
    near = nearest(path)
    if near == path:
        return of_interpreter(path) if os.path.isfile(path) else None
    if _within(path, HOME):
        return of_home(path)
    # What is not at the top of these is a matter between programs of this box.
    if near in ("/tmp", "/dev"):
        return of_tmp(path) if near == "/tmp" else of_device(path)
    return of_hidden(path) if is_stand_in(near) else None


# --- a path that cannot be written -----------------------------------------------------------------------------------------

def of_protected(path, mount):
    name = os.path.relpath(mount, _project())
    return "%s is read-only in the box on purpose: programs of the host obey or run what is in it. What lifts that: %s" % (
        shown(path), command("--unprotect", name))


def of_stand_in(path):
    return "%s cannot be written: %s is not the host's, the box has it to lead to what it shows. Write into the project, or show a directory: %s" % (
        shown(path), shown(os.path.dirname(path)), command("--rw") + " DIRECTORY")


def of_read_only(path):
    mount, read_only = mount_of(path)
    if not read_only:
        return None
    if _within(path, _VENV):
        return "the venv is read-only in the box on purpose; pip changes it, from a shell outside: %s" % quoted(os.path.join(_VENV, "bin", "pip"))
    if any(_within(path, top) for top in SYSTEM):
        return "%s belongs to the system, which is read-only in the box on purpose" % shown(path)
    if mount == "/":
        return of_stand_in(path)
    if _within(mount, _project()) and mount != _project():
        return of_protected(path, mount)
    directory = os.path.dirname(path)
    if is_home(directory):
        return "%s is read-only in the box. Write into a directory of its own, shown with venvbox-install and --rw" % shown(directory)
    return "%s is read-only in the box. What makes it writable: %s" % (shown(directory), command("--rw", directory))


# --- the exceptions -----------------------------------------------------------------------------------------------------------

def of_denied(path):
    """As root: without capabilities it is held by the modes of files. Of others the modes are what they are outside."""
    if os.geteuid() == 0 and os.stat(nearest(path)).st_uid != 0:
        return "root has no capabilities in the box: whose mode shuts others out, %s, it cannot open or change" % shown(path)
    return None


def last_frame(value):
    trace = value.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace and trace.tb_frame


def is_from(frame, file, function=None):
    code = frame and frame.f_code
    return bool(code) and code.co_filename.endswith("/" + file) and function in (None, code.co_name)


def of_program(name):
    """subprocess looked for it in PATH."""
    if not sees_all_programs():
        return ("the program %s is not in the box, which has a few of the system's. If the host has it: %s, or one alone: %s"
                % (shown(name), command("--profile", "system"), command("--ro", PUBLIC_PROGRAMS + "/" + name)))
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(directory) and is_hidden(directory):
            return "the program %s is not in the box, nor is %s, which PATH names. If it is there: %s" % (
                shown(name), shown(directory), command("--ro", directory))
    return None


def of_file(value, name, frame):
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    # The name of a shared memory looks like a path.
    if not isinstance(name, str) or "\0" in name or is_from(frame, "multiprocessing/shared_memory.py"):
        return None
    if value.errno == errno.ENOENT and "/" not in name and is_from(frame, "subprocess.py", "_execute_child") and name != frame.f_locals.get("cwd"):
        return of_program(name)
    path = os.path.realpath(name)
    return {errno.ENOENT: of_missing, errno.EROFS: of_read_only, errno.EACCES: of_denied}.get(value.errno, lambda path: None)(path)


def of_os_error(value):
    if value.errno not in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS):
        return None
    names = [name for name in (value.filename, value.filename2) if name is not None]
    if not names and value.errno in (errno.EACCES, errno.EPERM):
        return "if it is the box that refused this, `python -X venvbox-verbose` names what was refused"
    frame = last_frame(value)
    return next(filter(None, (of_file(value, name, frame) for name in names)), None)


def is_left_out(directory):
    """On sys.path, and not in the box: absent, or with nothing but the script in it."""
    # Hardly ever there; and what uv of the host unpacks for one run, of which the launcher tells.
    if re.fullmatch(r"python\d+\.zip|\.tmp.*", os.path.basename(directory)):
        return False
    return is_stand_in(nearest(directory))


def of_module(value):
    top = (value.name or "").partition(".")[0]
    if not top or top in sys.modules:
        return None
    for entry in sys.path:
        directory = os.path.realpath(entry or os.curdir)
        if is_left_out(directory):
            return "Python looks for %s in %s, of which the box sees nothing or a script alone. If it is there: %s" % (
                shown(top), shown(directory), command("--ro", directory))
    return None


def explain(value):
    """Adds the note. What is to be printed where an exception has no notes (before 3.11), else None."""
    if sys.flags.no_site:
        return None
    text = of_module(value) if isinstance(value, ModuleNotFoundError) else of_os_error(value)
    if text is None:
        return None
    text = "venvbox: " + text
    if not hasattr(value, "add_note"):
        return text + "\n"
    if text not in getattr(value, "__notes__", ()):
        value.add_note(text)
    return None
