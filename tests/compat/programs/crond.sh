# SPDX-License-Identifier: LGPL-2.1-or-later
# Root runs it: cron's daemon, with a crontab of $WHO, until a minute has begun.
. "$HOST/common.sh"
logs=$PROJECT/cron.log
kept=$HOST/crontab.kept
had=; crontab -u "$WHO" -l >"$kept" 2>/dev/null && had=yes
restore() { if [ "$had" ]; then crontab -u "$WHO" "$kept"; else crontab -u "$WHO" -r; fi; }
# What a job says outside its file cron would mail.
mail_of() { stat -c %s "/var/mail/$WHO" 2>/dev/null || echo none; }
trap 'status=$?; finish; restore; [ $status -eq 0 ] || tail -n 30 $logs >&2; exit $status' EXIT
cat >job.py <<'PY'
import os, sys
print(os.getcwd() == os.environ["PWD"], os.environ.get("LANG"), os.path.expanduser("~") != "~", sys.stdin.read() == "", sys.argv[1:])
print("to standard error", file=sys.stderr)
sys.exit(7)
PY
crontab -u "$WHO" - <<TAB
MAILTO=$WHO
* * * * * $VENV/bin/python $PROJECT/job.py "a word" >>$PROJECT/cron.log 2>&1; echo "status \$?" >>$PROJECT/cron.log
TAB
before=$(mail_of)
start "$HOST/cron.daemon" /usr/sbin/cron -f
# A job starts when the minute does; wait_for is too short for it.
n=0; until grep -q '^status' cron.log 2>/dev/null; do n=$((n + 1)); [ $n -lt 80 ]; sleep 1; done
cat cron.log
[ "$(mail_of)" = "$before" ]
