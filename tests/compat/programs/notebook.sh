# SPDX-License-Identifier: LGPL-2.1-or-later
python -c '
import nbformat
n = nbformat.v4.new_notebook()
n.cells = [nbformat.v4.new_code_cell("import sys; print(6 * 7)"), nbformat.v4.new_code_cell("!echo from the shell")]
nbformat.write(n, "a.ipynb")'
jupyter nbconvert --to notebook --execute --output b a.ipynb 2>log || { cat log; exit 1; }
python -c '
import nbformat
print(["".join(o.get("text", "") for o in c.outputs) for c in nbformat.read("b.ipynb", 4).cells])'
