/* A message that was delivered. */
#include "jobs.h"

typedef struct {
    PyObject_HEAD
    /* NULL once it was answered for: what it was is in the objects below then. */
    samqp_delivery *handle;
    PyObject *body;
    PyObject *properties;
    /* (exchange, routing key, consumer tag, delivery tag, retry count, redelivered), once there is no handle. */
    PyObject *kept;
    /* Where the handle is lent by a thread that waits for an answer. */
    desk *desk;
    job *job;
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

PyObject *delivery_lend(samqp_delivery *handle, desk *d, job *j) {
    Delivery *self = (Delivery *)allocate(delivery_type);
    if (self == NULL) {
        job_answer(d, j, SAMQP_SETTLE_REQUEUE);
        return NULL;
    }
    self->handle = handle;
    self->desk = d;
    self->job = j;
    return (PyObject *)self;
}

static void delivery_dealloc(PyObject *object) {
    Delivery *self = (Delivery *)object;
    if (self->job == NULL) {
        samqp_delivery_free(self->handle);
    } else {
        // Nobody has answered: a loop, or a thread, that has ended.
        job_answer(self->desk, self->job, SAMQP_SETTLE_REQUEUE);
    }
    Py_XDECREF(self->body);
    Py_XDECREF(self->properties);
    Py_XDECREF(self->kept);
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

/* memoryview(delivery) shows the bytes where they are, and keeps the delivery while it does. Of one that is lent it shows the
 * copy, which outlives the loan. */
static int get_buffer(PyObject *object, Py_buffer *view, int flags) {
    Delivery *self = (Delivery *)object;
    if (self->job != NULL || self->handle == NULL) {
        PyObject *body = get_body(object, NULL);
        int result = body == NULL ? -1 : PyObject_GetBuffer(body, view, flags);
        Py_XDECREF(body);
        return result;
    }
    size_t length;
    const void *bytes = samqp_delivery_body(HANDLE(object), &length);
    return PyBuffer_FillInfo(view, object, (void *)(uintptr_t)bytes, (Py_ssize_t)length, 1, flags);
}

static Py_ssize_t get_length(PyObject *object) {
    if (HANDLE(object) == NULL) {
        PyObject *body = ((Delivery *)object)->body;
        return body == NULL ? 0 : PyBytes_Size(body);
    }
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
        // Without a handle they were looked at before it went, and could not be read.
        samqp_status status =
            self->handle == NULL ? SAMQP_ERR_PROTOCOL : samqp_delivery_properties(self->handle, &raw);
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

/* Of one that was answered for; NULL without an exception of any other. */
static PyObject *get_kept(PyObject *object, int index) {
    PyObject *kept = ((Delivery *)object)->kept;
    if (kept == NULL) return NULL;
    PyObject *value = PyTuple_GetItem(kept, index);
    Py_INCREF(value);
    return value;
}

static PyObject *get_text(PyObject *object, void *index) {
    PyObject *kept = get_kept(object, (int)(intptr_t)index);
    if (kept != NULL) return kept;
    static const text_of functions[] = {
        samqp_delivery_exchange, samqp_delivery_routing_key, samqp_delivery_consumer_tag};
    const char *text = functions[(intptr_t)index](HANDLE(object));
    return text_or_replace(text == NULL ? "" : text);
}

static PyObject *get_number(PyObject *object, void *which) {
    PyObject *kept = get_kept(object, which == NULL ? 3 : 4);
    if (kept != NULL) return kept;
    return PyLong_FromUnsignedLongLong(
        which == NULL ? samqp_delivery_tag(HANDLE(object)) : samqp_delivery_retry_count(HANDLE(object)));
}

static PyObject *get_truth(PyObject *object, void *index) {
    PyObject *kept = index == NULL ? get_kept(object, 5) : NULL;
    if (kept != NULL) return kept;
    static int32_t (*const functions[])(const samqp_delivery *) = {
        samqp_delivery_redelivered, samqp_delivery_is_stale, samqp_delivery_is_cancelled};
    return PyBool_FromLong(functions[(intptr_t)index](HANDLE(object)));
}

/* ---------------------------------------------------------------- Settling */

static PyObject *settled(PyObject *object, samqp_status status) {
    return none_or_raise(HANDLE(object) == NULL ? SAMQP_ERR_ALREADY_SETTLED : status, NULL);
}

static PyObject *ack(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    uint32_t flags = 0;
    if (count != 0 || names != NULL) {
        SIGNATURE("ack", 0, 0, 1, "multiple");
        PyObject *values[1];
        if (!take_arguments(&sig, args, count, names, values) || !take_flag(values[0], SAMQP_MULTIPLE, &flags)) return NULL;
    }
    return settled(object, samqp_delivery_ack(HANDLE(object), flags));
}

static PyObject *nack(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("nack", 0, 0, 2, "requeue", "multiple");
    PyObject *values[2];
    if (!take_arguments(&sig, args, count, names, values)) return NULL;
    uint32_t flags = values[0] == NULL ? SAMQP_REQUEUE : 0;
    if (!take_flag(values[0], SAMQP_REQUEUE, &flags) || !take_flag(values[1], SAMQP_MULTIPLE, &flags)) return NULL;
    return settled(object, samqp_delivery_nack(HANDLE(object), flags));
}

static PyObject *reject(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("reject", 0, 0, 1, "requeue");
    PyObject *values[1];
    uint32_t flags = 0;
    if (!take_arguments(&sig, args, count, names, values) || !take_flag(values[0], SAMQP_REQUEUE, &flags)) return NULL;
    return settled(object, samqp_delivery_nack(HANDLE(object), flags));
}

static PyObject *process(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("process", 1, 0, 1, "requeue");
    PyObject *values[1];
    if (!take_arguments(&sig, args, count, names, values)) return NULL;
    return PyObject_CallFunctionObjArgs(hook_process, object, values[0], NULL);
}

/* Before the handle goes: whoever has the object may still look at it. */
static void keep(Delivery *self) {
    PyObject *object = (PyObject *)self;
    self->kept = Py_BuildValue(
        "NNNNNN", get_text(object, (void *)0), get_text(object, (void *)1), get_text(object, (void *)2),
        get_number(object, NULL), get_number(object, (void *)1), get_truth(object, (void *)0));
    Py_XDECREF(get_body(object, NULL));
    // Properties that cannot be read are asked for again, and say so again.
    Py_XDECREF(get_properties(object, NULL));
    PyErr_Clear();
    self->handle = NULL;
}

static PyObject *answer(PyObject *object, PyObject *number) {
    Delivery *self = (Delivery *)object;
    long code = PyLong_AsLong(number);
    if (code == -1 && PyErr_Occurred()) return NULL;
    if (self->job == NULL) Py_RETURN_NONE;
    if (code != SAMQP_SETTLE_LEFT) keep(self);
    job *j = self->job;
    self->job = NULL;
    job_answer(self->desk, j, (int32_t)code);
    Py_RETURN_NONE;
}

static PyObject *delivery_repr(PyObject *object) {
    PyObject *tag = get_number(object, NULL), *exchange = get_text(object, (void *)0);
    PyObject *key = get_text(object, (void *)1), *redelivered = get_truth(object, (void *)0), *text = NULL;
    if (tag != NULL && exchange != NULL && key != NULL && redelivered != NULL) {
        text = PyUnicode_FromFormat(
            "<Delivery %S from %R %R, %zd bytes%s>", tag, exchange, key, get_length(object),
            redelivered == Py_True ? ", redelivered" : "");
    }
    Py_XDECREF(tag);
    Py_XDECREF(exchange);
    Py_XDECREF(key);
    Py_XDECREF(redelivered);
    return text;
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
    {"_answer", answer, METH_O, "_answer(settlement)\n\nOf a consumer with a handler: what it says."},
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
