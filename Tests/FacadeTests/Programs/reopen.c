/* Runs: valgrind no-link. dlopen and dlclose, again and again, from several threads. LIBRARY names the library. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>

#include "check.h"

static void *reopen(void *path)
{
    int turn;
    for (turn = 0; turn < 100; turn++) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        uint32_t (*version)(void);
        const char *(*message)(const void *);
        if (library == NULL) fprintf(stderr, "%s\n", dlerror());
        CHECK(library != NULL);
        /* ISO C has no conversion of an object pointer to one of a function; POSIX has this. */
        *(void **)&version = dlsym(library, "samqp_version");
        *(void **)&message = dlsym(library, "samqp_error_message");
        CHECK(version != NULL && version() > 0);
        CHECK(message != NULL);
        CHECK_TEXT(message(NULL), "");
        /* Swift's own symbols are nobody else's business. */
        CHECK(dlsym(library, "swift_retain") == NULL);
        CHECK(dlclose(library) == 0);
        /* It stays in memory, where its threads are. */
        CHECK(version() > 0);
    }
    return NULL;
}

int main(void)
{
    char *path = getenv("LIBRARY");
    pthread_t threads[4];
    size_t index;
    CHECK(path != NULL);
    for (index = 0; index < 4; index++) CHECK(pthread_create(&threads[index], NULL, reopen, path) == 0);
    for (index = 0; index < 4; index++) CHECK(pthread_join(threads[index], NULL) == 0);
    return finish();
}
