/* Runs: asan valgrind. Reads what it has borrowed from a handle after that was freed. */
#include <swiftamqp.h>

#include "../Programs/check.h"

int main(void)
{
    samqp_options *options = samqp_options_new();
    samqp_error *error = NULL;
    const char *message;
    CHECK(samqp_options_set(options, "no.such.key", "1", &error) == SAMQP_ERR_INVALID_ARGUMENT);
    message = samqp_error_message(error);
    CHECK(strlen(message) > 0);
    samqp_error_free(error);
    CHECK(strlen(message) > 0);
    samqp_options_free(options);
    return finish();
}
