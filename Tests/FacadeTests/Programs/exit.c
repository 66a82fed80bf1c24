/* Runs: broker asan. A program that just ends, by exit or by returning from main, with everything of the library at work. */
#include "session.h"

static _Atomic int handled, told;

static int32_t handle(samqp_delivery *delivery, void *user)
{
    (void)delivery;
    (void)user;
    handled++;
    return SAMQP_SETTLE_ACK;
}

static int32_t sleep_long(samqp_delivery *delivery, void *user)
{
    (void)delivery;
    (void)user;
    nap(600000);
    return SAMQP_SETTLE_ACK;
}

static void on_event(samqp_event *event, void *user)
{
    (void)user;
    samqp_event_free(event);
    told++;
}

static void *publish(void *argument)
{
    char **arguments = argument;
    for (;;) {
        samqp_status status =
            samqp_publish((samqp_publisher *)arguments[0], "", arguments[1], NULL, "0", 1, 0, NULL, NULL, NULL);
        if (status == SAMQP_ERR_WOULD_BLOCK) nap(1); else CHECK(status == SAMQP_OK);
    }
}

static void *wait_for_ever(void *events)
{
    samqp_event *event;
    while (samqp_events_poll(events, -1, &event) >= 0) samqp_event_free(event);
    return NULL;
}

/* Everything at work; then it ends, in this or that way. */
static void work(const char *queue, const char *other)
{
    static char *arguments[2];
    samqp_events *events = samqp_events_new(1000), *polled = samqp_events_new(0);
    samqp_client *client = open_client(events, NULL);
    samqp_options *options = samqp_options_new();
    samqp_consumer *busy = NULL, *asleep = NULL;
    pthread_t thread;
    double end = seconds() + LONG_MS / 1000;
    CHECK(samqp_options_set_int(options, "consumer.max_concurrency", 4, NULL) == SAMQP_OK);
    CHECK(samqp_events_dispatch(events, on_event, NULL, NULL) == SAMQP_OK);
    arguments[0] = (char *)open_publisher(client, NULL, events, NULL);
    arguments[1] = (char *)queue;
    CHECK(samqp_consume_handler(&busy, client, queue, options, handle, events, NULL, NULL) == SAMQP_OK);
    fill(client, other, 4);
    CHECK(samqp_consume_handler(&asleep, client, other, options, sleep_long, NULL, NULL, NULL) == SAMQP_OK);
    CHECK(pthread_create(&thread, NULL, publish, arguments) == 0);
    CHECK(pthread_create(&thread, NULL, wait_for_ever, polled) == 0);
    for (; handled < 20 || told < 20; nap(1)) CHECK(seconds() < end);
}

static void run(char *program, const char *how, const char *queue, const char *other)
{
    extern char **environ;
    char *arguments[] = {program, (char *)how, (char *)queue, (char *)other, NULL};
    pid_t child;
    int status;
    CHECK(posix_spawn(&child, program, NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) {
        fprintf(stderr, "\"%s\" ended with status %x\n", how, status);
        exit(1);
    }
}

int main(int count, char **arguments)
{
    samqp_client *client;
    char queue[64], other[64];
    int turn;
    watchdog(count > 1 ? 30 : 90);
    if (count > 3) {
        work(arguments[2], arguments[3]);
        if (strcmp(arguments[1], "return") == 0) return 7;
        if (strcmp(arguments[1], "exit") == 0) exit(7);
        _exit(7);
    }
    client = open_client(NULL, NULL);
    declare(client, queue_name(queue, "exit"));
    declare(client, queue_name(other, "exit"));
    for (turn = 0; turn < 5; turn++) {
        run(arguments[0], "return", queue, other);
        run(arguments[0], "exit", queue, other);
        run(arguments[0], "_exit", queue, other);
    }
    /* What they had goes back. */
    await_messages(client, other, 60);
    delete_queue(client, queue);
    return finish_with(client, other);
}
