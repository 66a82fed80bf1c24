/* The properties of a message. They do not change, so that what C needs of them is made once, however often they are used. */
#include "core.h"

#include <stddef.h>

#define FIELD(name) offsetof(samqp_properties, name)
static const struct {
    const char *name;
    size_t offset;
} texts[10] = {
    {"content_type", FIELD(content_type)}, {"content_encoding", FIELD(content_encoding)},
    {"correlation_id", FIELD(correlation_id)}, {"reply_to", FIELD(reply_to)}, {"expiration", FIELD(expiration)},
    {"message_id", FIELD(message_id)}, {"type", FIELD(type)}, {"user_id", FIELD(user_id)}, {"app_id", FIELD(app_id)},
    {"cluster_id", FIELD(cluster_id)},
};
#define TEXT_AT(raw, i) (*(const char **)((char *)(raw) + texts[i].offset))

PyTypeObject *properties_type;

static bool take_expiration(PyObject **value) {
    if (*value == NULL || PyUnicode_Check(*value)) return true;
    if (!PyObject_HasAttrString(*value, "total_seconds")) {
        PyErr_SetString(PyExc_TypeError, "expiration is a timedelta, or a str of milliseconds");
        return false;
    }
    int64_t milliseconds;
    if (!take_timeout(*value, &milliseconds)) return false;
    PyObject *text = PyUnicode_FromFormat("%lld", (long long)milliseconds);
    if (text == NULL) return false;
    Py_DECREF(*value);
    *value = text;
    return true;
}

static bool take_octet(PyObject *value, const char *what, long least, long most, uint8_t *out) {
    long number = PyLong_AsLong(value);
    if (number == -1 && PyErr_Occurred()) return false;
    if (number < least || number > most) {
        PyErr_Format(PyExc_ValueError, "%s is %ld to %ld", what, least, most);
        return false;
    }
    *out = (uint8_t)number;
    return true;
}

static bool fill(Properties *self, PyObject **values) {
    for (int i = 0; i < 10; i++) {
        if (values[i] == NULL || values[i] == Py_None) continue;
        Py_INCREF(values[i]);
        self->text[i] = values[i];
        if (texts[i].offset == FIELD(expiration) && !take_expiration(&self->text[i])) return false;
        if (!take_text(self->text[i], texts[i].name, &TEXT_AT(&self->raw, i))) return false;
    }
    PyObject *headers = values[10], *timestamp = values[11], *priority = values[12], *mode = values[13];
    if (headers != NULL && headers != Py_None) {
        self->table = table_from_mapping(headers);
        if (self->table == NULL) return false;
        self->raw.headers = self->table;
        Py_INCREF(headers);
        self->headers = headers;
    }
    if (timestamp != NULL && timestamp != Py_None) {
        PyObject *seconds = PyObject_CallFunctionObjArgs(hook_timestamp, timestamp, NULL);
        if (seconds == NULL) return false;
        self->raw.timestamp = PyLong_AsUnsignedLongLong(seconds);
        self->raw.has_timestamp = 1;
        Py_DECREF(seconds);
        if (PyErr_Occurred()) return false;
    }
    if (priority != NULL && priority != Py_None) {
        if (!take_octet(priority, "priority", 0, 255, &self->raw.priority)) return false;
        self->raw.has_priority = 1;
    }
    return mode == NULL || mode == Py_None || take_octet(mode, "delivery_mode", 1, 2, &self->raw.delivery_mode);
}

static PyObject *properties_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"content_type", "content_encoding", "correlation_id", "reply_to", "expiration", "message_id",
        "type", "user_id", "app_id", "cluster_id", "headers", "timestamp", "priority", "delivery_mode", NULL};
    PyObject *values[14] = {0};
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "|$OOOOOOOOOOOOOO:Properties", names, &values[0], &values[1], &values[2], &values[3], &values[4],
            &values[5], &values[6], &values[7], &values[8], &values[9], &values[10], &values[11], &values[12],
            &values[13])) {
        return NULL;
    }
    Properties *self = (Properties *)allocate(type);
    if (self == NULL) return NULL;
    self->raw.struct_size = sizeof(samqp_properties);
    self->is_raw_ready = true;
    if (fill(self, values)) return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

/* Of a delivery: the table is copied only if these are published again. */
PyObject *properties_from_raw(const samqp_properties *raw) {
    Properties *self = (Properties *)allocate(properties_type);
    if (self == NULL) return NULL;
    self->raw = *raw;
    self->raw.headers = NULL;
    for (int i = 0; i < 10; i++) {
        const char *text = TEXT_AT(raw, i);
        TEXT_AT(&self->raw, i) = NULL;
        if (text == NULL) continue;
        self->text[i] = text_or_replace(text);
        if (self->text[i] == NULL) goto failed;
    }
    if (raw->headers != NULL) {
        self->headers = dict_from_table(raw->headers);
        if (self->headers == NULL) goto failed;
        self->table = samqp_table_copy(raw->headers);
    }
    return (PyObject *)self;
failed:
    Py_DECREF(self);
    return NULL;
}

bool take_properties(PyObject *value, const samqp_properties **raw) {
    *raw = NULL;
    if (value == NULL || value == Py_None) return true;
    if (!PyObject_TypeCheck(value, properties_type)) {
        PyErr_SetString(PyExc_TypeError, "properties are a swiftamqp.Properties, or None");
        return false;
    }
    Properties *self = (Properties *)value;
    if (!self->is_raw_ready) {
        for (int i = 0; i < 10; i++) {
            if (!take_text(self->text[i], texts[i].name, &TEXT_AT(&self->raw, i))) return false;
        }
        self->raw.headers = self->table;
        self->raw.struct_size = sizeof(samqp_properties);
        self->is_raw_ready = true;
    }
    *raw = &self->raw;
    return true;
}

static void properties_dealloc(PyObject *object) {
    Properties *self = (Properties *)object;
    for (int i = 0; i < 10; i++) Py_XDECREF(self->text[i]);
    Py_XDECREF(self->headers);
    Py_XDECREF(self->timestamp);
    samqp_table_free(self->table);
    free_object(object);
}

static PyObject *or_none(PyObject *value) {
    if (value == NULL) Py_RETURN_NONE;
    Py_INCREF(value);
    return value;
}

static PyObject *get_text(PyObject *self, void *index) { return or_none(((Properties *)self)->text[(intptr_t)index]); }

static PyObject *get_headers(PyObject *self, void *unused) {
    (void)unused;
    return or_none(((Properties *)self)->headers);
}

static PyObject *get_timestamp(PyObject *object, void *unused) {
    (void)unused;
    Properties *self = (Properties *)object;
    if (!self->raw.has_timestamp) Py_RETURN_NONE;
    if (self->timestamp == NULL) {
        self->timestamp = PyObject_CallFunction(
            hook_value, "iKi", (int)SAMQP_KIND_TIMESTAMP, (unsigned long long)self->raw.timestamp, 0);
        if (self->timestamp == NULL) return NULL;
    }
    return or_none(self->timestamp);
}

static PyObject *get_priority(PyObject *object, void *unused) {
    (void)unused;
    Properties *self = (Properties *)object;
    if (!self->raw.has_priority) Py_RETURN_NONE;
    return PyLong_FromLong(self->raw.priority);
}

static PyObject *get_mode(PyObject *object, void *unused) {
    (void)unused;
    Properties *self = (Properties *)object;
    if (self->raw.delivery_mode == 0) Py_RETURN_NONE;
    return PyLong_FromLong(self->raw.delivery_mode);
}

static PyGetSetDef getters[] = {
    {"content_type", get_text, NULL, "MIME type of the body", (void *)0},
    {"content_encoding", get_text, NULL, "How the body is encoded, for example gzip", (void *)1},
    {"correlation_id", get_text, NULL, "What an answer belongs to", (void *)2},
    {"reply_to", get_text, NULL, "The queue for answers", (void *)3},
    {"expiration", get_text, NULL, "The time to live in a queue: milliseconds, as a decimal number", (void *)4},
    {"message_id", get_text, NULL, "Names the message; the library gives one to messages that have none", (void *)5},
    {"type", get_text, NULL, "What kind of message it is, for programs", (void *)6},
    {"user_id", get_text, NULL, "Has to be the connection's user", (void *)7},
    {"app_id", get_text, NULL, "What program has sent it", (void *)8},
    {"cluster_id", get_text, NULL, "Not used by RabbitMQ", (void *)9},
    {"headers", get_headers, NULL, "A dict; do not change it", NULL},
    {"timestamp", get_timestamp, NULL, "A datetime in UTC; an int of seconds where datetime has no such year", NULL},
    {"priority", get_priority, NULL, "0 to 255", NULL},
    {"delivery_mode", get_mode, NULL, "PERSISTENT or TRANSIENT; None publishes persistent", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Name and value of what is there. */
static PyObject *to_dict(PyObject *self, PyObject *unused) {
    (void)unused;
    PyObject *dict = PyDict_New();
    for (PyGetSetDef *getter = getters; dict != NULL && getter->name != NULL; getter++) {
        PyObject *value = getter->get(self, getter->closure);
        if (value == NULL || (value != Py_None && PyDict_SetItemString(dict, getter->name, value) < 0)) Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *properties_repr(PyObject *self) {
    PyObject *dict = to_dict(self, NULL);
    if (dict == NULL) return NULL;
    PyObject *text = PyUnicode_FromFormat("Properties(**%R)", dict);
    Py_DECREF(dict);
    return text;
}

static PyObject *properties_compare(PyObject *self, PyObject *other, int operation) {
    if (!PyObject_TypeCheck(other, properties_type) || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
    PyObject *mine = to_dict(self, NULL), *theirs = to_dict(other, NULL), *result = NULL;
    if (mine != NULL && theirs != NULL) result = PyObject_RichCompare(mine, theirs, operation);
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return result;
}

static PyMethodDef methods[] = {
    {"to_dict", to_dict, METH_NOARGS, "The properties that are there, by name."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "The properties of a message. They do not change."},
    {Py_tp_new, properties_new}, {Py_tp_dealloc, properties_dealloc}, {Py_tp_getset, getters},
    {Py_tp_methods, methods}, {Py_tp_repr, properties_repr}, {Py_tp_richcompare, properties_compare},
    {Py_tp_hash, PyObject_HashNotImplemented}, {0, NULL},
};
static PyType_Spec spec = {"swiftamqp.Properties", sizeof(Properties), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_properties(PyObject *module) { return add_type(module, &spec, &properties_type); }
