# SPDX-License-Identifier: LGPL-2.1-or-later
. "$PROGRAMS/systemd.sh"
cat >accept.py <<'PY'
import os, socket
print(os.environ["LISTEN_FDS"], os.environ["LISTEN_FDNAMES"], int(os.environ["LISTEN_PID"]) == os.getpid(), flush=True)
names = os.environ["LISTEN_FDNAMES"].split(":")
for fd, name in sorted(enumerate(names, 3), key=lambda pair: pair[1]):
    with socket.socket(fileno=fd) as s, s.accept()[0] as c:
        c.sendall(name.encode() + b" heard " + c.recv(100))
PY
cat >ask.py <<'PY'
import socket, sys
for name, at in zip(sys.argv[1::2], sys.argv[2::2]):
    family, address = (socket.AF_UNIX, at) if at[0] == "/" else (socket.AF_INET, ("127.0.0.1", int(at)))
    with socket.socket(family) as s:
        s.settimeout(60)
        s.connect(address)
        s.sendall(name.encode())
        print(s.recv(100).decode())
PY
port=$(fetch port)
unit door.socket <<UNIT
[Socket]
ListenStream=127.0.0.1:$port
FileDescriptorName=door
Service=house.service
UNIT
unit gate.socket <<UNIT
[Socket]
ListenStream=/run/gate
FileDescriptorName=gate
Service=house.service
UNIT
service house "ExecStart=$VENV/bin/python accept.py
Sockets=door.socket gate.socket"
boot
ctl start door.socket gate.socket
show house ActiveState
for turn in 1 2; do
	inside "$BASE" -I "$PROJECT/ask.py" one "$port" two /run/gate
	wait_for is house ActiveState inactive
done
show house Result ExecMainCode ExecMainStatus
cat said.house
