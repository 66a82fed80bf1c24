/* What all examples have in common: their arguments, and the end of a program that cannot go on. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <swiftamqp.h>

/* Ends the program with what went wrong. A program that serves others would release what it has, and go on. */
static inline void fail(const char *what, const samqp_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", what, samqp_status_name(samqp_error_code(error)), samqp_error_message(error));
    exit(1);
}

static inline void fail_errno(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

/* For the functions that give a status and no error. */
static inline void expect_ok(const char *what, int64_t status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", what, samqp_status_name((samqp_status)status));
    exit(1);
}

/* Options with the broker that AMQP_URL names. */
static inline samqp_options *options_from_environment(void)
{
    const char *url = getenv("AMQP_URL");
    samqp_options *options = samqp_options_new();
    samqp_error *error = NULL;
    if (samqp_options_add_endpoint(options, url != NULL ? url : "amqp://guest:guest@localhost/", &error) != SAMQP_OK) {
        fail("AMQP_URL", error);
    }
    return options;
}

/* Two arguments: the name of a queue, and a number. */
static inline unsigned long arguments(int argc, char **argv, const char **queue)
{
    char *end = NULL;
    unsigned long count = 0;
    if (argc == 3) count = strtoul(argv[2], &end, 10);
    if (argc != 3 || end == argv[2] || *end != '\0') {
        fprintf(stderr, "usage: %s QUEUE COUNT\n", argv[0]);
        exit(64);
    }
    *queue = argv[1];
    return count;
}

#endif
