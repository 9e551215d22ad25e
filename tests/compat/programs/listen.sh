# SPDX-License-Identifier: LGPL-2.1-or-later
cat >"$HOST/activate.py" <<'END'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
port = s.getsockname()[1]
pid = os.fork()
if pid == 0:
    os.dup2(s.fileno(), 3)
    os.set_inheritable(3, True)
    code = ("import os, socket; s = socket.socket(fileno=3); c, _ = s.accept();"
            "c.sendall(b'%s %s' % (os.environb[b'LISTEN_FDS'], b'%d' % (int(os.environ['LISTEN_PID']) == os.getpid())))")
    os.execve(sys.argv[1], [sys.argv[1], "-c", code], {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
s.close()
with socket.create_connection(("127.0.0.1", port), 60) as c:
    print(c.recv(100))
print(os.waitpid(pid, 0)[1])
END
"$BASE" -I "$HOST/activate.py" "$VENV/bin/python"
