# SPDX-License-Identifier: LGPL-2.1-or-later
mkdir -p ../lib/libx
cat >../lib/pyproject.toml <<'END'
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"
[project]
name = "libx"
version = "1"
description = "x"
END
echo 'word = "first"' >../lib/libx/__init__.py
pip install -q -e ../lib
python -c 'import libx; print(libx.word)'
echo 'word = "second"' >../lib/libx/__init__.py
python -B -c 'import libx; print(libx.word)'
