/* Runs: valgrind. Loses a handle of the library. */
#include <swiftamqp.h>

#include "../Programs/check.h"

static void lose(void)
{
    CHECK(samqp_options_new() != NULL);
}

int main(void)
{
    lose();
    return finish();
}
