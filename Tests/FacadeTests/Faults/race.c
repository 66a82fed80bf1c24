/* Runs: tsan. Two threads change a number of the program's own without a lock, while the library works beside them. */
#include <pthread.h>
#include <swiftamqp.h>

#include "../Programs/check.h"

static int number;

static void *change(void *unused)
{
    int turn;
    (void)unused;
    for (turn = 0; turn < 1000; turn++) {
        samqp_options *options = samqp_options_new();
        number++;
        samqp_options_free(options);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    CHECK(pthread_create(&threads[0], NULL, change, NULL) == 0);
    CHECK(pthread_create(&threads[1], NULL, change, NULL) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
    return finish();
}
