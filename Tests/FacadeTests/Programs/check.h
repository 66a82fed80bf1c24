/* What the programs of this folder check with: the first thing that does not hold ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#define CHECK_TEXT(actual, expected)                                                                                   \
    do {                                                                                                               \
        const char *check_actual = (actual);                                                                           \
        if (check_actual == NULL || strcmp(check_actual, (expected)) != 0) {                                           \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #actual,                          \
                check_actual == NULL ? "(null)" : check_actual, (expected));                                           \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The status of a call with an error as its last argument: says the error's text where it is not the expected one. */
#define CHECK_STATUS(call, expected, error)                                                                            \
    do {                                                                                                               \
        samqp_status check_status = (call);                                                                            \
        if (check_status != (expected)) {                                                                              \
            fprintf(stderr, "%s:%d: %s gave %d: %s\n", __FILE__, __LINE__, #call, (int)check_status,                   \
                samqp_error_message(error));                                                                           \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The broker of this run: for programs that say "broker" in their first line. */
static inline const char *broker_url(void)
{
    const char *url = getenv("AMQP_URL");
    if (url == NULL) {
        fprintf(stderr, "AMQP_URL is not set\n");
        exit(1);
    }
    return url;
}

/* The last thing a program does. */
static inline int finish(void)
{
    puts("ok");
    return 0;
}

#endif
