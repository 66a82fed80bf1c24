/* Runs: no-pie static asan valgrind. What needs no handle, and what functions do with NULL in place of one. */
#include <swiftamqp.h>

#include "check.h"

int main(void)
{
    /* A function's address, which a program that is not position-independent can only take of a default symbol. */
    uint32_t (*volatile version)(void) = samqp_version;
    char text[64];

    CHECK(version() == SAMQP_VERSION);
    snprintf(text, sizeof text, "%d.%d.%d", SAMQP_VERSION_MAJOR, SAMQP_VERSION_MINOR, SAMQP_VERSION_PATCH);
    CHECK_TEXT(samqp_version_string(), text);
    /* It lives as long as the process. */
    CHECK(samqp_version_string() == samqp_version_string());

    CHECK(samqp_error_code(NULL) == SAMQP_OK);
    CHECK(samqp_error_cause(NULL) == SAMQP_OK);
    CHECK_TEXT(samqp_error_message(NULL), "");
    CHECK_TEXT(samqp_error_endpoint(NULL), "");
    CHECK(samqp_error_reply_code(NULL) == 0);
    CHECK(samqp_error_errno(NULL) == 0);
    CHECK(samqp_error_is_retriable(NULL) == 0);
    samqp_error_free(NULL);
    return finish();
}
