# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts sys.executable with each option and each variable by itself, and writes what it said into the file that argv[1] names. Runs in every CPython from 3.8."""
import json
import os
import subprocess
import sys

SHOW = ("import sys, os, warnings\n"
        "t = sys.modules.get('tracemalloc')\n"
        "print(sys.flags, sys.argv, getattr(sys, 'orig_argv', 0), sys.executable, sys.prefix, sys.base_prefix, sys.path, sys.warnoptions, sys._xoptions,\n"
        "      sys.pycache_prefix, sys.dont_write_bytecode, sys.stdout.encoding, sys.stdout.errors, sys.stdout.write_through, sys.platlibdir if hasattr(sys, 'platlibdir') else 0,\n"
        "      sys.getfilesystemencoding(), sys.breakpointhook.__name__, hash('w') if sys.flags.hash_randomization == 0 else 0, 'site' in sys.modules,\n"
        "      t and t.get_traceback_limit(), warnings.filters[:3], getattr(sys, 'get_int_max_str_digits', int)(), getattr(sys.modules.get('_frozen_importlib'), '__origname__', 0), sep='\\n')\n")
OPTIONS = """-b -bb -B -d -E -h -i -I -O -OO -P -q -R -s -S -t -u -v -V -VV -x -Wignore -Werror::UserWarning --version --help --help-env --help-xoptions --help-all
--check-hash-based-pycs=never -Xdev -Xutf8 -Xutf8=0 -Ximporttime -Xfaulthandler -Xtracemalloc -Xtracemalloc=7 -Xshowrefcount -Xpycache_prefix=cache -Xint_max_str_digits=700
-Xno_debug_ranges -Xwarn_default_encoding -Xfrozen_modules -Xfrozen_modules=off -Xfrozen_modules=on -Xperf -Xcpu_count=3 -Xgil=1 -Xpresite=os -Xcontext_aware_warnings=1 -Xnonsense -Z""".split()
# The documentation of CPython 3.8 to 3.14, and what its source reads besides.
VARIABLES = {
    "PYTHONHOME": "/nowhere", "PYTHONPATH": "lib:/nowhere", "PYTHONSTARTUP": "startup.py", "PYTHONOPTIMIZE": "2", "PYTHONBREAKPOINT": "builtins.print",
    "PYTHONDEBUG": "1", "PYTHONINSPECT": "1", "PYTHONUNBUFFERED": "1", "PYTHONVERBOSE": "1", "PYTHONCASEOK": "1", "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPYCACHEPREFIX": "cache", "PYTHONHASHSEED": "42", "PYTHONINTMAXSTRDIGITS": "640", "PYTHONIOENCODING": "latin-1:replace", "PYTHONNOUSERSITE": "1",
    "PYTHONUSERBASE": "/nowhere", "PYTHONEXECUTABLE": "/nowhere/bin/python", "PYTHONWARNINGS": "error::ImportWarning", "PYTHONFAULTHANDLER": "1",
    "PYTHONTRACEMALLOC": "3", "PYTHONPROFILEIMPORTTIME": "1", "PYTHONASYNCIODEBUG": "1", "PYTHONMALLOC": "debug", "PYTHONMALLOCSTATS": "",
    "PYTHONCOERCECLOCALE": "0", "PYTHONDEVMODE": "1", "PYTHONUTF8": "1", "PYTHONWARNDEFAULTENCODING": "1", "PYTHONNODEBUGRANGES": "1",
    "PYTHONPERFSUPPORT": "1", "PYTHON_PERF_JIT_SUPPORT": "1", "PYTHONSAFEPATH": "1", "PYTHONPLATLIBDIR": "lib64", "PYTHON_FROZEN_MODULES": "off", "PYTHON_COLORS": "1",
    "PYTHON_BASIC_REPL": "1", "PYTHON_HISTORY": "history", "PYTHON_CPU_COUNT": "3", "PYTHON_GIL": "1", "PYTHON_DISABLE_REMOTE_DEBUG": "1", "PYTHON_JIT": "0",
    "PYTHON_PRESITE": "os", "PYTHON_THREAD_INHERIT_CONTEXT": "1", "PYTHON_CONTEXT_AWARE_WARNINGS": "1", "PYTHONDUMPREFS": "1", "PYTHONTHREADDEBUG": "1",
    "PYTHONOLDPARSER": "1", "PYTHONLEGACYWINDOWSSTDIO": "1", "PYTHON_TLBC": "0", "PYTHON_FREETHREADED": "1",
}


def run(words, env):
    env = dict({k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}, **env)
    p = subprocess.Popen([sys.executable, *words, "-c", SHOW, "word"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    out, err = p.communicate()
    return p.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


said = {}
for option in OPTIONS:
    said[option] = run(option.split("=", 1) if option.startswith("--check") else [option], {})
for name, value in VARIABLES.items():
    said[name] = run([], {name: value})
    if name in ("PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE"):
        said[name + " -E"] = run(["-E"], {name: value})
said["PYTHONHOME"] += run([], {"PYTHONHOME": sys.base_prefix})
said["LC_ALL=C"] = run([], {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "warn"})
with open(sys.argv[1], "w") as to:
    json.dump(said, to)
