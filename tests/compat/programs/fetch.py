# SPDX-License-Identifier: LGPL-2.1-or-later
"""fetch.py port: prints a free port. fetch.py URL [TEXT]: the page, as soon as there is one (that holds TEXT)."""
import socket
import sys
import time
import urllib.request

if sys.argv[1] == "port":
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        print(s.getsockname()[1])
    sys.exit()
said = "nothing"
end = time.monotonic() + 240
while time.monotonic() < end:
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=20) as answer:
            said = answer.read().decode()
        if len(sys.argv) < 3 or sys.argv[2] in said:
            print(said.strip())
            sys.exit()
    except OSError as e:
        said = str(e)
    time.sleep(0.1)
sys.exit("no answer but " + said[:300])
