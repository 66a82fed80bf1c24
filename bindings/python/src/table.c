/* Headers and arguments: dicts to tables and back. What stands for what is in docs/api.md. */
#include "core.h"

/* A dict can hold itself. Deeper tables than this are refused by the library as well. */
#define MAXIMUM_DEPTH 16

static bool set_value(samqp_table *table, const char *key, PyObject *value, int depth);

static bool check(samqp_status status, const char *key) {
    if (status == SAMQP_OK) return true;
    PyErr_Format(
        PyExc_ValueError, "%s '%s': %s", key == NULL ? "an entry of a list" : "the value of", key == NULL ? "" : key,
        status == SAMQP_ERR_INVALID_ARGUMENT ? "the name or the value does not fit into AMQP" : samqp_status_name(status));
    return false;
}

static bool fill_table(samqp_table *table, PyObject *mapping, int depth) {
    PyObject *items = PyMapping_Items(mapping);
    if (items == NULL) return false;
    bool is_filled = true;
    for (Py_ssize_t i = 0; is_filled && i < PyList_Size(items); i++) {
        PyObject *item = PyList_GetItem(items, i);
        PyObject *name = PyTuple_Check(item) && PyTuple_Size(item) == 2 ? PyTuple_GetItem(item, 0) : NULL;
        const char *key;
        is_filled = name != NULL && take_name(name, "the name of a header or an argument", &key) &&
            set_value(table, key, PyTuple_GetItem(item, 1), depth);
        if (!is_filled && !PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "items() gives pairs");
    }
    Py_DECREF(items);
    return is_filled;
}

static bool fill_list(samqp_table *table, PyObject *sequence, int depth) {
    Py_ssize_t count = PySequence_Size(sequence);
    if (count < 0) return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *value = PySequence_GetItem(sequence, i);
        if (value == NULL) return false;
        bool is_set = set_value(table, NULL, value, depth);
        Py_DECREF(value);
        if (!is_set) return false;
    }
    return true;
}

static bool set_nested(samqp_table *table, const char *key, PyObject *value, bool is_list, int depth) {
    if (depth >= MAXIMUM_DEPTH) {
        PyErr_Format(PyExc_ValueError, "headers and arguments nest %d levels deep at most", MAXIMUM_DEPTH);
        return false;
    }
    samqp_table *nested = samqp_table_new();
    bool is_filled = is_list ? fill_list(nested, value, depth + 1) : fill_table(nested, value, depth + 1);
    if (is_filled) {
        is_filled = check(
            is_list ? samqp_table_set_array(table, key, nested) : samqp_table_set_table(table, key, nested), key);
    }
    samqp_table_free(nested);
    return is_filled;
}

static bool set_integer(samqp_table *table, const char *key, PyObject *value) {
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (number == -1 && PyErr_Occurred()) return false;
    if (overflow != 0) {
        PyErr_SetString(
            PyExc_ValueError, "an int of headers and arguments has 64 bits and a sign; Field('L', n) takes more");
        return false;
    }
    bool is_small = number >= INT32_MIN && number <= INT32_MAX;
    return check(samqp_table_set_int(table, key, number, is_small ? SAMQP_KIND_INT32 : SAMQP_KIND_INT64), key);
}

static bool set_bytes(samqp_table *table, const char *key, PyObject *value) {
    Py_buffer view;
    bool release;
    if (!take_body(value, &view, &release)) return false;
    samqp_status status = samqp_table_set_bytes(table, key, view.buf, (size_t)view.len);
    if (release) PyBuffer_Release(&view);
    return check(status, key);
}

/* A kind that was named, or that only Python can tell (Decimal, datetime). */
static bool set_field(samqp_table *table, const char *key, PyObject *value, int depth) {
    PyObject *field = PyObject_CallFunctionObjArgs(hook_field, value, NULL);
    if (field == NULL) return false;
    int kind = 0;
    PyObject *what = NULL, *more = NULL;
    bool is_set = false;
    samqp_status status = SAMQP_ERR_INVALID_ARGUMENT;
    if (!PyArg_ParseTuple(field, "iOO", &kind, &what, &more)) {
        Py_DECREF(field);
        return false;
    }
    switch (kind) {
    case SAMQP_KIND_BOOL: status = samqp_table_set_bool(table, key, PyObject_IsTrue(what)); break;
    case SAMQP_KIND_UINT64: {
        unsigned long long number = PyLong_AsUnsignedLongLong(what);
        if (!PyErr_Occurred()) status = samqp_table_set_uint64(table, key, number);
        break;
    }
    case SAMQP_KIND_FLOAT:
    case SAMQP_KIND_DOUBLE: {
        double number = PyFloat_AsDouble(what);
        if (!PyErr_Occurred()) status = samqp_table_set_double(table, key, number, kind);
        break;
    }
    case SAMQP_KIND_DECIMAL: {
        unsigned long long number = PyLong_AsUnsignedLongLong(what);
        long scale = PyLong_AsLong(more);
        if (!PyErr_Occurred() && number <= UINT32_MAX && scale >= 0 && scale <= UINT8_MAX) {
            status = samqp_table_set_decimal(table, key, (uint8_t)scale, (uint32_t)number);
        }
        break;
    }
    case SAMQP_KIND_TIMESTAMP: {
        unsigned long long seconds = PyLong_AsUnsignedLongLong(what);
        if (!PyErr_Occurred()) status = samqp_table_set_timestamp(table, key, seconds);
        break;
    }
    case SAMQP_KIND_STRING:
    case SAMQP_KIND_BYTES:
    case SAMQP_KIND_ARRAY:
    case SAMQP_KIND_TABLE:
    case SAMQP_KIND_VOID:
        // The hook has looked at the type: these are what stands for their kind by itself.
        is_set = set_value(table, key, what, depth);
        Py_DECREF(field);
        return is_set;
    default: {
        long long number = PyLong_AsLongLong(what);
        if (!PyErr_Occurred()) status = samqp_table_set_int(table, key, number, kind);
        break;
    }
    }
    Py_DECREF(field);
    return !PyErr_Occurred() && check(status, key);
}

static bool set_value(samqp_table *table, const char *key, PyObject *value, int depth) {
    if (PyUnicode_Check(value)) {
        const char *text;
        return take_text(value, "a text of headers and arguments", &text) &&
            check(samqp_table_set_string(table, key, text), key);
    }
    if (PyBool_Check(value)) return check(samqp_table_set_bool(table, key, value == Py_True), key);
    if (PyLong_Check(value)) return set_integer(table, key, value);
    if (PyFloat_Check(value)) {
        return check(samqp_table_set_double(table, key, PyFloat_AsDouble(value), SAMQP_KIND_DOUBLE), key);
    }
    if (value == Py_None) return check(samqp_table_set_void(table, key), key);
    if (PyBytes_Check(value) || PyByteArray_Check(value) || PyMemoryView_Check(value)) return set_bytes(table, key, value);
    if (PyDict_Check(value)) return set_nested(table, key, value, false, depth);
    if (PyList_Check(value) || PyTuple_CheckExact(value)) return set_nested(table, key, value, true, depth);
    return set_field(table, key, value, depth);
}

samqp_table *table_from_mapping(PyObject *mapping) {
    if (!PyDict_Check(mapping) && !PyObject_HasAttrString(mapping, "items")) {
        PyErr_SetString(PyExc_TypeError, "headers and arguments are a mapping of names to values");
        return NULL;
    }
    samqp_table *table = samqp_table_new();
    if (fill_table(table, mapping, 0)) return table;
    samqp_table_free(table);
    return NULL;
}

bool take_table(PyObject *value, samqp_table **table) {
    *table = NULL;
    if (value == NULL || value == Py_None) return true;
    *table = table_from_mapping(value);
    return *table != NULL;
}

/* ---------------------------------------------------------------- From tables */

static PyObject *value_at(const samqp_table *table, size_t index);

static PyObject *list_from_table(const samqp_table *table) {
    size_t count = samqp_table_count(table);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *value = value_at(table, i);
        if (value == NULL || PyList_Append(list, value) < 0) Py_CLEAR(list);
        Py_XDECREF(value);
    }
    return list;
}

PyObject *dict_from_table(const samqp_table *table) {
    size_t count = samqp_table_count(table);
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < count; i++) {
        PyObject *key = text_or_replace(samqp_table_key_at(table, i));
        PyObject *value = key == NULL ? NULL : value_at(table, i);
        if (value == NULL || PyDict_SetItem(dict, key, value) < 0) Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}

static PyObject *bytes_at(const samqp_table *table, size_t index, bool is_text) {
    const void *bytes;
    size_t length;
    if (samqp_table_get_bytes(table, NULL, index, &bytes, &length) != SAMQP_OK) Py_RETURN_NONE;
    if (is_text) {
        PyObject *text = PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)length, NULL);
        if (text != NULL || !PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) return text;
        PyErr_Clear();
    }
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)length);
}

static PyObject *value_at(const samqp_table *table, size_t index) {
    samqp_kind kind = samqp_table_kind_at(table, index);
    switch (kind) {
    case SAMQP_KIND_BOOL: {
        int32_t truth = 0;
        samqp_table_get_bool(table, NULL, index, &truth);
        return PyBool_FromLong(truth);
    }
    case SAMQP_KIND_STRING: return bytes_at(table, index, true);
    case SAMQP_KIND_BYTES: return bytes_at(table, index, false);
    case SAMQP_KIND_FLOAT:
    case SAMQP_KIND_DOUBLE: {
        double number = 0;
        samqp_table_get_double(table, NULL, index, &number);
        return PyFloat_FromDouble(number);
    }
    case SAMQP_KIND_DECIMAL: {
        uint8_t scale = 0;
        uint32_t number = 0;
        samqp_table_get_decimal(table, NULL, index, &scale, &number);
        return PyObject_CallFunction(hook_value, "iKi", (int)kind, (unsigned long long)number, (int)scale);
    }
    case SAMQP_KIND_TIMESTAMP: {
        uint64_t seconds = 0;
        samqp_table_get_timestamp(table, NULL, index, &seconds);
        return PyObject_CallFunction(hook_value, "iKi", (int)kind, (unsigned long long)seconds, 0);
    }
    case SAMQP_KIND_ARRAY:
    case SAMQP_KIND_TABLE: {
        const samqp_table *nested = NULL;
        samqp_table_get_table(table, NULL, index, &nested);
        return kind == SAMQP_KIND_TABLE ? dict_from_table(nested) : list_from_table(nested);
    }
    case SAMQP_KIND_UINT64: {
        uint64_t number = 0;
        samqp_table_get_uint64(table, NULL, index, &number);
        return PyLong_FromUnsignedLongLong(number);
    }
    case SAMQP_KIND_VOID: Py_RETURN_NONE;
    default: {
        int64_t number = 0;
        samqp_table_get_int(table, NULL, index, &number);
        return PyLong_FromLongLong(number);
    }
    }
}
