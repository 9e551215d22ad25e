# SPDX-License-Identifier: LGPL-2.1-or-later
echo 'import os; print(os.getcwd(), os.environ.get("LANG"), os.path.expanduser("~") != "~")' >job.py
cd /
env -i HOME="$HOME" LOGNAME="$LOGNAME" PATH=/usr/bin:/bin SHELL=/bin/sh setsid -w /bin/sh -c "cd '$PROJECT' && .venv/bin/python job.py >>cron.log 2>&1" </dev/null
cat "$PROJECT/cron.log"
