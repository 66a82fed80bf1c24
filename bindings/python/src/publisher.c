/* Publishers: one for threads, which takes its outcomes by itself, and one whose outcomes come into an event queue. */
#include "core.h"

/* How many publishes are handed in between two looks for outcomes, and how many outcomes are taken at a time. */
#define LOOK_EVERY 128
#define BATCH 256
/* So many failures are kept one by one until flush() tells them; more are counted. */
#define FAILURES_KEPT 1000

/* A publish that the main thread waits for, on its stack. One that is not in the list any more counts as enqueued. */
typedef struct awaited {
    struct awaited *next;
    size_t number;
    bool is_over;
    /* NULL: confirmed. */
    PyObject *exception;
} awaited;

typedef struct {
    PyObject_HEAD
    samqp_publisher *handle;
    /* Its own queue; NULL where outcomes go into another. */
    samqp_events *events;
    /* Counted with the interpreter's lock held. */
    unsigned long long taken, ended, failed, told_confirmed, told_failed;
    int waiters;
    /* The last first: a signal's function may publish, too. */
    awaited *awaited;
    size_t last_number;
    /* What is in its events; 0 where it has its own queue, but for what is awaited. */
    void *user;
    /* [(tag, exception)] */
    PyObject *failures;
} Publisher;

PyTypeObject *publisher_type;

static PyObject *open_publisher(PyTypeObject *type, PyObject *client, PyObject *options, samqp_events *events, size_t user) {
    samqp_client *client_handle;
    samqp_options *options_handle;
    if (!take_client(client, &client_handle) || !take_options(options, &options_handle)) return NULL;
    samqp_publisher *handle;
    samqp_error *error;
    samqp_status status =
        samqp_publisher_open(&handle, client_handle, options_handle, events, (void *)user, &error);
    if (status != SAMQP_OK) return raise_error(status, error);
    Publisher *self = (Publisher *)allocate(type);
    if (self == NULL) {
        samqp_publisher_free(handle);
        return NULL;
    }
    self->handle = handle;
    self->user = (void *)user;
    return (PyObject *)self;
}

static PyObject *publisher_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"client", "options", NULL};
    PyObject *client, *options = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:Publisher", names, &client, &options)) return NULL;
    samqp_events *events = make_events(16777216);
    if (events == NULL) return NULL;
    Publisher *self = (Publisher *)open_publisher(type, client, options, events, 0);
    if (self == NULL) {
        samqp_events_free(events);
        return NULL;
    }
    self->events = events;
    self->failures = PyList_New(0);
    if (self->failures == NULL) Py_CLEAR(self);
    return (PyObject *)self;
}

static PyObject *event_publisher_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"client", "options", "events", "user", NULL};
    PyObject *client, *options, *events;
    Py_ssize_t user;
    samqp_events *events_handle;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOn:EventPublisher", names, &client, &options, &events, &user) ||
        !take_events(events, &events_handle)) {
        return NULL;
    }
    return open_publisher(type, client, options, events_handle, (size_t)user);
}

static void publisher_dealloc(PyObject *object) {
    Publisher *self = (Publisher *)object;
    samqp_publisher_free(self->handle);
    samqp_events_free(self->events);
    Py_XDECREF(self->failures);
    free_object(object);
}

/* ---------------------------------------------------------------- The arguments of a publish */

typedef struct {
    const char *exchange, *routing_key;
    const samqp_properties *properties;
    Py_buffer body;
    bool is_held;
    uint32_t flags;
    int64_t timeout;
} Request;

#define REQUEST_NAMES "exchange", "routing_key", "body", "properties", "mandatory", "once", "timeout"

static bool take_request(
    signature *sig, PyObject *const *args, Py_ssize_t count, PyObject *names, Request *request) {
    PyObject *values[7];
    uint32_t flags = 0;
    if (!take_arguments(sig, args, count, names, values) || !take_name(values[0], "exchange", &request->exchange) ||
        !take_name(values[1], "routing_key", &request->routing_key) ||
        !take_properties(values[3], &request->properties) || !take_timeout(values[6], &request->timeout) ||
        !take_flag(values[5], SAMQP_PUBLISH_ONCE, &flags)) {
        return false;
    }
    if (values[4] != NULL && values[4] != Py_None) {
        int truth = PyObject_IsTrue(values[4]);
        if (truth < 0) return false;
        if (!truth) flags |= SAMQP_PUBLISH_UNROUTABLE_OK;
    }
    request->flags = flags;
    // Last: what it holds has to be given back.
    return take_body(values[2], &request->body, &request->is_held);
}

static void drop_request(Request *request) {
    if (request->is_held) PyBuffer_Release(&request->body);
}

/* From this size on copying a body takes longer than giving the interpreter's lock to somebody else and back. */
#define LARGE_BODY 65536

static samqp_status hand_in(Publisher *self, Request *request, void *user, uint64_t *tag, samqp_error **error) {
    samqp_status status;
#define PUBLISH() \
    status = samqp_publish( \
        self->handle, request->exchange, request->routing_key, request->properties, request->body.buf, \
        (size_t)request->body.len, request->flags, user, tag, error)
    if (request->body.len < LARGE_BODY) {
        PUBLISH();
    } else {
        UNLOCKED(PUBLISH());
    }
#undef PUBLISH
    return status;
}

/* ---------------------------------------------------------------- Outcomes */

static bool keep_failure(Publisher *self, samqp_event *event) {
    self->failed++;
    if (PyList_Size(self->failures) >= FAILURES_KEPT) return true;
    PyObject *exception = make_exception(samqp_event_status(event), samqp_event_error(event));
    PyObject *item =
        exception == NULL ? NULL : Py_BuildValue("KN", (unsigned long long)samqp_event_tag(event), exception);
    bool is_kept = item != NULL && PyList_Append(self->failures, item) == 0;
    Py_XDECREF(item);
    return is_kept;
}

/* Whether somebody waits for just this one. */
static bool tell_awaited(Publisher *self, samqp_event *event) {
    size_t number = (size_t)samqp_event_user(event);
    awaited *a = number == 0 ? NULL : self->awaited;
    while (a != NULL && a->number != number) a = a->next;
    if (a == NULL) return false;
    a->is_over = true;
    samqp_status status = samqp_event_status(event);
    if (status != SAMQP_OK) a->exception = make_exception(status, samqp_event_error(event));
    return true;
}

static bool note(Publisher *self, samqp_event **events, int64_t count) {
    bool is_noted = true;
    for (int64_t i = 0; i < count; i++) {
        if (samqp_event_get_type(events[i]) == SAMQP_EVENT_CONFIRM && !tell_awaited(self, events[i])) {
            self->ended++;
            if (samqp_event_status(events[i]) != SAMQP_OK && !keep_failure(self, events[i])) is_noted = false;
        }
        samqp_event_free(events[i]);
    }
    // What other threads wait for may be among what this one has taken.
    for (int i = 0; i < self->waiters; i++) samqp_events_wakeup(self->events);
    return is_noted;
}

static bool look(Publisher *self) {
    samqp_event *events[BATCH];
    int64_t count = samqp_events_poll_batch(self->events, 0, events, BATCH);
    return count <= 0 || note(self, events, count);
}

/* Waits for anything to happen. False with an exception; *is_late if the time has run out. */
static bool wait_for_events(Publisher *self, int64_t deadline, bool *is_late) {
    samqp_event *events[BATCH];
    int64_t count, wait = next_wait(deadline);
    self->waiters++;
    UNLOCKED(count = samqp_events_poll_batch(self->events, wait, events, BATCH));
    self->waiters--;
    if (count < 0) return raise_error((samqp_status)count, NULL) != NULL;
    if (count > 0) return note(self, events, count);
    if (PyErr_CheckSignals() < 0) return false;
    *is_late = deadline >= 0 && now_ms() >= deadline;
    return true;
}

/* ---------------------------------------------------------------- For threads */

static PyObject *raise_late(samqp_status status, const char *message) {
    return raise_exception(PyObject_CallFunction(
        hook_exception, "iisiisO", (int)status, (int)SAMQP_ERR_TIMEOUT, message, 0, 0, "", Py_True));
}

/* Hands a message in when there is room. False if there was none in time, or with an exception. */
static bool hand_in_by(Publisher *self, Request *request, void *user, uint64_t *tag, int64_t deadline) {
    samqp_error *error;
    samqp_status status;
    bool is_late = false;
    while ((status = hand_in(self, request, user, tag, &error)) == SAMQP_ERR_WOULD_BLOCK) {
        samqp_error_free(error);
        if (is_late || !wait_for_events(self, deadline, &is_late)) return false;
    }
    return status == SAMQP_OK || raise_error(status, error) != NULL;
}

/*
 * In the main thread: waits in pieces between which signals are looked for. What is left before its outcome goes on its way, and
 * flush() tells it.
 */
static PyObject *publish_attentively(Publisher *self, Request *request) {
    int64_t deadline = deadline_after(request->timeout);
    awaited own = {.next = self->awaited, .number = ++self->last_number};
    self->awaited = &own;
    bool is_taken = hand_in_by(self, request, (void *)own.number, NULL, deadline), is_late = false;
    while (is_taken && !own.is_over && !is_late && wait_for_events(self, deadline, &is_late)) continue;
    self->awaited = own.next;
    drop_request(request);
    if (!is_taken) {
        if (!PyErr_Occurred()) raise_late(SAMQP_ERR_NOT_SENT, "there was no room for the message in time; nothing of it was sent");
        return NULL;
    }
    if (!own.is_over) {
        self->taken++;
        if (!PyErr_Occurred()) raise_late(SAMQP_ERR_UNKNOWN, "the message has no confirm in time; it may still get one");
        return NULL;
    }
    if (PyErr_Occurred()) {
        // A failure that somebody else enqueued could not be noted; this one has its outcome all the same.
        Py_XDECREF(own.exception);
        return NULL;
    }
    if (own.exception != NULL) return raise_exception(own.exception);
    Py_RETURN_NONE;
}

static PyObject *publish(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("publish", 3, 4, 7, REQUEST_NAMES);
    Publisher *self = (Publisher *)object;
    Request request;
    if (!take_request(&sig, args, count, names, &request)) return NULL;
    bool is_short = request.timeout >= 0 && request.timeout <= SIGNAL_INTERVAL_MS;
    if (!is_short && PyThread_get_thread_ident() == main_thread) return publish_attentively(self, &request);
    samqp_error *error;
    samqp_status status;
    UNLOCKED(
        status = samqp_publish_wait(
            self->handle, request.exchange, request.routing_key, request.properties, request.body.buf,
            (size_t)request.body.len, request.flags, request.timeout, &error));
    drop_request(&request);
    return none_or_raise(status, error);
}

static PyObject *enqueue(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("enqueue", 3, 4, 7, REQUEST_NAMES);
    Publisher *self = (Publisher *)object;
    Request request;
    if (!take_request(&sig, args, count, names, &request)) return NULL;
    uint64_t tag;
    bool is_taken = hand_in_by(self, &request, NULL, &tag, deadline_after(request.timeout));
    drop_request(&request);
    if (!is_taken) {
        if (!PyErr_Occurred()) raise_status(SAMQP_ERR_TIMEOUT, "the publisher is full; nothing was taken");
        return NULL;
    }
    if (++self->taken % LOOK_EVERY == 0 && !look(self)) return NULL;
    return PyLong_FromUnsignedLongLong(tag);
}

/* (confirmed, failed, [(tag, exception)]) of what ended since the last flush. */
static PyObject *flush(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("flush", 0, 1, 1, "timeout");
    Publisher *self = (Publisher *)object;
    PyObject *values[1];
    int64_t timeout;
    if (!take_arguments(&sig, args, count, names, values) || !take_timeout(values[0], &timeout)) return NULL;
    int64_t deadline = deadline_after(timeout);
    bool is_late = false;
    while (self->ended < self->taken) {
        if (is_late) return raise_status(SAMQP_ERR_TIMEOUT, "some publishes have no outcome yet");
        if (!wait_for_events(self, deadline, &is_late)) return NULL;
    }
    PyObject *fresh = PyList_New(0);
    if (fresh == NULL) return NULL;
    unsigned long long confirmed = self->ended - self->failed, failed = self->failed;
    PyObject *result = Py_BuildValue(
        "KKN", confirmed - self->told_confirmed, failed - self->told_failed, self->failures);
    self->failures = fresh;
    self->told_confirmed = confirmed;
    self->told_failed = failed;
    return result;
}

static PyObject *unconfirmed(PyObject *object, void *unused) {
    (void)unused;
    return PyLong_FromSize_t(samqp_publisher_unconfirmed(((Publisher *)object)->handle));
}

/* ---------------------------------------------------------------- For event queues */

/* The tag, or None if there is no room: WRITABLE comes then. */
static PyObject *try_publish(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    SIGNATURE("try_publish", 3, 6, 7, REQUEST_NAMES);
    Request request;
    if (!take_request(&sig, args, count, names, &request)) return NULL;
    uint64_t tag;
    samqp_error *error;
    Publisher *self = (Publisher *)object;
    samqp_status status = hand_in(self, &request, self->user, &tag, &error);
    drop_request(&request);
    if (status == SAMQP_OK) return PyLong_FromUnsignedLongLong(tag);
    if (status != SAMQP_ERR_WOULD_BLOCK) return raise_error(status, error);
    samqp_error_free(error);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"publish", FAST(publish), FASTCALL,
     "publish(exchange, routing_key, body, properties=None, *, mandatory=True, once=False, timeout=None)\n\n"
     "Returns when the broker has confirmed the message; raises how it ended otherwise."},
    {"enqueue", FAST(enqueue), FASTCALL,
     "enqueue(exchange, routing_key, body, properties=None, *, mandatory=True, once=False, timeout=None)\n\n"
     "Hands a message in and returns its tag; waits only for room. flush() tells the outcome."},
    {"_flush", FAST(flush), FASTCALL, "_flush(timeout=None)"},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef getters[] = {
    {"unconfirmed", unconfirmed, NULL, "How many publishes have no outcome yet", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot slots[] = {
    {Py_tp_new, publisher_new}, {Py_tp_dealloc, publisher_dealloc}, {Py_tp_methods, methods}, {Py_tp_getset, getters},
    {0, NULL},
};
static PyType_Spec spec = {
    "swiftamqp._core.Publisher", sizeof(Publisher), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

static PyMethodDef event_methods[] = {
    {"try_publish", FAST(try_publish), FASTCALL,
     "try_publish(exchange, routing_key, body, properties=None, mandatory=True, once=False)"},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot event_slots[] = {
    {Py_tp_new, event_publisher_new}, {Py_tp_dealloc, publisher_dealloc}, {Py_tp_methods, event_methods},
    {Py_tp_getset, getters}, {0, NULL},
};
static PyType_Spec event_spec = {
    "swiftamqp._core.EventPublisher", sizeof(Publisher), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, event_slots};

bool add_publisher(PyObject *module) {
    static PyTypeObject *event_type;
    return add_type(module, &spec, &publisher_type) && add_type(module, &event_spec, &event_type);
}
