# SPDX-License-Identifier: LGPL-2.1-or-later
cat >"$HOST/parent.py" <<'END'
import subprocess, sys, threading
made = []
def work():
    made.append(subprocess.Popen([sys.argv[1], "-c", "import time; time.sleep(3); print('still here')"], stdout=subprocess.PIPE, text=True))
t = threading.Thread(target=work)
t.start()
t.join()
out, _ = made[0].communicate(timeout=60)
print(out, made[0].returncode)
END
"$BASE" -I "$HOST/parent.py" "$VENV/bin/python"
