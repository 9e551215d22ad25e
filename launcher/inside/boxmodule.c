/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/boxmodule.h"

#include <stddef.h>

#include "inside/verify.h"

#define NAME "venvbox"
#define FILE_NAME "<venvbox>"

/* Index in sys.meta_path: the finders of built-in and of frozen modules stand before it, that of sys.path behind. */
#define BEHIND_BUILTIN 2

static const unsigned char source[] = {
#include "sitecustomize/venvbox.inc"
	0,
};

/* For `python -m venvbox`, which runs code and does not import. */
static const char run_as_program[] = "import sys, venvbox\nsys.exit(venvbox._main(sys.argv[1:]))\n";

/* CPython calls back without a pointer of ours. */
static const struct pyapi *api;
static const char *venv_path;

bool boxmodule_exec(const struct pyapi *py, const char *text, const char *file, PyObject *names)
{
	PyObject *code = py->Py_CompileString(text, file, PYAPI_FILE_INPUT);
	PyObject *result = code != NULL ? py->PyEval_EvalCode(code, names, names) : NULL;
	bool done = result != NULL;

	py->Py_DecRef(code);
	py->Py_DecRef(result);
	return done;
}

/* Steals the reference. */
static bool set(const struct pyapi *py, PyObject *names, const char *name, PyObject *value)
{
	bool done = value != NULL && py->PyDict_SetItemString(names, name, value) == 0;

	py->Py_DecRef(value);
	return done;
}

/* What the source cannot find out: whether the filter is ours, the kernel says. */
static bool set_facts(const struct pyapi *py, const char *venv, PyObject *names)
{
	const char *fact;

	return set(py, names, "boxed", py->PyBool_FromLong(verify_inside(&fact) == 0)) &&
		set(py, names, "version", py->PyUnicode_FromString(PACKAGE_VERSION)) &&
		set(py, names, "_VENV", py->PyUnicode_DecodeFSDefault(venv));
}

/* Before 3.10 code that is evaluated finds its builtins only where its global names have them. */
static bool fill(const struct pyapi *py, const char *venv, PyObject *names)
{
	PyObject *builtins = py->PyEval_GetBuiltins();

	return builtins != NULL && py->PyDict_SetItemString(names, "__builtins__", builtins) == 0 && set_facts(py, venv, names) &&
		boxmodule_exec(py, (const char *) source, FILE_NAME, names);
}

PyObject *boxmodule_run(const struct pyapi *py, const char *venv)
{
	PyObject *names = py->PyDict_New();

	if (names == NULL)
		return NULL;
	if (set(py, names, "__name__", py->PyUnicode_FromString(NAME)) && fill(py, venv, names))
		return names;
	py->Py_DecRef(names);
	return NULL;
}

static PyObject *none(void)
{
	api->Py_IncRef(api->none);
	return api->none;
}

static PyObject *make_spec(PyObject *finder, PyObject *name)
{
	PyObject *importlib = api->PyDict_GetItemString(api->PyImport_GetModuleDict(), "_frozen_importlib");
	PyObject *kind = importlib != NULL ? api->PyObject_GetAttrString(importlib, "ModuleSpec") : NULL;
	PyObject *origin = api->PyUnicode_FromString("built-in");
	PyObject *spec = kind != NULL && origin != NULL ? api->PyObject_CallFunction(kind, "OO", name, finder) : NULL;

	if (spec != NULL && api->PyObject_SetAttrString(spec, "origin", origin) != 0) {
		api->Py_DecRef(spec);
		spec = NULL;
	}
	api->Py_DecRef(origin);
	api->Py_DecRef(kind);
	return spec;
}

static PyObject *find_spec(PyObject *self, PyObject *args, PyObject *keywords)
{
	static char name_word[] = "fullname", path_word[] = "path", target_word[] = "target";
	static char *words[] = { name_word, path_word, target_word, NULL };
	PyObject *name, *path, *target;

	if (!api->PyArg_ParseTupleAndKeywords(args, keywords, "U|OO:find_spec", words, &name, &path, &target))
		return NULL;
	return api->PyUnicode_CompareWithASCIIString(name, NAME) == 0 ? make_spec(self, name) : none();
}

static PyObject *create_module(PyObject *self, PyObject *spec)
{
	(void) self;
	(void) spec;
	return none();
}

static PyObject *exec_module(PyObject *self, PyObject *module)
{
	PyObject *names = api->PyModule_GetDict(module);

	(void) self;
	return names != NULL && fill(api, venv_path, names) ? none() : NULL;
}

static PyObject *get_code(PyObject *self, PyObject *name)
{
	(void) self;
	(void) name;
	return api->Py_CompileString(run_as_program, FILE_NAME, PYAPI_FILE_INPUT);
}

static PyObject *make_finder(void)
{
	static struct pyapi_method methods[] = {
		{ "find_spec", NULL, PYAPI_VARARGS | PYAPI_KEYWORDS | PYAPI_CLASS, NULL },
		{ "create_module", create_module, PYAPI_ONE | PYAPI_CLASS, NULL },
		{ "exec_module", exec_module, PYAPI_ONE | PYAPI_CLASS, NULL },
		{ "get_code", get_code, PYAPI_ONE | PYAPI_CLASS, NULL },
		{ NULL },
	};
	static char doc[] = "Finds the module venvbox, and nothing else.";
	static struct pyapi_slot slots[] = { { PYAPI_SLOT_DOC, doc }, { PYAPI_SLOT_METHODS, methods }, { 0, NULL } };
	static struct pyapi_type type = { NAME ".Finder", 0, 0, PYAPI_TYPE_DEFAULT, slots };

	/* One with keywords has an argument more. */
	methods[0].call = (PyObject *(*)(PyObject *, PyObject *)) (void (*)(void)) find_spec;
	return api->PyType_FromSpec(&type);
}

void boxmodule_install(const struct pyapi *py, const char *venv)
{
	PyObject *finders = py->PySys_GetObject("meta_path");
	PyObject *finder;

	api = py;
	venv_path = venv;
	finder = finders != NULL ? make_finder() : NULL;
	if (finder != NULL)
		(void) py->PyList_Insert(finders, BEHIND_BUILTIN, finder);
	py->Py_DecRef(finder);
}
