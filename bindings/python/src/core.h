/* What the parts of the extension share. The stable ABI of CPython 3.9 only, so that one build serves 3.9 and later. */
#ifndef SWIFTAMQP_CORE_H
#define SWIFTAMQP_CORE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03090000
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <swiftamqp.h>

/*
 * What CPython 3.9 has, as later versions do, but declared stable only in 3.10 (the call convention and the UTF-8 accessor)
 * and 3.11 (the buffer protocol). Layout and numbers are the same in 3.9 and in what was declared stable.
 */
#ifndef METH_FASTCALL
#define METH_FASTCALL 0x0080
#endif
#ifndef Py_bf_getbuffer
#define Py_bf_getbuffer 1
#endif
#if PY_VERSION_HEX < 0x030A0000 || Py_LIMITED_API + 0 < 0x030A0000
PyAPI_FUNC(const char *) PyUnicode_AsUTF8AndSize(PyObject *unicode, Py_ssize_t *size);
#endif
#if Py_LIMITED_API + 0 < 0x030B0000
typedef struct bufferinfo {
    void *buf;
    PyObject *obj;
    Py_ssize_t len;
    Py_ssize_t itemsize;
    int readonly;
    int ndim;
    char *format;
    Py_ssize_t *shape;
    Py_ssize_t *strides;
    Py_ssize_t *suboffsets;
    void *internal;
} Py_buffer;
#define PyBUF_SIMPLE 0
PyAPI_FUNC(int) PyObject_GetBuffer(PyObject *object, Py_buffer *view, int flags);
PyAPI_FUNC(void) PyBuffer_Release(Py_buffer *view);
PyAPI_FUNC(int) PyBuffer_FillInfo(Py_buffer *view, PyObject *object, void *bytes, Py_ssize_t length, int readonly, int flags);
#endif

/* ---------------------------------------------------------------- Arguments */

/* What takes the arguments of a call with METH_FASTCALL | METH_KEYWORDS: its first `given` arguments may be positional. */
typedef struct signature {
    const char *function;
    int required;
    int positional;
    int count;
    const char *names[12];
    /* Interned, made by the first call. */
    PyObject *keys[12];
} signature;

/* Spreads the arguments over `values`, which are borrowed, and NULL where they were left out. */
bool take_arguments(signature *s, PyObject *const *args, Py_ssize_t count, PyObject *names, PyObject **values);

/* A timeout: None is -1, a number is in seconds, a timedelta is what it is. Never less than 0 but for None and infinity. */
bool take_timeout(PyObject *value, int64_t *milliseconds);
/* A str without a zero character; NULL for None or NULL. It lives as long as the object. */
bool take_text(PyObject *value, const char *what, const char **text);
/* As take_text; None is refused. */
bool take_name(PyObject *value, const char *what, const char **text);
bool take_flag(PyObject *value, uint32_t flag, uint32_t *flags);
/* A bytes-like object; `release` says whether PyBuffer_Release has to be called. */
bool take_body(PyObject *value, Py_buffer *view, bool *release);

/* ---------------------------------------------------------------- Errors */

/* Raises an exception and lets go of it; NULL: one is raised already. Always gives NULL. */
PyObject *raise_exception(PyObject *exception);
/* Raises what a call that failed has left, and frees it. Always gives NULL. */
PyObject *raise_error(samqp_status status, samqp_error *error);
/* A new exception for an error that stays the caller's; `error` may be NULL. */
PyObject *make_exception(samqp_status status, const samqp_error *error);
/* None for SAMQP_OK, else raises. */
PyObject *none_or_raise(samqp_status status, samqp_error *error);
/* Raises for what the binding itself found. Always gives NULL. */
PyObject *raise_status(samqp_status status, const char *message);
/* As PyUnicode_DecodeUTF8 with "replace". */
PyObject *text_or_replace(const char *text);

/* Callables that the Python side gives: see module.c. */
extern PyObject *hook_exception;  /* (code, cause, message, reply_code, errno, endpoint, retriable) -> exception */
extern PyObject *hook_field;      /* (value) -> (kind, value) of what C does not know by itself; raises TypeError */
extern PyObject *hook_value;      /* (kind, a, b) -> datetime or Decimal */
extern PyObject *hook_timestamp;  /* datetime or int -> int seconds */
extern PyObject *hook_process;    /* (delivery, requeue) -> context manager */
extern unsigned long main_thread;

/* ---------------------------------------------------------------- Waiting */

/* The longest time between two looks for signals, in the thread that has to look for them. */
#define SIGNAL_INTERVAL_MS 100
int64_t now_ms(void);
/* How long to wait now, given a deadline from now_ms(), or -1 for none. */
int64_t next_wait(int64_t deadline);
static inline int64_t deadline_after(int64_t timeout) { return timeout < 0 ? -1 : now_ms() + timeout; }

/* ---------------------------------------------------------------- Values */

/* A new table of a mapping; NULL and an exception if it cannot be. */
samqp_table *table_from_mapping(PyObject *mapping);
/* None gives NULL and true. */
bool take_table(PyObject *value, samqp_table **table);
PyObject *dict_from_table(const samqp_table *table);

typedef struct {
    PyObject_HEAD
    /* Text properties, in the order of samqp_properties; NULL is absent. */
    PyObject *text[10];
    PyObject *headers;
    PyObject *timestamp;
    /* The strings are those of `text`, the table is its own. */
    samqp_properties raw;
    samqp_table *table;
    bool is_raw_ready;
} Properties;

extern PyTypeObject *properties_type, *delivery_type, *events_type, *client_type, *options_type, *publisher_type,
    *consumer_type, *channel_type, *topology_type, *plan_type;
PyObject *properties_from_raw(const samqp_properties *raw);
/* What is to be published with; NULL for None. */
bool take_properties(PyObject *value, const samqp_properties **raw);

PyObject *delivery_make(samqp_delivery *handle);

/* ---------------------------------------------------------------- Handles */

typedef struct { PyObject_HEAD samqp_options *handle; } Options;
typedef struct { PyObject_HEAD samqp_events *handle; } Events;
typedef struct { PyObject_HEAD samqp_client *handle; } Client;
typedef struct { PyObject_HEAD samqp_topology *handle; } Topology;

/* The handle of an object, or of None where that may be. */
bool take_options(PyObject *value, samqp_options **handle);
bool take_events(PyObject *value, samqp_events **handle);
bool take_client(PyObject *value, samqp_client **handle);
bool take_topology(PyObject *value, samqp_topology **handle);

/* Frees an object of a heap type. */
void free_object(PyObject *self);
PyObject *allocate(PyTypeObject *type);
/* (name, messages, consumers), or raises. */
PyObject *info_or_raise(const samqp_queue_info *info, samqp_status status, samqp_error *error);
/* Raises where there is none to be had. */
samqp_events *make_events(size_t high_water);

bool add_properties(PyObject *module);
bool add_delivery(PyObject *module);
bool add_events(PyObject *module);
bool add_options(PyObject *module);
bool add_client(PyObject *module);
bool add_topology(PyObject *module);
bool add_publisher(PyObject *module);
bool add_consumer(PyObject *module);
bool add_jobs(PyObject *module);
bool add_channel(PyObject *module);
/* Makes a type of a spec, gives it to the module, and keeps a reference in *type. */
bool add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type);

#define FAST(function) ((PyCFunction)(void (*)(void))(function))
#define FASTCALL (METH_FASTCALL | METH_KEYWORDS)
#define SIGNATURE(function, required, positional, count, ...) \
    static signature sig = {function, required, positional, count, {__VA_ARGS__}, {0}}

/* Runs a call of the library without the interpreter's lock. */
#define UNLOCKED(statement) \
    do { \
        Py_BEGIN_ALLOW_THREADS \
        statement; \
        Py_END_ALLOW_THREADS \
    } while (0)

/* The same for one that tells how it ended: declares `status` and `error`. */
#define ASK(call) \
    samqp_error *error; \
    samqp_status status; \
    UNLOCKED(status = call)

#endif
