# SPDX-License-Identifier: LGPL-2.1-or-later
printf 'all: a b c d\na b c d:\n\t+@"$(VENV)/bin/python" -c "import os; print(\\"made $@\\", \\"jobserver\\" in os.environ.get(\\"MAKEFLAGS\\", \\"\\"))"\n' >Makefile
make -s -j3 2>&1 | sort
printf 'all:\n\t+@"$(VENV)/bin/python" inner.py\n' >Makefile
printf 'x: p q\np q:\n\t@echo $@\n' >inner.mk
cat >inner.py <<'END'
import os, re
flags = os.environ.get("MAKEFLAGS", "")
found = re.search(r"--jobserver-(?:auth|fds)=(\d+),(\d+)", flags)
r, w = map(int, found.groups())
token = os.read(r, 1)
os.write(w, token)
print("a token", len(token))
END
make -s -j3 2>&1
