# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what this interpreter knows about itself, as JSON, into the file that argv[1] names. Runs in every CPython from 3.8."""
import builtins
import faulthandler
import gc
import json
import locale
import os
import signal
import site
import sys
import sysconfig
import threading
import warnings

CALLS = ("getrecursionlimit", "getswitchinterval", "getfilesystemencoding", "getfilesystemencodeerrors", "getdefaultencoding",
         "get_int_max_str_digits", "getdlopenflags", "_is_gil_enabled", "is_stack_trampoline_active", "gettrace", "getprofile",
         "get_coroutine_origin_tracking_depth")
# What is linked with a library of its own, or asks the kernel for something.
MODULES = ("ssl", "sqlite3", "ctypes", "zlib", "bz2", "lzma", "readline", "curses", "uuid", "decimal", "hashlib", "dbm", "tkinter",
           "multiprocessing.synchronize", "zoneinfo", "asyncio", "mmap", "resource", "termios", "venv", "ensurepip")


def plain(value):
    """Without addresses: repr() of the rest."""
    return repr(value).split(" at 0x")[0]


def stream(f):
    return f and [str(f.name), f.mode, f.encoding, f.errors, f.line_buffering, f.write_through, f.isatty()]


def of_sys():
    for name in sorted(dir(sys)):
        value = getattr(sys, name)
        if name in ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"):
            yield name, stream(value)
        elif name == "modules":
            yield name, sorted(set(value) - {"facts"})
        elif name in ("path_importer_cache", "builtin_module_names", "stdlib_module_names", "lazy_modules"):
            yield name, sorted(value)
        elif name in ("argv", "orig_argv", "path", "warnoptions"):
            yield name, value
        elif name in ("meta_path", "path_hooks"):
            # The finder of the module venvbox is there on purpose.
            yield name, [getattr(v, "__name__", type(v).__name__) for v in value if getattr(v, "__module__", "") != "venvbox"]
        elif callable(value):
            yield name, "callable"
        else:
            yield name, plain(value)
    for name in CALLS:
        if hasattr(sys, name):
            yield name + "()", plain(getattr(sys, name)())


def importable(name):
    try:
        __import__(name)
        return "ok"
    except ImportError as e:
        return str(e)


def gather():
    main = vars(sys.modules["__main__"])
    facts = {"sys." + k: v for k, v in of_sys()}
    facts.update(
        {"var." + k: plain(v) for k, v in sysconfig.get_config_vars().items()},
        platform=sysconfig.get_platform(), python_build=sysconfig.is_python_build(),
        site={n: plain(getattr(site, n)) for n in ("PREFIXES", "ENABLE_USER_SITE", "USER_SITE", "USER_BASE")},
        sitepackages=site.getsitepackages(), usersite=site.getusersitepackages(),
        locale=[locale.setlocale(locale.LC_CTYPE), locale.getpreferredencoding(False)],
        signals={s: plain(signal.getsignal(s)) for s in range(1, 65) if s not in (32, 33)},
        hooks=[sys.excepthook is sys.__excepthook__, plain(sys.excepthook), sys.excepthook.__module__, sys.excepthook.__text_signature__,
               threading.excepthook is getattr(threading, "__excepthook__", threading.excepthook), threading.excepthook.__name__, threading.excepthook.__module__],
        warnings=plain(warnings.filters), gc=[gc.get_threshold(), gc.isenabled()],
        environ=dict(os.environ), builtins=sorted(dir(builtins)), faulthandler=faulthandler.is_enabled(), cwd=os.getcwd(),
        main={k: plain(v) for k, v in main.items() if k.startswith("__") and k != "__builtins__"},
        fds=sorted(map(int, os.listdir("/proc/self/fd"))), stack=threading.stack_size(), cpus=os.cpu_count(),
        hash=hash("word") if os.environ.get("PYTHONHASHSEED", "random") != "random" and not sys.flags.ignore_environment else None,
    )
    for name in sysconfig.get_scheme_names():
        facts["paths." + name] = sysconfig.get_paths(name)
    tracemalloc = sys.modules.get("tracemalloc") or __import__("tracemalloc")
    facts["tracemalloc"] = [tracemalloc.is_tracing(), tracemalloc.get_traceback_limit()]
    warnings.simplefilter("ignore")
    if "modules" in sys.argv:
        facts["modules"] = {n: importable(n) for n in MODULES}
    return facts


with open(sys.argv[1], "w", encoding="utf-8", errors="surrogateescape") as to:
    json.dump(gather(), to, default=repr)
