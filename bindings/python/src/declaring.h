/* Methods of the client that declare, delete, and ask. */
#ifndef SWIFTAMQP_DECLARING_H
#define SWIFTAMQP_DECLARING_H

#include "core.h"

PyObject *declare_exchange(PyObject *self, PyObject *args);
PyObject *declare_queue(PyObject *self, PyObject *args);
PyObject *declare_binding(PyObject *self, PyObject *args);
PyObject *declare_exchange_binding(PyObject *self, PyObject *args);
PyObject *delete_binding(PyObject *self, PyObject *args);
PyObject *delete_exchange_binding(PyObject *self, PyObject *args);
PyObject *delete_queue(PyObject *self, PyObject *args);
PyObject *delete_exchange(PyObject *self, PyObject *args);
PyObject *purge_queue(PyObject *self, PyObject *args);
PyObject *queue_status(PyObject *self, PyObject *args);
PyObject *current_queue_name(PyObject *self, PyObject *args);
PyObject *apply_topology(PyObject *self, PyObject *args);
PyObject *plan_topology(PyObject *self, PyObject *args);

#define DECLARING_METHODS \
    {"declare_exchange", declare_exchange, METH_VARARGS, "declare_exchange(name, type, flags, arguments, timeout)"}, \
    {"declare_queue", declare_queue, METH_VARARGS, "declare_queue(name, flags, arguments, timeout)"}, \
    {"declare_binding", declare_binding, METH_VARARGS, "declare_binding(queue, exchange, key, arguments, timeout)"}, \
    {"declare_exchange_binding", declare_exchange_binding, METH_VARARGS, \
     "declare_exchange_binding(destination, source, key, arguments, timeout)"}, \
    {"delete_binding", delete_binding, METH_VARARGS, "delete_binding(queue, exchange, key, arguments, timeout)"}, \
    {"delete_exchange_binding", delete_exchange_binding, METH_VARARGS, \
     "delete_exchange_binding(destination, source, key, arguments, timeout)"}, \
    {"delete_queue", delete_queue, METH_VARARGS, "delete_queue(name, flags, timeout)"}, \
    {"delete_exchange", delete_exchange, METH_VARARGS, "delete_exchange(name, flags, timeout)"}, \
    {"purge_queue", purge_queue, METH_VARARGS, "purge_queue(name, timeout)"}, \
    {"queue_status", queue_status, METH_VARARGS, "queue_status(name, timeout)"}, \
    {"current_queue_name", current_queue_name, METH_VARARGS, "current_queue_name(name)"}, \
    {"apply_topology", apply_topology, METH_VARARGS, "apply_topology(topology, timeout)"}, \
    {"plan_topology", plan_topology, METH_VARARGS, "plan_topology(topology, timeout)"}

#endif
