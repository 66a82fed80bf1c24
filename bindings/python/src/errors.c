/* From the library's errors to exceptions. */
#include "core.h"

PyObject *text_or_replace(const char *text) { return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace"); }

PyObject *make_exception(samqp_status status, const samqp_error *error) {
    if (hook_exception == NULL) {
        PyErr_SetString(PyExc_SystemError, "swiftamqp._core is used without swiftamqp");
        return NULL;
    }
    samqp_status cause = error == NULL ? status : samqp_error_cause(error);
    return PyObject_CallFunction(
        hook_exception, "iisiisO", (int)status, (int)cause, samqp_error_message(error),
        (int)samqp_error_reply_code(error), (int)samqp_error_errno(error), samqp_error_endpoint(error),
        samqp_error_is_retriable(error) ? Py_True : Py_False);
}

PyObject *raise_exception(PyObject *exception) {
    if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}

PyObject *raise_error(samqp_status status, samqp_error *error) {
    PyObject *exception = make_exception(status, error);
    samqp_error_free(error);
    return raise_exception(exception);
}

PyObject *none_or_raise(samqp_status status, samqp_error *error) {
    if (status != SAMQP_OK) return raise_error(status, error);
    Py_RETURN_NONE;
}

PyObject *raise_status(samqp_status status, const char *message) {
    return raise_exception(PyObject_CallFunction(
        hook_exception, "iisiisO", (int)status, (int)status, message, 0, 0, "", Py_True));
}
