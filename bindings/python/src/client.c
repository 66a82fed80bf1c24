/* The client: its life, and how it is. What it declares is in declaring.c. */
#include "core.h"
#include "convert.h"
#include "declaring.h"

PyTypeObject *client_type;

#define HANDLE(object) (((Client *)(object))->handle)

static PyObject *client_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"options", "events", "user", NULL};
    PyObject *options, *events = NULL;
    Py_ssize_t user = 0;
    samqp_options *options_handle;
    samqp_events *events_handle;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|On:Client", names, &options, &events, &user) ||
        !take_options(options, &options_handle) || !take_events(events, &events_handle)) {
        return NULL;
    }
    samqp_client *handle;
    ASK(samqp_client_start(&handle, options_handle, events_handle, (void *)user, &error));
    if (status != SAMQP_OK) return raise_error(status, error);
    Client *self = (Client *)allocate(type);
    if (self == NULL) {
        samqp_client_free(handle);
        return NULL;
    }
    self->handle = handle;
    return (PyObject *)self;
}

static void client_dealloc(PyObject *object) {
    samqp_client_free(((Client *)object)->handle);
    free_object(object);
}

static PyObject *wait_until_usable(PyObject *self, PyObject *timeout) {
    int64_t milliseconds;
    if (!take_timeout(timeout, &milliseconds)) return NULL;
    int64_t deadline = deadline_after(milliseconds);
    while (true) {
        samqp_error *error;
        samqp_status status;
        int64_t wait = next_wait(deadline);
        UNLOCKED(status = samqp_client_wait(HANDLE(self), wait, &error));
        bool is_over = status != SAMQP_ERR_TIMEOUT || wait < 0 || (deadline >= 0 && now_ms() >= deadline);
        if (is_over) return none_or_raise(status, error);
        samqp_error_free(error);
        if (PyErr_CheckSignals() < 0) return NULL;
    }
}

static PyObject *state(PyObject *self, PyObject *unused) {
    (void)unused;
    samqp_state number = samqp_client_state(HANDLE(self));
    return number < 0 ? raise_error(number, NULL) : text_or_replace(samqp_state_name(number));
}

/* None, or the reason as an exception that is not raised. */
static PyObject *health(PyObject *self, PyObject *unused) {
    (void)unused;
    samqp_error *error;
    samqp_status status = samqp_client_health(HANDLE(self), &error);
    if (status == SAMQP_OK) Py_RETURN_NONE;
    PyObject *exception = make_exception(status, error);
    samqp_error_free(error);
    return exception;
}

static PyObject *is_live(PyObject *self, PyObject *tolerance) {
    int64_t milliseconds;
    if (!take_timeout(tolerance, &milliseconds)) return NULL;
    return PyBool_FromLong(samqp_client_is_live(HANDLE(self), milliseconds < 0 ? INT64_MAX : milliseconds));
}

static PyObject *stats(PyObject *self, PyObject *unused) {
    (void)unused;
    samqp_stats s = {.struct_size = sizeof s};
    samqp_status status = samqp_client_stats(HANDLE(self), &s);
    if (status != SAMQP_OK) return raise_error(status, NULL);
#define N(name) #name, (unsigned long long)s.name
    return Py_BuildValue(
        "{sKsKsKsKsKsKsKsKsKsKsKsKsKsKsKsKsKsKsKsK}", N(published), N(confirmed), N(nacked), N(returned), N(unknown),
        N(not_sent), N(unconfirmed), N(unconfirmed_bytes), N(handled), N(acked), N(requeued), N(rejected), N(retried),
        N(parked), N(failed), N(stale), N(connections), N(consumers), N(events_queued), N(events_dropped));
#undef N
}

static PyObject *drain(PyObject *self, PyObject *timeout) {
    int64_t milliseconds;
    if (!take_timeout(timeout, &milliseconds)) return NULL;
    samqp_drain_report r = {.struct_size = sizeof r};
    ASK(samqp_client_drain(HANDLE(self), milliseconds, &r, &error));
    // The report says that the time ran out, and what that means.
    if (status != SAMQP_OK && status != SAMQP_ERR_TIMEOUT) return raise_error(status, error);
    samqp_error_free(error);
#define N(name) #name, (unsigned long long)r.name
    return Py_BuildValue(
        "{sKsKsKsKsKsKsKsO}", N(handled), N(acked), N(requeued), N(confirmed), N(unconfirmed), N(abandoned),
        N(unfinished_handlers), "timed_out", r.timed_out ? Py_True : Py_False);
#undef N
}

static PyObject *close_now(PyObject *self, PyObject *unused) {
    (void)unused;
    ASK(samqp_client_close(HANDLE(self), &error));
    return none_or_raise(status, error);
}

static PyMethodDef methods[] = {
    {"wait", wait_until_usable, METH_O, "wait(timeout)"},
    {"state", state, METH_NOARGS, "The name of its state."},
    {"health", health, METH_NOARGS, "None, or why work that is handed in now is not done now."},
    {"is_live", is_live, METH_O, "is_live(tolerance)"},
    {"stats", stats, METH_NOARGS, "What was counted."},
    {"drain", drain, METH_O, "drain(timeout)"},
    {"close", close_now, METH_NOARGS, "Ends it at once."},
    DECLARING_METHODS,
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, client_new}, {Py_tp_dealloc, client_dealloc}, {Py_tp_methods, methods}, {0, NULL},
};
static PyType_Spec spec = {"swiftamqp._core.Client", sizeof(Client), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_client(PyObject *module) { return add_type(module, &spec, &client_type); }
