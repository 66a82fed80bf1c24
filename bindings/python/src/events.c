/* The event queue: what asyncio watches, and what a thread waits for. */
#include "core.h"

#define BATCH 256

PyTypeObject *events_type;

samqp_events *make_events(size_t high_water) {
    samqp_events *handle = samqp_events_new(high_water);
    if (handle != NULL) return handle;
    // The status of a call of this library tells a child of fork(2) from a lack of descriptors.
    samqp_status status = samqp_events_fd(NULL);
    if (status == SAMQP_ERR_FORKED) {
        raise_error(status, NULL);
    } else {
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return NULL;
}

static PyObject *events_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"high_water", NULL};
    Py_ssize_t high_water = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|n:Events", names, &high_water)) return NULL;
    if (high_water < 0) {
        PyErr_SetString(PyExc_ValueError, "high_water is 0 or more");
        return NULL;
    }
    samqp_events *handle = make_events((size_t)high_water);
    if (handle == NULL) return NULL;
    Events *self = (Events *)allocate(type);
    if (self == NULL) {
        samqp_events_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void events_dealloc(PyObject *object) {
    samqp_events_free(((Events *)object)->handle);
    free_object(object);
}

static PyObject *error_or_none(samqp_status status, const samqp_event *event) {
    const samqp_error *error = samqp_event_error(event);
    if (error != NULL) return make_exception(samqp_error_code(error), error);
    if (status != SAMQP_OK) return make_exception(status, NULL);
    Py_RETURN_NONE;
}

/* A tuple that steals its members; NULL if one of them is. */
static PyObject *pack(int count, PyObject **members) {
    PyObject *tuple = PyTuple_New(count);
    bool is_whole = tuple != NULL;
    for (int i = 0; i < count; i++) {
        if (members[i] == NULL) is_whole = false;
        if (tuple == NULL) {
            Py_XDECREF(members[i]);
        } else {
            PyTuple_SetItem(tuple, i, members[i]);
        }
    }
    if (!is_whole) Py_CLEAR(tuple);
    return tuple;
}

/*
 * (CONFIRM, user, tag, exception or None), (DELIVERY, user, delivery), or of every other type
 * (type, user, int, text, exception or None).
 */
static PyObject *tuple_of(samqp_event *event) {
    samqp_event_type type = samqp_event_get_type(event);
    PyObject *kind = PyLong_FromLong(type);
    PyObject *user = PyLong_FromSize_t((size_t)(uintptr_t)samqp_event_user(event));
    if (type == SAMQP_EVENT_CONFIRM) {
        PyObject *tag = PyLong_FromUnsignedLongLong(samqp_event_tag(event));
        return pack(4, (PyObject *[]){kind, user, tag, error_or_none(samqp_event_status(event), event)});
    }
    if (type == SAMQP_EVENT_DELIVERY) {
        return pack(3, (PyObject *[]){kind, user, delivery_make(samqp_event_take_delivery(event))});
    }
    return pack(
        5, (PyObject *[]){
               kind, user, PyLong_FromLong(samqp_event_int(event)), text_or_replace(samqp_event_text(event)),
               error_or_none(SAMQP_OK, event)});
}

/* Waits for an event, in pieces where signals have to be looked for. Gives -1 with an exception. */
static int64_t take(samqp_events *events, int64_t timeout, samqp_event **out, size_t maximum) {
    if (timeout == 0) {
        int64_t count = samqp_events_poll_batch(events, 0, out, maximum);
        if (count < 0) raise_error((samqp_status)count, NULL);
        return count < 0 ? -1 : count;
    }
    int64_t deadline = deadline_after(timeout);
    while (true) {
        int64_t count, wait = next_wait(deadline), began = now_ms();
        UNLOCKED(count = samqp_events_poll_batch(events, wait, out, maximum));
        if (count > 0) return count;
        if (count < 0) {
            raise_error((samqp_status)count, NULL);
            return -1;
        }
        if (PyErr_CheckSignals() < 0) return -1;
        // Sooner than it was to wait: somebody has called wakeup().
        if (wait < 0 || now_ms() - began < wait) return 0;
        if (deadline >= 0 && now_ms() >= deadline) return 0;
    }
}

static PyObject *poll(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("poll", 0, 1, 1, "timeout");
    PyObject *values[1];
    int64_t timeout;
    if (!take_arguments(&sig, args, count, names, values) || !take_timeout(values[0], &timeout)) return NULL;
    samqp_event *events[BATCH];
    int64_t taken = take(((Events *)object)->handle, timeout, events, BATCH);
    if (taken < 0) return NULL;
    PyObject *list = PyList_New((Py_ssize_t)taken);
    for (int64_t i = 0; i < taken; i++) {
        PyObject *tuple = list == NULL ? NULL : tuple_of(events[i]);
        // What is left is still freed: a delivery among it goes back to its queue.
        samqp_event_free(events[i]);
        if (tuple == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, (Py_ssize_t)i, tuple);
        }
    }
    return list;
}

static PyObject *fileno_of(PyObject *object, PyObject *unused) {
    (void)unused;
    int32_t descriptor = samqp_events_fd(((Events *)object)->handle);
    return descriptor < 0 ? raise_error(descriptor, NULL) : PyLong_FromLong(descriptor);
}

static PyObject *wakeup(PyObject *object, PyObject *unused) {
    (void)unused;
    return none_or_raise(samqp_events_wakeup(((Events *)object)->handle), NULL);
}

static PyObject *count_of(PyObject *object, PyObject *unused) {
    (void)unused;
    return PyLong_FromSize_t(samqp_events_count(((Events *)object)->handle));
}

static PyMethodDef methods[] = {
    {"poll", FAST(poll), FASTCALL, "poll(timeout=None)\n\nA list of up to 256 events as tuples."},
    {"fileno", fileno_of, METH_NOARGS, "A descriptor that is readable while there are events."},
    {"wakeup", wakeup, METH_NOARGS, "Makes a poll that waits, or the next one, return nothing."},
    {"count", count_of, METH_NOARGS, "How many events there are."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, events_new}, {Py_tp_dealloc, events_dealloc}, {Py_tp_methods, methods}, {0, NULL},
};
static PyType_Spec spec = {"swiftamqp._core.Events", sizeof(Events), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_events(PyObject *module) { return add_type(module, &spec, &events_type); }
