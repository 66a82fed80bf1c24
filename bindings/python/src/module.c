/* The module swiftamqp._core: what Python programs use is in the package around it. */
#include "core.h"

PyObject *hook_exception, *hook_field, *hook_value, *hook_timestamp, *hook_process;
unsigned long main_thread;

PyObject *allocate(PyTypeObject *type) {
    allocfunc function = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    return function(type, 0);
}

void free_object(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    freefunc function = (freefunc)PyType_GetSlot(type, Py_tp_free);
    function(self);
    Py_DECREF(type);
}

bool add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type) {
    PyObject *object = PyType_FromSpec(spec);
    if (object == NULL) return false;
    // The module never goes: neither do its types.
    *type = (PyTypeObject *)object;
    Py_INCREF(object);
    const char *name = strrchr(spec->name, '.') + 1;
    if (PyModule_AddObject(module, name, object) == 0) return true;
    Py_DECREF(object);
    return false;
}

static PyObject *configure(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *hooks[5];
    if (!PyArg_ParseTuple(
            args, "OOOOOk", &hooks[0], &hooks[1], &hooks[2], &hooks[3], &hooks[4], &main_thread)) {
        return NULL;
    }
    PyObject **places[5] = {&hook_exception, &hook_field, &hook_value, &hook_timestamp, &hook_process};
    for (int i = 0; i < 5; i++) {
        PyObject *old = *places[i];
        Py_INCREF(hooks[i]);
        *places[i] = hooks[i];
        Py_XDECREF(old);
    }
    Py_RETURN_NONE;
}

static PyObject *status_name(PyObject *module, PyObject *number) {
    (void)module;
    long status = PyLong_AsLong(number);
    if (status == -1 && PyErr_Occurred()) return NULL;
    return text_or_replace(samqp_status_name((samqp_status)status));
}

static PyObject *library_version(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    return text_or_replace(samqp_version_string());
}

static PyMethodDef functions[] = {
    {"configure", configure, METH_VARARGS, "configure(exception, field, value, timestamp, process, main_thread)"},
    {"status_name", status_name, METH_O, "The name of a status."},
    {"library_version", library_version, METH_NOARGS, "The version of the library."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "swiftamqp._core", "What swiftamqp is made of.", -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    if (add_properties(module) && add_delivery(module) && add_events(module) && add_options(module) &&
        add_topology(module) && add_client(module) && add_publisher(module) && add_jobs(module) &&
        add_consumer(module) && add_channel(module)) {
        return module;
    }
    Py_DECREF(module);
    return NULL;
}
