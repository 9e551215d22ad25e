# SPDX-License-Identifier: LGPL-2.1-or-later
# What editors run: VS Code's printEnvVariables and interpreterInfo, PyCharm's and jedi's.
mkdir -p "$HOST/extension"
cat >"$HOST/extension/interpreterInfo.py" <<'END'
import json, sys
print(json.dumps({"versionInfo": list(sys.version_info[:3]), "sysPrefix": sys.prefix, "is64Bit": sys.maxsize > 2**32, "argv": sys.argv[1:]}))
END
cd /
"$VENV/bin/python" -I -c 'import sys; print(sys.executable, sys.prefix, sys.base_prefix)'
"$VENV/bin/python" -I "$HOST/extension/interpreterInfo.py" a
"$VENV/bin/python" -I - <"$HOST/extension/interpreterInfo.py"
env -i "$VENV/bin/python" -I "$HOST/extension/interpreterInfo.py"
"$VENV/bin/python" -I -m site --user-base >/dev/null && echo site
"$VENV/bin/python" -IEs -m platform >/dev/null && echo platform
