# SPDX-License-Identifier: LGPL-2.1-or-later
nohup python -c 'import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)' 2>/dev/null
status=0; timeout 1 python -c 'import time; time.sleep(60)' || status=$?; echo "timeout $status"
status=0; timeout -s KILL 1 python -c 'import time; time.sleep(60)' || status=$?; echo "killed $status"
setsid -w python -c 'import os; print(os.isatty(0))' </dev/null
printf '%s\n' 1 2 3 4 | xargs -n 1 -P 2 python -c 'import sys; print(sys.argv[1])' | sort
printf '%s\n' 1 2 | xargs -n 1 python -c 'import sys; sys.exit(int(sys.argv[1]) == 2)' 2>/dev/null || echo "xargs $?"
seq 100000 | python -c 'import sys; print(sum(map(int, sys.stdin)))'
yes | python -c 'import sys; print(sys.stdin.readline())' | head -n 1
nice -n 5 python -c 'import os; print(os.nice(0) >= 5)'
