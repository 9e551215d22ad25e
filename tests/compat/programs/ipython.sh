# SPDX-License-Identifier: LGPL-2.1-or-later
ipython --colors=NoColor -c 'print(6 * 7)'
ipython --colors=NoColor -c '!echo from the shell'
echo 'x = 3
x * 2' | ipython --colors=NoColor --simple-prompt --no-banner --quick 2>/dev/null | grep -c 6
