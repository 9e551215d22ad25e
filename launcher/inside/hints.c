/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/hints.h"

#include <stddef.h>
#include <string.h>

#include "inside/boxmodule.h"
#include "inside/pyapi.h"

/*
 * The first that is imported, in every version, by Python's own code and not by importlib while it is made ready: in 3.8 importlib takes
 * _thread a second time then, which undoes what was set in it.
 */
#define EARLY "_codecs"

static const unsigned char source[] = {
#include "sitecustomize/hints.inc"
	0,
};

/* CPython calls back without a pointer of ours. Written once, before it is initialized. */
static struct pyapi py;
static const char *venv;
static PyObject *(*init_early)(void);

/* Is it of a kind that a box can cause? */
static bool is_of_kind(PyObject *value)
{
	static const char *const kinds[] = { "OSError", "ModuleNotFoundError" };
	PyObject *builtins = py.PyEval_GetBuiltins();

	for (size_t i = 0; builtins != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		PyObject *kind = py.PyDict_GetItemString(builtins, kinds[i]);

		if (kind != NULL && py.PyObject_IsInstance(value, kind) > 0)
			return true;
	}
	return false;
}

/* Calls `explain` of sitecustomize/hints.py. What is to be printed behind the traceback (a new reference), or NULL. */
static PyObject *explain(PyObject *value)
{
	PyObject *text = NULL;
	PyObject *names = is_of_kind(value) ? boxmodule_run(&py, venv) : NULL;

	if (names != NULL && boxmodule_exec(&py, (const char *) source, "<venvbox.hints>", names)) {
		PyObject *function = py.PyDict_GetItemString(names, "explain");

		text = function != NULL ? py.PyObject_CallFunction(function, "O", value) : NULL;
	}
	py.Py_DecRef(names);
	/* Whatever went wrong, it is not what the user wants to read about. */
	py.PyErr_Clear();
	if (text != py.none)
		return text;
	py.Py_DecRef(text);
	return NULL;
}

static void say(PyObject *text)
{
	PyObject *to = text != NULL ? py.PySys_GetObject("stderr") : NULL;

	if (to != NULL && to != py.none && py.PyFile_WriteObject(text, to, PYAPI_PRINT_RAW) != 0)
		py.PyErr_Clear();
	py.Py_DecRef(text);
}

static PyObject *except_hook(PyObject *self, PyObject *args)
{
	PyObject *type, *value, *traceback, *text;

	(void) self;
	if (!py.PyArg_UnpackTuple(args, "excepthook", 3, 3, &type, &value, &traceback))
		return NULL;
	text = explain(value);
	py.PyErr_Display(type, value, traceback);
	say(text);
	py.Py_IncRef(py.none);
	return py.none;
}

/* self: the function in whose place this stands. */
static PyObject *thread_hook(PyObject *self, PyObject *args)
{
	PyObject *value = py.PyObject_GetAttrString(args, "exc_value");
	PyObject *text = value != NULL ? explain(value) : NULL;
	PyObject *result;

	py.Py_DecRef(value);
	py.PyErr_Clear();
	result = py.PyObject_CallFunction(self, "(O)", args);
	if (result != NULL) {
		say(text);
		return result;
	}
	py.Py_DecRef(text);
	return NULL;
}

/* Both are one object: code.py and others tell by that whether a program has put its own. */
static void set_except_hook(void)
{
	static struct pyapi_method method = {
		"excepthook", except_hook, PYAPI_VARARGS,
		"excepthook($module, exctype, value, traceback, /)\n--\n\nShows an exception that nobody caught on sys.stderr, with a note if the box caused it.",
	};
	PyObject *sys = py.PyDict_GetItemString(py.PyImport_GetModuleDict(), "sys");
	PyObject *name = py.PyUnicode_FromString("sys");
	PyObject *hook = sys != NULL && name != NULL ? py.PyCFunction_NewEx(&method, sys, name) : NULL;

	if (hook != NULL) {
		(void) py.PySys_SetObject("excepthook", hook);
		(void) py.PySys_SetObject("__excepthook__", hook);
	}
	py.Py_DecRef(hook);
	py.Py_DecRef(name);
}

/* threading takes it from there, as its own __excepthook__. */
static void set_thread_hook(void)
{
	static struct pyapi_method method = {
		"_excepthook", thread_hook, PYAPI_ONE,
		"_excepthook($module, exc_info, /)\n--\n\nShows an exception that ended a thread, with a note if the box caused it.",
	};
	PyObject *thread = py.PyDict_GetItemString(py.PyImport_GetModuleDict(), "_thread");
	PyObject *own = thread != NULL ? py.PyObject_GetAttrString(thread, "_excepthook") : NULL;
	PyObject *name = py.PyUnicode_FromString("_thread");
	PyObject *hook = own != NULL && name != NULL ? py.PyCFunction_NewEx(&method, own, name) : NULL;

	if (hook != NULL)
		(void) py.PyObject_SetAttrString(thread, "_excepthook", hook);
	py.Py_DecRef(hook);
	py.Py_DecRef(name);
	py.Py_DecRef(own);
}

/* In each interpreter of the process that imports EARLY for the first time. */
static PyObject *init_and_install(void)
{
	PyObject *module = init_early();

	if (module == NULL)
		return NULL;
	set_except_hook();
	set_thread_hook();
	boxmodule_install(&py, venv);
	py.PyErr_Clear();
	return module;
}

void hints_prepare(const char *of_venv)
{
	if (pyapi_find(&py) != 0)
		return;
	venv = of_venv;
	for (struct pyapi_builtin *b = py.builtins; b->name != NULL; b++) {
		if (strcmp(b->name, EARLY) != 0)
			continue;
		init_early = b->init;
		b->init = init_and_install;
		return;
	}
}
