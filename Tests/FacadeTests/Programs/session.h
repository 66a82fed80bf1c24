/* What programs with a broker have in common: a client, queues of their own, events by their type, and a watchdog. */
#ifndef SESSION_H
#define SESSION_H

#include <swiftamqp.h>

#include <dirent.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* How long anything may take that is not a deadline by itself. */
#define LONG_MS 30000

/* Whether valgrind or a sanitizer in the library slows this down: then there is less of everything. */
static inline int is_slow(void)
{
    const char *preload = getenv("LD_PRELOAD"), *scale = getenv("SWIFTAMQP_TEST_DEADLINE_SCALE");
    return (preload != NULL && strstr(preload, "valgrind") != NULL) || (scale != NULL && atoi(scale) > 1);
}

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline void nap(int milliseconds)
{
    struct timespec left = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0) {}
}

/* ------------------------------------------------------------------------------------------------ Watchdog */

static void *watchdog_thread(void *limit)
{
    extern char **environ;
    char pid[16];
    char *arguments[] = {"gdb", "-batch", "-nx", "-p", pid, "-ex", "set pagination off", "-ex",
        "thread apply all bt 30", NULL};
    pid_t child;
    nap((int)(intptr_t)limit * 1000);
    fprintf(stderr, "still running after %d s\n", (int)(intptr_t)limit);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (posix_spawnp(&child, "gdb", NULL, NULL, arguments, environ) == 0) waitpid(child, NULL, 0);
    _exit(3);
}

/* Ends the program with the stacks of its threads, where gdb is there, if it is not done in time. */
static inline void watchdog(int limit)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, watchdog_thread, (void *)(intptr_t)(is_slow() ? limit * 3 : limit)) == 0);
    CHECK(pthread_detach(thread) == 0);
}

/* ------------------------------------------------------------------------------------------------ Clients and queues */

static inline samqp_options *broker_options(void)
{
    samqp_options *options = samqp_options_new();
    samqp_error *error = NULL;
    CHECK(options != NULL);
    CHECK_STATUS(samqp_options_add_endpoint(options, broker_url(), &error), SAMQP_OK, error);
    return options;
}

static inline samqp_client *open_client(samqp_events *events, void *user)
{
    samqp_options *options = broker_options();
    samqp_client *client = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_client_open(&client, options, events, user, LONG_MS, &error), SAMQP_OK, error);
    CHECK(client != NULL && error == NULL);
    samqp_options_free(options);
    return client;
}

/* The name of a queue that only this program has. `out` has 64 bytes. */
static inline const char *queue_name(char *out, const char *what)
{
    static _Atomic int number;
    snprintf(out, 64, "facade-%s-%d-%d", what, (int)getpid(), ++number);
    return out;
}

static inline void declare(samqp_client *client, const char *queue)
{
    samqp_error *error = NULL;
    samqp_table *arguments = samqp_table_new();
    /* What a program that fails leaves behind goes by itself. */
    CHECK(samqp_table_set_int(arguments, "x-expires", 300000, SAMQP_KIND_INT32) == SAMQP_OK);
    CHECK_STATUS(
        samqp_declare_queue(client, queue, SAMQP_DURABLE, arguments, NULL, LONG_MS, &error), SAMQP_OK, error);
    samqp_table_free(arguments);
}

static inline void delete_queue(samqp_client *client, const char *queue)
{
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_delete_queue(client, queue, 0, NULL, LONG_MS, &error), SAMQP_OK, error);
}

static inline void purge(samqp_client *client, const char *queue)
{
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_purge_queue(client, queue, NULL, LONG_MS, &error), SAMQP_OK, error);
}

static inline uint64_t messages_in(samqp_client *client, const char *queue)
{
    samqp_error *error = NULL;
    samqp_queue_info info;
    info.struct_size = sizeof info;
    CHECK_STATUS(samqp_queue_status(client, queue, &info, LONG_MS, &error), SAMQP_OK, error);
    return info.messages;
}

/* Waits until so many messages are ready in the queue. */
static inline void await_messages(samqp_client *client, const char *queue, uint64_t count)
{
    double end = seconds() + LONG_MS / 1000;
    uint64_t there;
    while ((there = messages_in(client, queue)) != count) {
        if (seconds() > end) {
            fprintf(stderr, "%s has %d messages, not %d\n", queue, (int)there, (int)count);
            exit(1);
        }
        nap(20);
    }
}

/* What most programs begin with: a client, and a queue of the program's own. `queue` has 64 bytes. */
static inline samqp_client *begin(char *queue, const char *what)
{
    samqp_client *client;
    watchdog(60);
    client = open_client(NULL, NULL);
    declare(client, queue_name(queue, what));
    return client;
}

/* What they end with. */
static inline int finish_with(samqp_client *client, const char *queue)
{
    samqp_error *error = NULL;
    delete_queue(client, queue);
    CHECK_STATUS(samqp_client_drain(client, LONG_MS, NULL, &error), SAMQP_OK, error);
    samqp_client_free(client);
    return finish();
}

static inline samqp_stats stats_of(const samqp_client *client)
{
    samqp_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK(samqp_client_stats(client, &stats) == SAMQP_OK);
    return stats;
}

static inline samqp_publisher *open_publisher(
    samqp_client *client, const samqp_options *options, samqp_events *events, void *user)
{
    samqp_publisher *publisher = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_publisher_open(&publisher, client, options, events, user, &error), SAMQP_OK, error);
    CHECK(publisher != NULL);
    return publisher;
}

/* Puts messages with the bodies "0", "1", ... into a queue. */
static inline void fill(samqp_client *client, const char *queue, int count)
{
    samqp_publisher *publisher = open_publisher(client, NULL, NULL, NULL);
    samqp_error *error = NULL;
    uint64_t failed = 77;
    int index;
    for (index = 0; index < count; index++) {
        char body[16];
        int length = snprintf(body, sizeof body, "%d", index);
        CHECK_STATUS(
            samqp_publish(publisher, "", queue, NULL, body, (size_t)length, 0, NULL, NULL, &error), SAMQP_OK, error);
    }
    CHECK_STATUS(samqp_publisher_flush(publisher, LONG_MS, &failed, &error), SAMQP_OK, error);
    CHECK(failed == 0);
    samqp_publisher_free(publisher);
}

static inline samqp_consumer *consume(
    samqp_client *client, const char *queue, const samqp_options *options, samqp_events *events, void *user)
{
    samqp_consumer *consumer = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(
        samqp_consume(&consumer, client, queue, options, events, user, LONG_MS, &error), SAMQP_OK, error);
    CHECK(consumer != NULL);
    return consumer;
}

/* The number that `fill` wrote into a message. */
static inline int number_of(const samqp_delivery *delivery)
{
    size_t length = 0;
    const char *body = samqp_delivery_body(delivery, &length);
    char text[16] = "";
    CHECK(body != NULL && length < sizeof text);
    memcpy(text, body, length);
    return atoi(text);
}

/* The next delivery of a consumer that is polled. */
static inline samqp_delivery *poll_delivery(samqp_consumer *consumer)
{
    samqp_delivery *delivery = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_consumer_poll(consumer, LONG_MS, &delivery, &error), 1, error);
    CHECK(delivery != NULL);
    return delivery;
}

/* ------------------------------------------------------------------------------------------------ Events */

/* The next event; the program ends if none comes. */
static inline samqp_event *next_event(samqp_events *events)
{
    samqp_event *event = NULL;
    int32_t count;
    /* 0 is no end: a delivery may have gone back. */
    double end = seconds() + LONG_MS / 1000;
    do {
        count = samqp_events_poll(events, LONG_MS, &event);
    } while (count == 0 && seconds() < end);
    CHECK(count == 1 && event != NULL);
    return event;
}

/* The next event of a type. Others are dropped on the way. */
static inline samqp_event *event_of(samqp_events *events, samqp_event_type type)
{
    for (;;) {
        samqp_event *event = next_event(events);
        if (samqp_event_get_type(event) == type) return event;
        samqp_event_free(event);
    }
}

/* Waits for the event that ends a consumer; deliveries before it are given back. */
static inline void await_end(samqp_events *events, void *user)
{
    for (;;) {
        samqp_event *event = event_of(events, SAMQP_EVENT_CONSUMER);
        int is_end = samqp_event_int(event) == SAMQP_CONSUMER_ENDED && samqp_event_user(event) == user;
        samqp_event_free(event);
        if (is_end) return;
    }
}

/* ------------------------------------------------------------------------------------------------ What is left */

static inline int entries_of(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int count = 0;
    CHECK(directory != NULL);
    while ((entry = readdir(directory)) != NULL) if (entry->d_name[0] != '.') count++;
    closedir(directory);
    return count;
}

/* Descriptors and threads of this process. */
static inline int descriptors(void) { return entries_of("/proc/self/fd"); }
static inline int threads(void) { return entries_of("/proc/self/task"); }

#endif
