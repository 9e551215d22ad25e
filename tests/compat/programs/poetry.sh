# SPDX-License-Identifier: LGPL-2.1-or-later
mkdir -p src/mine
echo 'def main(): print("mine")' >src/mine/__init__.py
cat >pyproject.toml <<'END'
[project]
name = "mine"
version = "1"
requires-python = ">=3.9"
[project.scripts]
mine-run = "mine:main"
[tool.poetry]
packages = [{ include = "mine", from = "src" }]
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
END
poetry check
poetry install -q -n
python -c 'import mine; print(mine.__name__)'
mine-run
poetry build -q -f wheel; ls dist
