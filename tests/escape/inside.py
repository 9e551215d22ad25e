# SPDX-License-Identifier: LGPL-2.1-or-later
"""What code of a package has at hand, as text: raw calls, children, attempts. Prepended to what runs inside."""

HELP = '''
import ctypes, errno, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
X86 = os.uname().machine == "x86_64"

def call(nr, *args):
    """'ok', or the name of errno, of a raw call."""
    words = [a if isinstance(a, (bytes, ctypes.Array)) else ctypes.c_long(a - (1 << 64) if a >= 1 << 63 else a) for a in args]
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(nr), *words)
    return "ok" if r >= 0 else errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno()))

def attempt(f):
    try:
        f()
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e.errno))
    return "ok"

def child(f):
    """What f returns, said by a child; 'signal N' if that was ended by one."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(w, str(f()).encode())
        finally:
            os._exit(0)
    os.close(w)
    text = os.read(r, 4096).decode()
    os.close(r)
    status = os.waitpid(pid, 0)[1]
    return "signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else text
'''
