# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests/compat/packages tries.

`program` is a file beside this one: PROGRAM.py is run by the venv's python, PROGRAM.sh by a shell of the host in which the venv
is active ($VENV, $PROJECT, $HOST: fetch.py and common.sh, $BASE: the base interpreter). Only its standard output is compared.
"""
import dataclasses
import glob
import subprocess


@dataclasses.dataclass
class Row:
    name: str
    packages: list           # for pip; the first one's version is told
    program: str             # the file, without its suffix
    what: str                # in words, for the table
    ci: bool = False         # small and fast
    setting: tuple = ()      # options of venvbox-install that it needs; @ is the project
    system: dict = dataclasses.field(default_factory=dict)  # Debian's package -> a file of it
    note: str = ""
    tool: str = ""           # what the program installs in $HOST/tools; its version is told
    root: bool = False       # the shell is root's, who starts a service that starts the venv's python as $WHO


POSTGRES = {"postgresql": "/usr/lib/postgresql/*/bin/postgres"}
REDIS = {"redis-server": "/usr/bin/redis-server"}
CRON = {"cron": "/usr/sbin/cron"}
SYSTEMD = {"systemd": "/lib/systemd/systemd"}


def host(name, program, what, packages=(), **kw):
    """A program of the host that looks at venvs."""
    return Row(name, list(packages), program, what, **kw)


def service(name, program, what, system, **kw):
    """A manager that starts programs of venvs: the real one, run for this row alone."""
    return Row(name, [], program, what, system=system, root=True, **kw)


ROWS = [
    Row("numpy", ["numpy"], "np", "linear algebra, FFT, a memory map"),
    Row("pandas", ["pandas"], "pd", "CSV, group, join, dates in a time zone"),
    Row("scipy", ["scipy"], "sp", "an optimisation, an integral, sparse solving"),
    Row("scikit-learn", ["scikit-learn"], "sk", "a forest and a grid search with `n_jobs=2`"),
    Row("matplotlib", ["matplotlib"], "plot", "a PNG with text"),
    Row("pillow", ["pillow"], "pil", "PNG, JPEG, WebP, resize", ci=True),
    Row("lxml", ["lxml"], "xml", "XPath, XSLT, HTML"),
    Row("cryptography", ["cryptography"], "crypto", "Fernet, X.509, Ed25519"),
    Row("psycopg", ["psycopg[binary]"], "postgres", "a PostgreSQL server of the host, by TCP and by a socket in the project", system=POSTGRES),
    Row("sqlalchemy", ["sqlalchemy"], "alchemy", "ORM on SQLite in a file"),
    Row("django", ["django"], "django", "`startproject`, `migrate`, `runserver`, a request, reload of changed code"),
    Row("flask, gunicorn", ["gunicorn", "flask"], "gunicorn", "4 workers, SIGHUP reloads, SIGTERM ends"),
    Row("fastapi, uvicorn", ["fastapi", "uvicorn[standard]"], "uvicorn", "`--reload` sees a change, SIGTERM ends"),
    Row("celery", ["celery", "redis", "packaging"], "celery", "a worker with two processes, redis of the host", system=REDIS),
    Row("dask LocalCluster", ["distributed", "dask"], "cluster", "two processes, a delayed sum"),
    Row("dask scheduler, workers", ["distributed", "dask"], "dask", "a scheduler, two workers, a client, each in a box"),
    Row("joblib", ["joblib"], "joblib", "loky, threads, a cache on disk", ci=True),
    Row("pytest, xdist", ["pytest-xdist", "pytest"], "pytest", "`-n 2`, `tmp_path`, status of a failing test", ci=True),
    Row("tox", ["tox"], "tox", "an inner venv with a package, twice", setting=("--unprotect", ".tox"), note="its venvs are protected from the run after that which made them, and that run says so"),
    Row("nox", ["nox"], "nox", "an inner venv with a package, twice", setting=("--unprotect", ".nox"), note="as tox"),
    Row("pip install -e ../lib", [], "editable", "the other project, built by flit, is seen by later runs",
        note="read-only; setuptools writes `*.egg-info` beside the sources, and the error names `--rw DIR`"),
    Row("black", ["black"], "black", "formats files, two at once", ci=True),
    Row("ruff", ["ruff"], "ruff", "`check --fix`, `format`", ci=True),
    Row("mypy", ["mypy"], "mypy", "a file with an error, again from its cache"),
    Row("jupyter nbconvert", ["nbconvert", "nbformat", "ipykernel"], "notebook", "executes a notebook"),
    Row("ipython", ["ipython"], "ipython", "`-c`, a shell command"),
    Row("pip-tools", ["pip-tools"], "piptools", "`pip-compile`, `pip-sync`"),
    Row("poetry", ["poetry"], "poetry", "`poetry install` in the venv"),
    Row("uv", ["uv"], "uv", "`uv pip install`, `uninstall`, `uv venv`", ci=True),
    Row("setuptools, C", ["setuptools", "wheel"], "cext", "builds and imports a C extension"),
    Row("maturin, Rust", ["maturin"], "rust", "builds and imports a Rust extension without crates", system={"rustc": "/usr/bin/rustc", "cargo": "/usr/bin/cargo"}),
    Row("torch", ["torch"], "torch", "a training step, `DataLoader` with two workers, `share_memory_`"),
    host("uv of the host", "hostuv", "`uv pip install --python .venv/bin/python`, a package and a command", tool="uv", setting=("--ro", "~/.cache/uv"),
         note="without it the error names this setting and `.venv/bin/uv`, which is boxed; uv of the host builds in no box, and what it puts into `bin` is boxed after `venvbox-install`"),
    host("virtualenv of the host", "hostvirtualenv", "`virtualenv --python .venv/bin/python`", tool="virtualenv",
         note="it believes what the box says of its base interpreter, see SECURITY.md"),
    host("interpreter discovery", "discovery", "`python -I -c`, a helper script of another directory, `-I -m`, a bare environment", ci=True),
    host("debugpy", "debugpy", "attach over a port, a breakpoint", ["debugpy"]),
    host("pre-commit-like callers", "bare", "`env -i`, no terminal, hooks by path", ci=True),
    host("like cron", "cron", "cron's environment and working directory", ci=True),
    host("like systemd, Type=notify", "notify", "`NOTIFY_SOCKET` outside the project", ci=True, setting=("--rw", "@/../run"),
         note="the directory of the socket; the unit needs `NotifyAccess=all`"),
    host("like systemd, socket activation", "listen", "`LISTEN_FDS`, `LISTEN_PID`", ci=True),
    service("cron", "crond", "a crontab of the user: every minute, by absolute path, into a file of the project", CRON),
    service("systemd, Type=notify", "sdnotify", "`READY=1`, `STATUS=`, a watchdog, a stop", SYSTEMD,
            note="with `--rw /run/systemd/notify`, and `NotifyAccess=all` in the unit; without the first the program cannot send, and the launcher says why; without the second systemd does not hear it, and ends it after `TimeoutStartSec=`"),
    service("systemd, sockets", "sdsocket", "two `.socket` units of one service, by TCP and by path: a request starts it, and again when it has ended", SYSTEMD),
    service("systemd, a service", "sdservice", "`Restart=on-failure`, `ExecStartPre=`, `EnvironmentFile=`, a timer, a reload, a stop; ends by status and by signal", SYSTEMD,
            setting=("--env", "FROM_FILE"), note="which the unit sets, and which only names of the policy let in: PID 1's environment, by which the launcher would tell, is unreadable to an ordinary user"),
    service("systemd, sandboxed", "sdsandbox", "a unit with `PrivateTmp=`, `ProtectSystem=strict` and 22 more such options; one with `SystemCallFilter=`", SYSTEMD,
            note="`SystemCallFilter=@system-service` needs `@mount seccomp landlock_create_ruleset landlock_restrict_self` beside it; `RestrictNamespaces=`, `ProtectKernelTunables=` and `ProcSubset=pid` allow no box: the error names the unit and what to remove"),
    host("make -j", "jobserver", "jobserver descriptors, from which a program takes a token", ci=True, system={"make": "/usr/bin/make"}),
    host("nohup, timeout, setsid, xargs", "shelltools", "statuses, signals, standard input", ci=True),
    host("parallel", "parallel", "8 runs, 4 at once", system={"parallel": "/usr/bin/parallel"}),
    host("a parent thread that ends", "thread", "the box outlives the thread that started it", ci=True),
]


def is_there(pattern):
    return bool(glob.glob(pattern))


def system_version(row):
    for package in row.system:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if done.returncode == 0:
            return done.stdout
    return "-"
