/* Converters for "O&" of PyArg_ParseTuple. */
#ifndef SWIFTAMQP_CONVERT_H
#define SWIFTAMQP_CONVERT_H

#include "core.h"

/* To an int64_t of milliseconds. */
static inline int to_timeout(PyObject *value, void *out) { return take_timeout(value, out) ? 1 : 0; }

/* To a samqp_table *, which the caller frees; NULL for None. */
static inline int to_table(PyObject *value, void *out) {
    samqp_table **table = out;
    if (value == NULL) {
        // A later argument was refused.
        samqp_table_free(*table);
        *table = NULL;
        return 1;
    }
    return take_table(value, table) ? Py_CLEANUP_SUPPORTED : 0;
}

#endif
