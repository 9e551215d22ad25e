# SPDX-License-Identifier: LGPL-2.1-or-later
mkdir -p ext
cat >ext/m.c <<'END'
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyObject *twice(PyObject *self, PyObject *n) { (void) self; return PyNumber_Add(n, n); }
static PyMethodDef methods[] = { { "twice", twice, METH_O, "" }, { 0 } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "m", 0, -1, methods, 0, 0, 0, 0 };
PyMODINIT_FUNC PyInit_m(void) { return PyModule_Create(&module); }
END
cat >ext/setup.py <<'END'
from setuptools import Extension, setup
setup(name="m", version="1", ext_modules=[Extension("m", ["m.c"])])
END
pip install -q ./ext
python -c 'import m; print(m.twice(21))'
pip wheel -q --no-deps -w wheels ./ext
ls wheels
