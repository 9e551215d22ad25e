# SPDX-License-Identifier: LGPL-2.1-or-later
cat >tox.ini <<'END'
[tox]
skipsdist = true
env_list = a
[testenv]
deps = six
commands = python -c "import six, sys; print('inner', sys.prefix != sys.base_prefix, six.PY3)"
END
for i in 1 2; do tox -q | grep -v seconds; done
