/* Plain channels: basic.get, transactions, passive declares. */
#include "core.h"
#include "convert.h"

typedef struct { PyObject_HEAD samqp_channel *handle; } Channel;

PyTypeObject *channel_type;

#define HANDLE(object) (((Channel *)(object))->handle)

static PyObject *channel_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"client", "timeout", NULL};
    PyObject *client;
    int64_t timeout;
    samqp_client *client_handle;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO&:Channel", names, &client, to_timeout, &timeout) ||
        !take_client(client, &client_handle)) {
        return NULL;
    }
    samqp_channel *handle;
    ASK(samqp_channel_open(&handle, client_handle, timeout, &error));
    if (status != SAMQP_OK) return raise_error(status, error);
    Channel *self = (Channel *)allocate(type);
    if (self == NULL) {
        samqp_channel_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void channel_dealloc(PyObject *object) {
    samqp_channel_free(HANDLE(object));
    free_object(object);
}

static PyObject *is_open(PyObject *self, void *unused) {
    (void)unused;
    return PyBool_FromLong(samqp_channel_is_open(HANDLE(self)) == 1);
}

static PyObject *get(PyObject *self, PyObject *args) {
    const char *queue;
    int auto_ack;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "spO&", &queue, &auto_ack, to_timeout, &timeout)) return NULL;
    samqp_delivery *delivery;
    samqp_error *error;
    int32_t result;
    UNLOCKED(
        result = samqp_channel_get(HANDLE(self), queue, auto_ack ? SAMQP_AUTO_ACK : 0, timeout, &delivery, &error));
    if (result < 0) return raise_error(result, error);
    if (result == 0) Py_RETURN_NONE;
    return delivery_make(delivery);
}

static PyObject *publish(PyObject *self, PyObject *args) {
    const char *exchange, *key;
    PyObject *body, *object;
    unsigned int flags;
    int64_t timeout;
    const samqp_properties *properties;
    Py_buffer view;
    bool release;
    if (!PyArg_ParseTuple(args, "ssOOIO&", &exchange, &key, &body, &object, &flags, to_timeout, &timeout) ||
        !take_properties(object, &properties) || !take_body(body, &view, &release)) {
        return NULL;
    }
    ASK(samqp_channel_publish(
        HANDLE(self), exchange, key, properties, view.buf, (size_t)view.len, flags, timeout, &error));
    if (release) PyBuffer_Release(&view);
    return none_or_raise(status, error);
}

static PyObject *check_queue(PyObject *self, PyObject *args) {
    const char *name;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sO&", &name, to_timeout, &timeout)) return NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    ASK(samqp_channel_check_queue(HANDLE(self), name, &info, timeout, &error));
    return info_or_raise(&info, status, error);
}

static PyObject *check_exchange(PyObject *self, PyObject *args) {
    const char *name;
    int64_t timeout;
    if (!PyArg_ParseTuple(args, "sO&", &name, to_timeout, &timeout)) return NULL;
    ASK(samqp_channel_check_exchange(HANDLE(self), name, timeout, &error));
    return none_or_raise(status, error);
}

static PyObject *simple(
    PyObject *self, PyObject *timeout, samqp_status (*function)(samqp_channel *, int64_t, samqp_error **)) {
    int64_t milliseconds;
    if (!take_timeout(timeout, &milliseconds)) return NULL;
    ASK(function(HANDLE(self), milliseconds, &error));
    return none_or_raise(status, error);
}

static PyObject *recover(PyObject *self, PyObject *timeout) { return simple(self, timeout, samqp_channel_recover); }
static PyObject *tx_select(PyObject *self, PyObject *timeout) { return simple(self, timeout, samqp_channel_tx_select); }
static PyObject *tx_commit(PyObject *self, PyObject *timeout) { return simple(self, timeout, samqp_channel_tx_commit); }
static PyObject *tx_rollback(PyObject *self, PyObject *timeout) {
    return simple(self, timeout, samqp_channel_tx_rollback);
}
static PyObject *close_channel(PyObject *self, PyObject *timeout) { return simple(self, timeout, samqp_channel_close); }

static PyMethodDef methods[] = {
    {"get", get, METH_VARARGS, "get(queue, auto_ack, timeout)"},
    {"publish", publish, METH_VARARGS, "publish(exchange, routing_key, body, properties, flags, timeout)"},
    {"check_queue", check_queue, METH_VARARGS, "check_queue(name, timeout)"},
    {"check_exchange", check_exchange, METH_VARARGS, "check_exchange(name, timeout)"},
    {"recover", recover, METH_O, "recover(timeout)"},
    {"tx_select", tx_select, METH_O, "tx_select(timeout)"},
    {"tx_commit", tx_commit, METH_O, "tx_commit(timeout)"},
    {"tx_rollback", tx_rollback, METH_O, "tx_rollback(timeout)"},
    {"close", close_channel, METH_O, "close(timeout)"},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef getters[] = {
    {"is_open", is_open, NULL, "Whether it is open", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot slots[] = {
    {Py_tp_new, channel_new}, {Py_tp_dealloc, channel_dealloc}, {Py_tp_methods, methods}, {Py_tp_getset, getters},
    {0, NULL},
};
static PyType_Spec spec = {"swiftamqp._core.Channel", sizeof(Channel), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_channel(PyObject *module) { return add_type(module, &spec, &channel_type); }
