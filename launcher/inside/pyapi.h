/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pyapi.h - what we call of CPython besides its main function. All of it is looked up by name in the process: one
 * program serves CPython 3.8 to 3.14, and Python.h does not compile under our warnings. Functions and structures are those of
 * the stable ABI, in which no object's layout is known; the table of built-in modules is not part of it, but has
 * been the same since Python 1.5.
 */
#ifndef VB_PYAPI_H
#define VB_PYAPI_H

#include "common/cleanup.h"

typedef struct _object PyObject;

struct pyapi_method {
	const char *name;
	PyObject *(*call)(PyObject *self, PyObject *args);
	int flags;
	const char *doc;
};

struct pyapi_slot {
	int slot;
	void *value;
};

struct pyapi_type {
	const char *name;
	int basic_size, item_size;
	unsigned int flags;
	struct pyapi_slot *slots;
};

struct pyapi_builtin {
	const char *name;
	PyObject *(*init)(void);
};

enum {
	PYAPI_VARARGS = 0x1,
	PYAPI_KEYWORDS = 0x2,
	PYAPI_ONE = 0x8,
	PYAPI_CLASS = 0x10,

	PYAPI_TYPE_DEFAULT = 1 << 18,
	PYAPI_SLOT_DOC = 56,
	PYAPI_SLOT_METHODS = 64,

	PYAPI_FILE_INPUT = 257,
	PYAPI_PRINT_RAW = 1,
};

/* Result, name, arguments. References: as CPython documents each. */
#define PYAPI_FUNCTIONS(X) \
	X(int, PyArg_ParseTupleAndKeywords, (PyObject *, PyObject *, const char *, char **, ...)) \
	X(int, PyArg_UnpackTuple, (PyObject *, const char *, ssize_t, ssize_t, ...)) \
	X(PyObject *, PyBool_FromLong, (long)) \
	X(PyObject *, PyCFunction_NewEx, (struct pyapi_method *, PyObject *, PyObject *)) \
	X(PyObject *, PyDict_GetItemString, (PyObject *, const char *)) \
	X(PyObject *, PyDict_New, (void)) \
	X(int, PyDict_SetItemString, (PyObject *, const char *, PyObject *)) \
	X(void, PyErr_Clear, (void)) \
	X(void, PyErr_Display, (PyObject *, PyObject *, PyObject *)) \
	X(PyObject *, PyEval_EvalCode, (PyObject *, PyObject *, PyObject *)) \
	X(PyObject *, PyEval_GetBuiltins, (void)) \
	X(int, PyFile_WriteObject, (PyObject *, PyObject *, int)) \
	X(PyObject *, PyImport_GetModuleDict, (void)) \
	X(int, PyList_Insert, (PyObject *, ssize_t, PyObject *)) \
	X(PyObject *, PyModule_GetDict, (PyObject *)) \
	X(PyObject *, PyObject_CallFunction, (PyObject *, const char *, ...)) \
	X(PyObject *, PyObject_CallObject, (PyObject *, PyObject *)) \
	X(PyObject *, PyObject_GetAttrString, (PyObject *, const char *)) \
	X(int, PyObject_IsInstance, (PyObject *, PyObject *)) \
	X(int, PyObject_SetAttrString, (PyObject *, const char *, PyObject *)) \
	X(PyObject *, PySys_GetObject, (const char *)) \
	X(int, PySys_SetObject, (const char *, PyObject *)) \
	X(PyObject *, PyType_FromSpec, (struct pyapi_type *)) \
	X(int, PyUnicode_CompareWithASCIIString, (PyObject *, const char *)) \
	X(PyObject *, PyUnicode_DecodeFSDefault, (const char *)) \
	X(PyObject *, PyUnicode_FromString, (const char *)) \
	X(PyObject *, Py_CompileString, (const char *, const char *, int)) \
	X(void, Py_DecRef, (PyObject *)) \
	X(void, Py_IncRef, (PyObject *))

struct pyapi {
#define PYAPI_MEMBER(type, name, args) type (*name) args;
	PYAPI_FUNCTIONS(PYAPI_MEMBER)
#undef PYAPI_MEMBER
	PyObject *none;
	struct pyapi_builtin *builtins; /* ends with a NULL name */
};

/* After libpython was loaded, before it is initialized. 0; -ENOSYS if this Python lacks one of them. */
int pyapi_find(struct pyapi *api) must_check;

#endif
