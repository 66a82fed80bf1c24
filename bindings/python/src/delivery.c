/* A message that was delivered. */
#include "core.h"

typedef struct {
    PyObject_HEAD
    samqp_delivery *handle;
    PyObject *body;
    PyObject *properties;
} Delivery;

PyTypeObject *delivery_type;

PyObject *delivery_make(samqp_delivery *handle) {
    Delivery *self = (Delivery *)allocate(delivery_type);
    if (self == NULL) {
        samqp_delivery_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void delivery_dealloc(PyObject *object) {
    Delivery *self = (Delivery *)object;
    samqp_delivery_free(self->handle);
    Py_XDECREF(self->body);
    Py_XDECREF(self->properties);
    free_object(object);
}

#define HANDLE(object) (((Delivery *)(object))->handle)

static PyObject *get_body(PyObject *object, void *unused) {
    (void)unused;
    Delivery *self = (Delivery *)object;
    if (self->body == NULL) {
        size_t length;
        const void *bytes = samqp_delivery_body(self->handle, &length);
        self->body = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
        if (self->body == NULL) return NULL;
    }
    Py_INCREF(self->body);
    return self->body;
}

/* memoryview(delivery) shows the bytes where they are, and keeps the delivery while it does. */
static int get_buffer(PyObject *object, Py_buffer *view, int flags) {
    size_t length;
    const void *bytes = samqp_delivery_body(HANDLE(object), &length);
    return PyBuffer_FillInfo(view, object, (void *)(uintptr_t)bytes, (Py_ssize_t)length, 1, flags);
}

static Py_ssize_t get_length(PyObject *object) {
    size_t length;
    samqp_delivery_body(HANDLE(object), &length);
    return (Py_ssize_t)length;
}

static int is_true(PyObject *object) {
    (void)object;
    return 1;
}

static PyObject *get_properties(PyObject *object, void *unused) {
    (void)unused;
    Delivery *self = (Delivery *)object;
    if (self->properties == NULL) {
        samqp_properties raw = SAMQP_PROPERTIES_INIT;
        samqp_status status = samqp_delivery_properties(self->handle, &raw);
        if (status != SAMQP_OK) return raise_error(status, NULL);
        self->properties = properties_from_raw(&raw);
        if (self->properties == NULL) return NULL;
    }
    Py_INCREF(self->properties);
    return self->properties;
}

static PyObject *get_headers(PyObject *object, void *unused) {
    (void)unused;
    PyObject *properties = get_properties(object, NULL);
    if (properties == NULL) return NULL;
    PyObject *headers = ((Properties *)properties)->headers;
    if (headers == NULL) {
        headers = PyDict_New();
    } else {
        Py_INCREF(headers);
    }
    Py_DECREF(properties);
    return headers;
}

typedef const char *(*text_of)(const samqp_delivery *);

static PyObject *get_text(PyObject *object, void *index) {
    static const text_of functions[] = {
        samqp_delivery_exchange, samqp_delivery_routing_key, samqp_delivery_consumer_tag};
    const char *text = functions[(intptr_t)index](HANDLE(object));
    return text_or_replace(text == NULL ? "" : text);
}

static PyObject *get_number(PyObject *object, void *which) {
    return PyLong_FromUnsignedLongLong(
        which == NULL ? samqp_delivery_tag(HANDLE(object)) : samqp_delivery_retry_count(HANDLE(object)));
}

static PyObject *get_truth(PyObject *object, void *index) {
    static int32_t (*const functions[])(const samqp_delivery *) = {
        samqp_delivery_redelivered, samqp_delivery_is_stale, samqp_delivery_is_cancelled};
    return PyBool_FromLong(functions[(intptr_t)index](HANDLE(object)));
}

static PyObject *ack(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    uint32_t flags = 0;
    if (count != 0 || names != NULL) {
        SIGNATURE("ack", 0, 0, 1, "multiple");
        PyObject *values[1];
        if (!take_arguments(&sig, args, count, names, values) || !take_flag(values[0], SAMQP_MULTIPLE, &flags)) return NULL;
    }
    return none_or_raise(samqp_delivery_ack(HANDLE(object), flags), NULL);
}

static PyObject *nack(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("nack", 0, 0, 2, "requeue", "multiple");
    PyObject *values[2];
    if (!take_arguments(&sig, args, count, names, values)) return NULL;
    uint32_t flags = values[0] == NULL ? SAMQP_REQUEUE : 0;
    if (!take_flag(values[0], SAMQP_REQUEUE, &flags) || !take_flag(values[1], SAMQP_MULTIPLE, &flags)) return NULL;
    return none_or_raise(samqp_delivery_nack(HANDLE(object), flags), NULL);
}

static PyObject *reject(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("reject", 0, 0, 1, "requeue");
    PyObject *values[1];
    uint32_t flags = 0;
    if (!take_arguments(&sig, args, count, names, values) || !take_flag(values[0], SAMQP_REQUEUE, &flags)) return NULL;
    return none_or_raise(samqp_delivery_nack(HANDLE(object), flags), NULL);
}

static PyObject *process(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("process", 1, 0, 1, "requeue");
    PyObject *values[1];
    if (!take_arguments(&sig, args, count, names, values)) return NULL;
    return PyObject_CallFunctionObjArgs(hook_process, object, values[0], NULL);
}

static PyObject *delivery_repr(PyObject *object) {
    return PyUnicode_FromFormat(
        "<Delivery %llu from '%s' '%s', %zd bytes%s>", (unsigned long long)samqp_delivery_tag(HANDLE(object)),
        samqp_delivery_exchange(HANDLE(object)), samqp_delivery_routing_key(HANDLE(object)), get_length(object),
        samqp_delivery_redelivered(HANDLE(object)) ? ", redelivered" : "");
}

static PyGetSetDef getters[] = {
    {"body", get_body, NULL, "The body, as bytes. memoryview(delivery) shows it without a copy.", NULL},
    {"properties", get_properties, NULL, "A Properties; ProtocolError if they cannot be read", NULL},
    {"headers", get_headers, NULL, "A dict, empty where there are no headers; do not change it", NULL},
    {"exchange", get_text, NULL, "What it was published to; '' is the default exchange", (void *)0},
    {"routing_key", get_text, NULL, "What it was published with", (void *)1},
    {"consumer_tag", get_text, NULL, "'' for one of Channel.get", (void *)2},
    {"delivery_tag", get_number, NULL, "The broker's number, for logs", NULL},
    {"retry_count", get_number, NULL, "How often its handler has failed so far, as far as is known", (void *)1},
    {"redelivered", get_truth, NULL, "Whether the broker may have delivered it before", (void *)0},
    {"is_stale", get_truth, NULL, "Whether its channel is gone: settling raises Stale", (void *)1},
    {"is_cancelled", get_truth, NULL, "Whether its handler should end", (void *)2},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef methods[] = {
    {"ack", FAST(ack), FASTCALL, "ack(*, multiple=False)\n\nTells the broker that it was handled. Never waits."},
    {"nack", FAST(nack), FASTCALL,
     "nack(*, requeue=True, multiple=False)\n\nRefuses it: back into its queue, or dead-lettered or dropped."},
    {"reject", FAST(reject), FASTCALL, "reject(*, requeue=False)\n\nRefuses it."},
    {"process", FAST(process), FASTCALL,
     "process(*, requeue)\n\nA context manager that acks at its end, and nacks where it is left by an exception."},
    {NULL, NULL, 0, NULL},
};

static PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    (void)type;
    (void)args;
    (void)keywords;
    PyErr_SetString(PyExc_TypeError, "deliveries come from a consumer or a channel");
    return NULL;
}

static PyType_Slot slots[] = {
    {Py_tp_doc, "A message that was delivered, and the means to settle it."}, {Py_tp_new, refuse_new},
    {Py_tp_dealloc, delivery_dealloc}, {Py_tp_getset, getters}, {Py_tp_methods, methods}, {Py_tp_repr, delivery_repr},
    {Py_mp_length, get_length}, {Py_nb_bool, is_true}, {Py_bf_getbuffer, get_buffer}, {0, NULL},
};
static PyType_Spec spec = {"swiftamqp.Delivery", sizeof(Delivery), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_delivery(PyObject *module) { return add_type(module, &spec, &delivery_type); }
