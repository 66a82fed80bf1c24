/* Consumers: for threads, which poll or iterate; for event queues, into which their deliveries go; and with a handler. */
#include "jobs.h"

#include <stdlib.h>

/* What an iteration takes at a time. */
#define BATCH 256

typedef struct {
    PyObject_HEAD
    samqp_consumer *handle;
    /* What an iteration has taken and not given out. */
    samqp_delivery **buffer;
    size_t head, count, capacity;
    /* The thread that iterates; as soon as there is another one, nothing is taken ahead any more. */
    unsigned long thread;
    bool is_shared;
    int taking_ahead;
} Consumer;

PyTypeObject *consumer_type;

#define HANDLE(object) (((Consumer *)(object))->handle)

static PyObject *consumer_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"client", "queue", "options", "events", "user", "timeout", "jobs", NULL};
    PyObject *client, *options, *events = NULL, *limit = NULL, *jobs = NULL;
    const char *queue;
    Py_ssize_t number = 0;
    void *user;
    bool is_handled;
    samqp_client *client_handle;
    samqp_options *options_handle;
    samqp_events *events_handle;
    int64_t timeout;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "OsO|OnOO:Consumer", names, &client, &queue, &options, &events, &number, &limit, &jobs) ||
        !take_client(client, &client_handle) || !take_options(options, &options_handle) ||
        !take_events(events, &events_handle) || !take_timeout(limit, &timeout)) {
        return NULL;
    }
    user = (void *)number;
    if (!take_jobs(jobs, &user, &is_handled)) return NULL;
    samqp_consumer *handle;
    samqp_error *error;
    samqp_status status;
    if (is_handled) {
        // Does not wait.
        status = samqp_consume_handler(
            &handle, client_handle, queue, options_handle, jobs_handle, events_handle, user, &error);
    } else {
        UNLOCKED(
            status = samqp_consume(
                &handle, client_handle, queue, options_handle, events_handle, user, timeout, &error));
    }
    if (status != SAMQP_OK) return raise_error(status, error);
    Consumer *self = (Consumer *)allocate(type);
    if (self == NULL) {
        samqp_consumer_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void drop_buffer(Consumer *self, bool give_back) {
    while (self->head < self->count) {
        samqp_delivery *delivery = self->buffer[self->head++];
        // One whose channel is gone went back already.
        if (give_back) samqp_delivery_nack(delivery, SAMQP_REQUEUE);
        samqp_delivery_free(delivery);
    }
}

static void consumer_dealloc(PyObject *object) {
    Consumer *self = (Consumer *)object;
    // First: what is not settled goes back to the queue with it.
    samqp_consumer_free(self->handle);
    drop_buffer(self, false);
    free(self->buffer);
    free_object(object);
}

/* ---------------------------------------------------------------- Taking */

/* Gives how many, or -1 with an exception; what is raised for SAMQP_ERR_CLOSED is left to the caller. */
static int64_t take(
    Consumer *self, int64_t deadline, samqp_delivery **out, size_t maximum, int64_t longest, samqp_error **error) {
    while (true) {
        int64_t count, wait = next_wait(deadline);
        if (longest >= 0 && (wait < 0 || wait > longest)) wait = longest;
        UNLOCKED(count = samqp_consumer_poll_batch(self->handle, wait, out, maximum, error));
        if (count != 0) return count;
        if (PyErr_CheckSignals() < 0) return 0;
        if (longest >= 0 || wait < 0 || (deadline >= 0 && now_ms() >= deadline)) return 0;
    }
}

static bool keep(Consumer *self, samqp_delivery **deliveries, size_t count) {
    if (self->head == self->count) self->head = self->count = 0;
    if (self->count + count > self->capacity) {
        size_t capacity = self->count + count > BATCH ? self->count + count : BATCH;
        samqp_delivery **buffer = realloc(self->buffer, capacity * sizeof *buffer);
        if (buffer == NULL) {
            for (size_t i = 0; i < count; i++) {
                samqp_delivery_nack(deliveries[i], SAMQP_REQUEUE);
                samqp_delivery_free(deliveries[i]);
            }
            PyErr_NoMemory();
            return false;
        }
        self->buffer = buffer;
        self->capacity = capacity;
    }
    for (size_t i = 0; i < count; i++) self->buffer[self->count++] = deliveries[i];
    return true;
}

/*
 * The next delivery; NULL without an exception if the time has run out, or the consumer was ended by this program
 * (*is_ended).
 */
static samqp_delivery *next_delivery(Consumer *self, int64_t deadline, bool *is_ended) {
    *is_ended = false;
    unsigned long me = PyThread_get_thread_ident();
    if (self->thread == 0) self->thread = me;
    if (self->thread != me) self->is_shared = true;
    while (self->head == self->count) {
        samqp_delivery *taken[BATCH];
        samqp_error *error = NULL;
        size_t maximum = self->is_shared ? 1 : BATCH;
        // Another thread may be about to take more than it needs: what it leaves in the buffer wakes nobody.
        int64_t longest = self->is_shared && self->taking_ahead > 0 ? 10 : -1;
        if (maximum > 1) self->taking_ahead++;
        int64_t count = take(self, deadline, taken, maximum, longest, &error);
        if (maximum > 1) self->taking_ahead--;
        if (PyErr_Occurred()) return NULL;
        if (count > 0 && !keep(self, taken, (size_t)count)) return NULL;
        if (count < 0) {
            *is_ended = count == SAMQP_ERR_CLOSED;
            if (*is_ended) {
                samqp_error_free(error);
            } else {
                raise_error((samqp_status)count, error);
            }
            return NULL;
        }
        if (count == 0 && self->head == self->count && deadline >= 0 && now_ms() >= deadline) return NULL;
    }
    return self->buffer[self->head++];
}

static PyObject *consumer_next(PyObject *object) {
    bool is_ended;
    samqp_delivery *delivery = next_delivery((Consumer *)object, -1, &is_ended);
    // Without an exception it is the end of the iteration.
    return delivery == NULL ? NULL : delivery_make(delivery);
}

static PyObject *consumer_iter(PyObject *object) {
    Py_INCREF(object);
    return object;
}

static PyObject *get(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("get", 0, 1, 1, "timeout");
    PyObject *values[1];
    int64_t timeout;
    if (!take_arguments(&sig, args, count, names, values) || !take_timeout(values[0], &timeout)) return NULL;
    bool is_ended;
    samqp_delivery *delivery = next_delivery((Consumer *)object, deadline_after(timeout), &is_ended);
    if (delivery != NULL) return delivery_make(delivery);
    if (PyErr_Occurred()) return NULL;
    if (is_ended) return raise_status(SAMQP_ERR_CLOSED, "the consumer was ended by this program");
    Py_RETURN_NONE;
}

static PyObject *get_batch(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("get_batch", 0, 2, 2, "max", "timeout");
    PyObject *values[2];
    int64_t timeout;
    if (!take_arguments(&sig, args, count, names, values) || !take_timeout(values[1], &timeout)) return NULL;
    long maximum = values[0] == NULL ? BATCH : PyLong_AsLong(values[0]);
    if (maximum == -1 && PyErr_Occurred()) return NULL;
    if (maximum < 1) {
        PyErr_SetString(PyExc_ValueError, "max is 1 or more");
        return NULL;
    }
    Consumer *self = (Consumer *)object;
    samqp_delivery *taken[BATCH];
    size_t most = maximum > BATCH ? BATCH : (size_t)maximum;
    bool is_ended;
    samqp_delivery *first = next_delivery(self, deadline_after(timeout), &is_ended);
    if (first == NULL) {
        if (PyErr_Occurred()) return NULL;
        if (is_ended) return raise_status(SAMQP_ERR_CLOSED, "the consumer was ended by this program");
        return PyList_New(0);
    }
    size_t number = 0;
    taken[number++] = first;
    while (number < most && self->head < self->count) taken[number++] = self->buffer[self->head++];
    PyObject *list = PyList_New(0);
    for (size_t i = 0; i < number; i++) {
        PyObject *delivery = delivery_make(taken[i]);
        if (list != NULL && (delivery == NULL || PyList_Append(list, delivery) < 0)) Py_CLEAR(list);
        Py_XDECREF(delivery);
    }
    return list;
}

/* True if everything was settled in time. */
static PyObject *cancel(PyObject *object, PyObject *timeout) {
    int64_t milliseconds;
    if (!take_timeout(timeout, &milliseconds)) return NULL;
    Consumer *self = (Consumer *)object;
    // Nobody will settle these; without a time to wait everything goes back together.
    if (milliseconds != 0) drop_buffer(self, true);
    ASK(samqp_consumer_cancel(self->handle, milliseconds, &error));
    drop_buffer(self, false);
    if (status == SAMQP_OK || status == SAMQP_ERR_TIMEOUT) {
        samqp_error_free(error);
        return PyBool_FromLong(status == SAMQP_OK);
    }
    return raise_error(status, error);
}

static PyObject *tag(PyObject *object, void *unused) {
    (void)unused;
    const char *text = samqp_consumer_tag(HANDLE(object));
    return text_or_replace(text == NULL ? "" : text);
}

static PyMethodDef methods[] = {
    {"get", FAST(get), FASTCALL, "get(timeout=None)\n\nThe next delivery; None if there is none in time."},
    {"get_batch", FAST(get_batch), FASTCALL,
     "get_batch(max=256, timeout=None)\n\nUp to max deliveries, at most 256; waits for the first of them only."},
    {"_cancel", cancel, METH_O, "_cancel(timeout)"},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef getters[] = {
    {"tag", tag, NULL, "Its name at the broker, the same on every connection", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot slots[] = {
    {Py_tp_new, consumer_new}, {Py_tp_dealloc, consumer_dealloc}, {Py_tp_methods, methods}, {Py_tp_getset, getters},
    {Py_tp_iter, consumer_iter}, {Py_tp_iternext, consumer_next}, {0, NULL},
};
static PyType_Spec spec = {
    "swiftamqp._core.Consumer", sizeof(Consumer), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

bool add_consumer(PyObject *module) { return add_type(module, &spec, &consumer_type); }
