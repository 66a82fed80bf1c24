/* Declaring, deleting and asking: all of it waits for the broker, without the interpreter's lock. */
#include "declaring.h"
#include "convert.h"

#define HANDLE(object) (((Client *)(object))->handle)

PyObject *info_or_raise(const samqp_queue_info *info, samqp_status status, samqp_error *error) {
    if (status != SAMQP_OK) return raise_error(status, error);
    PyObject *name = text_or_replace(info->name);
    if (name == NULL) return NULL;
    return Py_BuildValue("NKK", name, (unsigned long long)info->messages, (unsigned long long)info->consumers);
}

PyObject *declare_exchange(PyObject *self, PyObject *args) {
    const char *name, *type;
    unsigned int flags;
    samqp_table *arguments = NULL;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "ssIO&O&", &name, &type, &flags, to_table, &arguments, to_timeout, &timeout)) return NULL;
    ASK(samqp_declare_exchange(HANDLE(self), name, type, flags, arguments, timeout, &error));
    samqp_table_free(arguments);
    return none_or_raise(status, error);
}

PyObject *declare_queue(PyObject *self, PyObject *args) {
    const char *name;
    unsigned int flags;
    samqp_table *arguments = NULL;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "zIO&O&", &name, &flags, to_table, &arguments, to_timeout, &timeout)) return NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    ASK(samqp_declare_queue(HANDLE(self), name, flags, arguments, &info, timeout, &error));
    samqp_table_free(arguments);
    return info_or_raise(&info, status, error);
}

typedef samqp_status (*binding_function)(
    samqp_client *, const char *, const char *, const char *, const samqp_table *, int64_t, samqp_error **);

static PyObject *bind(PyObject *self, PyObject *args, binding_function function) {
    const char *destination, *source, *key;
    samqp_table *arguments = NULL;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sssO&O&", &destination, &source, &key, to_table, &arguments, to_timeout, &timeout)) {
        return NULL;
    }
    ASK(function(HANDLE(self), destination, source, key, arguments, timeout, &error));
    samqp_table_free(arguments);
    return none_or_raise(status, error);
}

PyObject *declare_binding(PyObject *self, PyObject *args) { return bind(self, args, samqp_declare_binding); }
PyObject *declare_exchange_binding(PyObject *self, PyObject *args) {
    return bind(self, args, samqp_declare_exchange_binding);
}
PyObject *delete_binding(PyObject *self, PyObject *args) { return bind(self, args, samqp_delete_binding); }
PyObject *delete_exchange_binding(PyObject *self, PyObject *args) {
    return bind(self, args, samqp_delete_exchange_binding);
}

static PyObject *count_or_raise(uint64_t messages, samqp_status status, samqp_error *error) {
    return status == SAMQP_OK ? PyLong_FromUnsignedLongLong(messages) : raise_error(status, error);
}

PyObject *delete_queue(PyObject *self, PyObject *args) {
    const char *name;
    unsigned int flags;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sIO&", &name, &flags, to_timeout, &timeout)) return NULL;
    uint64_t messages;
    ASK(samqp_delete_queue(HANDLE(self), name, flags, &messages, timeout, &error));
    return count_or_raise(messages, status, error);
}

PyObject *delete_exchange(PyObject *self, PyObject *args) {
    const char *name;
    unsigned int flags;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sIO&", &name, &flags, to_timeout, &timeout)) return NULL;
    ASK(samqp_delete_exchange(HANDLE(self), name, flags, timeout, &error));
    return none_or_raise(status, error);
}

PyObject *purge_queue(PyObject *self, PyObject *args) {
    const char *name;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sO&", &name, to_timeout, &timeout)) return NULL;
    uint64_t messages;
    ASK(samqp_purge_queue(HANDLE(self), name, &messages, timeout, &error));
    return count_or_raise(messages, status, error);
}

PyObject *queue_status(PyObject *self, PyObject *args) {
    const char *name;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sO&", &name, to_timeout, &timeout)) return NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    ASK(samqp_queue_status(HANDLE(self), name, &info, timeout, &error));
    return info_or_raise(&info, status, error);
}

PyObject *current_queue_name(PyObject *self, PyObject *args) {
    const char *name;
    if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_status status = samqp_current_queue_name(HANDLE(self), name, &info);
    return status == SAMQP_OK ? text_or_replace(info.name) : raise_error(status, NULL);
}

PyObject *apply_topology(PyObject *self, PyObject *args) {
    PyObject *object;
    samqp_topology *topology;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "OO&", &object, to_timeout, &timeout) || !take_topology(object, &topology)) return NULL;
    ASK(samqp_topology_apply(HANDLE(self), topology, NULL, timeout, &error));
    return none_or_raise(status, error);
}

/* (whether it can be applied, [(finding, text)]) */
static PyObject *plan_result(const samqp_plan *plan) {
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < samqp_plan_count(plan); i++) {
        PyObject *text = text_or_replace(samqp_plan_text(plan, i));
        PyObject *item = text == NULL ? NULL : Py_BuildValue("iN", (int)samqp_plan_finding(plan, i), text);
        if (item == NULL || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    if (list == NULL) return NULL;
    return Py_BuildValue("ON", samqp_plan_is_applicable(plan) == 1 ? Py_True : Py_False, list);
}

PyObject *plan_topology(PyObject *self, PyObject *args) {
    PyObject *object;
    samqp_topology *topology;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "OO&", &object, to_timeout, &timeout) || !take_topology(object, &topology)) return NULL;
    samqp_plan *plan;
    ASK(samqp_topology_plan(&plan, HANDLE(self), topology, timeout, &error));
    if (status != SAMQP_OK) return raise_error(status, error);
    PyObject *result = plan_result(plan);
    samqp_plan_free(plan);
    return result;
}
