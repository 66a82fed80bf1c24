/* Exchanges, queues and bindings, as a list. */
#include "core.h"
#include "convert.h"

PyTypeObject *topology_type;

static PyObject *topology_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, ":Topology", names)) return NULL;
    Topology *self = (Topology *)allocate(type);
    if (self != NULL) self->handle = samqp_topology_new();
    return (PyObject *)self;
}

static void topology_dealloc(PyObject *object) {
    samqp_topology_free(((Topology *)object)->handle);
    free_object(object);
}

#define HANDLE(object) (((Topology *)(object))->handle)

static PyObject *add_exchange(PyObject *self, PyObject *args) {
    const char *name, *type;
    unsigned int flags;
    samqp_table *arguments = NULL;
    if (!PyArg_ParseTuple(args, "ssIO&", &name, &type, &flags, to_table, &arguments)) return NULL;
    samqp_status status = samqp_topology_add_exchange(HANDLE(self), name, type, flags, arguments);
    samqp_table_free(arguments);
    return none_or_raise(status, NULL);
}

static PyObject *add_queue(PyObject *self, PyObject *args) {
    const char *name;
    unsigned int flags;
    samqp_table *arguments = NULL;
    if (!PyArg_ParseTuple(args, "sIO&", &name, &flags, to_table, &arguments)) return NULL;
    samqp_status status = samqp_topology_add_queue(HANDLE(self), name, flags, arguments);
    samqp_table_free(arguments);
    return none_or_raise(status, NULL);
}

static PyObject *bind(
    PyObject *self, PyObject *args,
    samqp_status (*function)(samqp_topology *, const char *, const char *, const char *, const samqp_table *)) {
    const char *destination, *source, *key;
    samqp_table *arguments = NULL;
    if (!PyArg_ParseTuple(args, "sssO&", &destination, &source, &key, to_table, &arguments)) return NULL;
    samqp_status status = function(HANDLE(self), destination, source, key, arguments);
    samqp_table_free(arguments);
    return none_or_raise(status, NULL);
}

static PyObject *add_binding(PyObject *self, PyObject *args) { return bind(self, args, samqp_topology_add_binding); }

static PyObject *add_exchange_binding(PyObject *self, PyObject *args) {
    return bind(self, args, samqp_topology_add_exchange_binding);
}

static PyMethodDef methods[] = {
    {"add_exchange", add_exchange, METH_VARARGS, "add_exchange(name, type, flags, arguments)"},
    {"add_queue", add_queue, METH_VARARGS, "add_queue(name, flags, arguments)"},
    {"add_binding", add_binding, METH_VARARGS, "add_binding(queue, exchange, routing_key, arguments)"},
    {"add_exchange_binding", add_exchange_binding, METH_VARARGS,
     "add_exchange_binding(destination, source, routing_key, arguments)"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, topology_new}, {Py_tp_dealloc, topology_dealloc}, {Py_tp_methods, methods}, {0, NULL},
};
static PyType_Spec spec = {"swiftamqp._core.Topology", sizeof(Topology), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_topology(PyObject *module) { return add_type(module, &spec, &topology_type); }
