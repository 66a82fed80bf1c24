/*
 * Consumers with a handler. A thread of the library that has to call the handler puts the delivery on a desk and sleeps until it
 * has an answer; Python's own threads, or a loop, take deliveries from there. No thread of the library runs Python code.
 */
#include "jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What is taken at a time. */
#define BATCH 256

/* On the stack of the thread that waits for the answer. Guarded by the lock of its desk. */
struct job {
    samqp_delivery *delivery;
    struct job *next;
    pthread_cond_t answered;
    int32_t answer;
    bool is_answered;
};

struct desk {
    /* Guarded by the lock of the list. */
    struct desk *next;
    int users;
    /* Do not change. */
    uintptr_t number;
    unsigned forks;
    int descriptor;
    /* Guards what follows, and the jobs. */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct job *first, **end;
    bool is_over;
};

typedef struct { PyObject_HEAD desk *handle; } Jobs;

PyTypeObject *jobs_type;

/* Desks that are open. The library knows a number only: it may call a handler a little longer than its consumer is there. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static desk *list;
/* How many forks lie between this process and the one that loaded this module: locks of an older desk may be held by nobody. */
static unsigned forks;

static void note_fork(void) {
    forks++;
    list = NULL;
    pthread_mutex_init(&list_lock, NULL);
}

static bool is_inherited(const desk *d) { return d->forks != forks; }

static void retain(desk *d) {
    pthread_mutex_lock(&list_lock);
    d->users++;
    pthread_mutex_unlock(&list_lock);
}

static void release(desk *d) {
    pthread_mutex_lock(&list_lock);
    bool is_last = --d->users == 0;
    pthread_mutex_unlock(&list_lock);
    if (!is_last) return;
    if (d->descriptor >= 0) close(d->descriptor);
    pthread_cond_destroy(&d->filled);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* ---------------------------------------------------------------- The library's side */

/* With the lock of the desk held. */
static void settle(job *j, int32_t answer) {
    j->answer = answer;
    j->is_answered = true;
    pthread_cond_signal(&j->answered);
}

int32_t jobs_handle(samqp_delivery *delivery, void *user) {
    pthread_mutex_lock(&list_lock);
    desk *d = list;
    while (d != NULL && d->number != (uintptr_t)user) d = d->next;
    if (d != NULL) d->users++;
    pthread_mutex_unlock(&list_lock);
    if (d == NULL) return SAMQP_SETTLE_REQUEUE;
    job own = {.delivery = delivery, .answer = SAMQP_SETTLE_REQUEUE, .answered = PTHREAD_COND_INITIALIZER};
    pthread_mutex_lock(&d->lock);
    if (!d->is_over) {
        bool was_empty = d->first == NULL;
        *d->end = &own;
        d->end = &own.next;
        // It can only fail where it is readable already.
        if (was_empty && d->descriptor >= 0) (void)eventfd_write(d->descriptor, 1);
        pthread_cond_signal(&d->filled);
        while (!own.is_answered) pthread_cond_wait(&own.answered, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    pthread_cond_destroy(&own.answered);
    release(d);
    return own.answer;
}

/* ---------------------------------------------------------------- Python's side */

/* With the lock held; NULL if there is none. */
static job *pop(desk *d) {
    job *j = d->first;
    if (j == NULL) return NULL;
    d->first = j->next;
    if (d->first == NULL) {
        d->end = &d->first;
        eventfd_t count;
        if (d->descriptor >= 0) (void)eventfd_read(d->descriptor, &count);
    }
    return j;
}

static PyObject *lend(desk *d, job *j) {
    retain(d);
    return delivery_lend(j->delivery, d, j);
}

void job_answer(desk *d, job *j, int32_t answer) {
    if (is_inherited(d)) return;
    pthread_mutex_lock(&d->lock);
    settle(j, answer);
    pthread_mutex_unlock(&d->lock);
    release(d);
}

static PyObject *jobs_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"number", "has_descriptor", NULL};
    Py_ssize_t number;
    int has_descriptor;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "np:Jobs", names, &number, &has_descriptor)) return NULL;
    int descriptor = has_descriptor ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (has_descriptor && descriptor < 0) return PyErr_SetFromErrno(PyExc_OSError);
    Jobs *self = (Jobs *)allocate(type);
    desk *d = self == NULL ? NULL : calloc(1, sizeof *d);
    if (d == NULL) {
        if (descriptor >= 0) close(descriptor);
        Py_XDECREF(self);
        return PyErr_NoMemory();
    }
    *d = (desk){.users = 1, .number = (uintptr_t)number, .forks = forks, .descriptor = descriptor};
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->filled, NULL);
    d->end = &d->first;
    pthread_mutex_lock(&list_lock);
    d->next = list;
    list = d;
    pthread_mutex_unlock(&list_lock);
    self->handle = d;
    return (PyObject *)self;
}

/* What nobody has taken goes back, and what is handed over from now on does at once. */
static void end(desk *d) {
    pthread_mutex_lock(&list_lock);
    for (desk **place = &list; *place != NULL; place = &(*place)->next) {
        if (*place != d) continue;
        *place = d->next;
        break;
    }
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_lock(&d->lock);
    d->is_over = true;
    for (job *j; (j = pop(d)) != NULL;) settle(j, SAMQP_SETTLE_REQUEUE);
    pthread_cond_broadcast(&d->filled);
    pthread_mutex_unlock(&d->lock);
}

static void jobs_dealloc(PyObject *object) {
    desk *d = ((Jobs *)object)->handle;
    if (d != NULL && !is_inherited(d)) {
        end(d);
        release(d);
    }
    free_object(object);
}

static desk *desk_of(PyObject *object) {
    desk *d = ((Jobs *)object)->handle;
    if (!is_inherited(d)) return d;
    raise_error(SAMQP_ERR_FORKED, NULL);
    return NULL;
}

static PyObject *take(PyObject *object, PyObject *unused) {
    (void)unused;
    desk *d = desk_of(object);
    if (d == NULL) return NULL;
    job *j;
    Py_BEGIN_ALLOW_THREADS
    pthread_mutex_lock(&d->lock);
    while ((j = pop(d)) == NULL && !d->is_over) pthread_cond_wait(&d->filled, &d->lock);
    pthread_mutex_unlock(&d->lock);
    Py_END_ALLOW_THREADS
    if (j == NULL) Py_RETURN_NONE;
    return lend(d, j);
}

static PyObject *take_ready(PyObject *object, PyObject *unused) {
    (void)unused;
    desk *d = desk_of(object);
    PyObject *deliveries = d == NULL ? NULL : PyList_New(0);
    if (deliveries == NULL) return NULL;
    job *taken[BATCH];
    size_t count = 0;
    pthread_mutex_lock(&d->lock);
    while (count < BATCH && (taken[count] = pop(d)) != NULL) count++;
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < count; i++) {
        PyObject *delivery = lend(d, taken[i]);
        // Without memory: what is not in the list goes back with its object.
        if (deliveries != NULL && (delivery == NULL || PyList_Append(deliveries, delivery) < 0)) Py_CLEAR(deliveries);
        Py_XDECREF(delivery);
    }
    return deliveries;
}

static PyObject *end_jobs(PyObject *object, PyObject *unused) {
    (void)unused;
    desk *d = desk_of(object);
    if (d == NULL) return NULL;
    end(d);
    Py_RETURN_NONE;
}

static PyObject *fileno_of(PyObject *object, PyObject *unused) {
    (void)unused;
    return PyLong_FromLong(((Jobs *)object)->handle->descriptor);
}

bool take_jobs(PyObject *value, void **user, bool *is_given) {
    *is_given = value != NULL && value != Py_None;
    if (!*is_given) return true;
    if (!PyObject_TypeCheck(value, jobs_type)) {
        PyErr_SetString(PyExc_TypeError, "jobs are a Jobs");
        return false;
    }
    desk *d = desk_of(value);
    if (d != NULL) *user = (void *)d->number;
    return d != NULL;
}

static PyMethodDef methods[] = {
    {"take", take, METH_NOARGS, "The next delivery, waiting for it; None at the end."},
    {"take_ready", take_ready, METH_NOARGS, "A list of up to 256 deliveries that wait."},
    {"end", end_jobs, METH_NOARGS, "What nobody has taken goes back."},
    {"fileno", fileno_of, METH_NOARGS, "A descriptor that is readable while deliveries wait."},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {
    {Py_tp_new, jobs_new}, {Py_tp_dealloc, jobs_dealloc}, {Py_tp_methods, methods}, {0, NULL},
};
static PyType_Spec spec = {"swiftamqp._core.Jobs", sizeof(Jobs), 0, Py_TPFLAGS_DEFAULT, slots};

bool add_jobs(PyObject *module) {
    if (pthread_atfork(NULL, NULL, note_fork) != 0) return PyErr_NoMemory() != NULL;
    return add_type(module, &spec, &jobs_type);
}
