/* What clients, publishers and consumers are made with. */
#include "core.h"

PyTypeObject *options_type;

static samqp_status set_value(samqp_options *options, const char *key, PyObject *value, samqp_error **error) {
    if (value == Py_None) return samqp_options_set(options, key, "none", error);
    if (PyBool_Check(value)) return samqp_options_set(options, key, value == Py_True ? "true" : "false", error);
    if (PyLong_Check(value)) {
        long long number = PyLong_AsLongLong(value);
        return PyErr_Occurred() ? SAMQP_ERR_INVALID_ARGUMENT : samqp_options_set_int(options, key, number, error);
    }
    if (PyDict_Check(value)) {
        samqp_table *table = table_from_mapping(value);
        if (table == NULL) return SAMQP_ERR_INVALID_ARGUMENT;
        samqp_status status = samqp_options_set_table(options, key, table, error);
        samqp_table_free(table);
        return status;
    }
    if (PyObject_HasAttrString(value, "total_seconds")) {
        int64_t milliseconds;
        if (!take_timeout(value, &milliseconds)) return SAMQP_ERR_INVALID_ARGUMENT;
        return samqp_options_set_int(options, key, milliseconds, error);
    }
    // Text as it may stand in a file; a float is written like that, too.
    PyObject *text = PyObject_Str(value);
    const char *bytes;
    samqp_status status = SAMQP_ERR_INVALID_ARGUMENT;
    if (text != NULL && take_text(text, "the value of an option", &bytes)) {
        status = samqp_options_set(options, key, bytes, error);
    }
    Py_XDECREF(text);
    return status;
}

static bool fill(samqp_options *options, PyObject *endpoints, PyObject *settings) {
    for (Py_ssize_t i = 0; i < PyList_Size(endpoints); i++) {
        const char *uri;
        samqp_error *error = NULL;
        if (!take_name(PyList_GetItem(endpoints, i), "a URI", &uri)) return false;
        samqp_status status = samqp_options_add_endpoint(options, uri, &error);
        if (status != SAMQP_OK) return raise_error(status, error) != NULL;
    }
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(settings, &position, &key, &value)) {
        const char *name;
        samqp_error *error = NULL;
        if (!take_name(key, "the key of an option", &name)) return false;
        samqp_status status = set_value(options, name, value, &error);
        if (PyErr_Occurred()) {
            samqp_error_free(error);
            return false;
        }
        if (status != SAMQP_OK) return raise_error(status, error) != NULL;
    }
    return true;
}

static PyObject *options_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"endpoints", "settings", "topology", NULL};
    PyObject *endpoints, *settings, *topology = NULL;
    samqp_topology *topology_handle;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "O!O!|O:Options", names, &PyList_Type, &endpoints, &PyDict_Type, &settings, &topology) ||
        !take_topology(topology, &topology_handle)) {
        return NULL;
    }
    samqp_options *handle = samqp_options_new();
    if (handle == NULL) return raise_error(SAMQP_ERR_FORKED, NULL);
    if (topology_handle != NULL) samqp_options_set_topology(handle, topology_handle);
    Options *self = fill(handle, endpoints, settings) ? (Options *)allocate(type) : NULL;
    if (self == NULL) {
        samqp_options_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void options_dealloc(PyObject *object) {
    samqp_options_free(((Options *)object)->handle);
    free_object(object);
}

static PyType_Slot slots[] = {{Py_tp_new, options_new}, {Py_tp_dealloc, options_dealloc}, {0, NULL}};
static PyType_Spec spec = {"swiftamqp._core.Options", sizeof(Options), 0, Py_TPFLAGS_DEFAULT, slots};

static PyObject *option_help(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    PyObject *dict = PyDict_New();
    const char *key;
    for (size_t i = 0; dict != NULL && (key = samqp_options_key(i)) != NULL; i++) {
        PyObject *text = text_or_replace(samqp_options_help(key));
        if (text == NULL || PyDict_SetItemString(dict, key, text) < 0) Py_CLEAR(dict);
        Py_XDECREF(text);
    }
    return dict;
}

static PyMethodDef functions[] = {
    {"option_help", option_help, METH_NOARGS, "Every key of an option, and what it means."},
    {NULL, NULL, 0, NULL},
};

bool add_options(PyObject *module) {
    return add_type(module, &spec, &options_type) && PyModule_AddFunctions(module, functions) == 0;
}
