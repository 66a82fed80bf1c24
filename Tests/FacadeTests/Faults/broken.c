/* Runs: no-link. A check that does not hold. */
#include "../Programs/check.h"

int main(void)
{
    CHECK_TEXT("one", "another");
    return finish();
}
