# SPDX-License-Identifier: LGPL-2.1-or-later
mkdir -p ../run
cat >"$HOST/manager.py" <<'END'
import os, socket, subprocess, sys
path = os.path.join(sys.argv[1], "notify.%d" % os.getpid())
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(30)
code = ("import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        "s.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])")
done = subprocess.run([sys.argv[2], "-c", code], env={"NOTIFY_SOCKET": path})
print(done.returncode, s.recv(100))
END
"$BASE" -I "$HOST/manager.py" "$(cd ../run && pwd)" "$VENV/bin/python"
