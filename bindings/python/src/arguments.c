/* From Python's arguments to C's. */
#include "core.h"

#include <math.h>
#include <time.h>

static bool place_keyword(signature *s, PyObject *name, PyObject *value, PyObject **values) {
    for (int i = 0; i < s->count; i++) {
        if (s->keys[i] != name) {
            // Names of a call are interned almost always; compare where they are not the same object.
            if (PyUnicode_CompareWithASCIIString(name, s->names[i]) != 0) continue;
        }
        if (values[i] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%s'", s->function, s->names[i]);
            return false;
        }
        values[i] = value;
        return true;
    }
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", s->function, name);
    return false;
}

bool take_arguments(signature *s, PyObject *const *args, Py_ssize_t count, PyObject *names, PyObject **values) {
    if (count > s->positional) {
        PyErr_Format(
            PyExc_TypeError, "%s() takes at most %d positional arguments, %zd were given", s->function, s->positional,
            count);
        return false;
    }
    for (Py_ssize_t i = 0; i < s->count; i++) values[i] = i < count ? args[i] : NULL;
    if (names != NULL) {
        if (s->keys[0] == NULL) {
            for (int i = 0; i < s->count; i++) s->keys[i] = PyUnicode_InternFromString(s->names[i]);
        }
        Py_ssize_t named = PyTuple_Size(names);
        for (Py_ssize_t i = 0; i < named; i++) {
            if (!place_keyword(s, PyTuple_GetItem(names, i), args[count + i], values)) return false;
        }
    }
    for (int i = 0; i < s->required; i++) {
        if (values[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() misses the argument '%s'", s->function, s->names[i]);
            return false;
        }
    }
    return true;
}

bool take_timeout(PyObject *value, int64_t *milliseconds) {
    *milliseconds = -1;
    if (value == NULL || value == Py_None) return true;
    double seconds;
    if (PyFloat_Check(value) || PyLong_Check(value)) {
        seconds = PyFloat_AsDouble(value);
    } else {
        PyObject *total = PyObject_CallMethod(value, "total_seconds", NULL);
        if (total == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return false;
            PyErr_Clear();
            PyErr_SetString(PyExc_TypeError, "a timeout is a number of seconds, a timedelta, or None");
            return false;
        }
        seconds = PyFloat_AsDouble(total);
        Py_DECREF(total);
    }
    if (seconds == -1 && PyErr_Occurred()) return false;
    if (isnan(seconds) || seconds < 0) {
        PyErr_SetString(PyExc_ValueError, "a timeout is 0 or more seconds; None has no limit of its own");
        return false;
    }
    // 300 years are no limit.
    if (seconds < 1e10) *milliseconds = (int64_t)ceil(seconds * 1000);
    return true;
}

bool take_text(PyObject *value, const char *what, const char **text) {
    *text = NULL;
    if (value == NULL || value == Py_None) return true;
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s is a str, not %R", what, (PyObject *)Py_TYPE(value));
        return false;
    }
    Py_ssize_t length;
    *text = PyUnicode_AsUTF8AndSize(value, &length);
    if (*text == NULL) return false;
    if (strlen(*text) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "%s has a zero character", what);
        return false;
    }
    return true;
}

bool take_name(PyObject *value, const char *what, const char **text) {
    if (!take_text(value, what, text)) return false;
    if (*text != NULL) return true;
    PyErr_Format(PyExc_TypeError, "%s is a str, not None", what);
    return false;
}

bool take_flag(PyObject *value, uint32_t flag, uint32_t *flags) {
    if (value == NULL) return true;
    int truth = PyObject_IsTrue(value);
    if (truth < 0) return false;
    if (truth) *flags |= flag;
    return true;
}

bool take_body(PyObject *value, Py_buffer *view, bool *release) {
    *release = false;
    if (PyBytes_Check(value)) {
        char *bytes;
        if (PyBytes_AsStringAndSize(value, &bytes, &view->len) < 0) return false;
        view->buf = bytes;
        return true;
    }
    if (PyUnicode_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "a body is bytes, or has the buffer protocol; encode the str first");
        return false;
    }
    if (PyObject_GetBuffer(value, view, PyBUF_SIMPLE) < 0) return false;
    *release = true;
    return true;
}

int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t next_wait(int64_t deadline) {
    int64_t left = deadline < 0 ? -1 : deadline - now_ms();
    if (deadline >= 0 && left < 0) left = 0;
    // Only the main thread runs signal handlers; the others need not look.
    if (PyThread_get_thread_ident() != main_thread) return left;
    return left < 0 || left > SIGNAL_INTERVAL_MS ? SIGNAL_INTERVAL_MS : left;
}

#define TAKE_HANDLE(name, Type, what) \
    bool take_##name(PyObject *value, samqp_##name **handle) { \
        *handle = NULL; \
        if (value == NULL || value == Py_None) return true; \
        if (!PyObject_TypeCheck(value, name##_type)) { \
            PyErr_SetString(PyExc_TypeError, what); \
            return false; \
        } \
        *handle = ((Type *)value)->handle; \
        return true; \
    }
TAKE_HANDLE(options, Options, "options are what make_options() gives")
TAKE_HANDLE(events, Events, "events are an Events")
TAKE_HANDLE(client, Client, "a client is a Client")
TAKE_HANDLE(topology, Topology, "a topology is a Topology")
