/* Runs: broker asan forks. fork(2) under traffic: the child gets codes and writes nothing, the parent loses nothing, exec(2) inherits nothing. */
#include "session.h"

static samqp_options *options;
static samqp_client *client;
static samqp_events *events;
static samqp_publisher *publisher;
static samqp_consumer *consumer;
static samqp_channel *channel;
static samqp_delivery *delivery;
static samqp_event *event;
static samqp_error *an_error;
static char queue[64];

/* The child's own CHECK: no exit handlers, whatever happens. */
#define CHILD(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold in the child: %s\n", __FILE__, __LINE__, #condition);                \
            _exit(9);                                                                                                  \
        }                                                                                                              \
    } while (0)

static void free_all(void)
{
    samqp_error_free(an_error);
    samqp_event_free(event);
    samqp_delivery_free(delivery);
    samqp_channel_free(channel);
    samqp_consumer_free(consumer);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    samqp_client_free(client);
    samqp_options_free(options);
}

static void child(void)
{
    samqp_error *error = NULL;
    samqp_delivery *got = NULL;
    samqp_event *taken = NULL;
    samqp_client *made = NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_stats stats = {.struct_size = sizeof stats};
    samqp_drain_report report = {.struct_size = sizeof report};
    size_t length;
    uint64_t tag = 77;
    /* What hangs here hangs in a lock that nobody holds. */
    alarm(20);
#define FORKED(call) CHILD((call) == SAMQP_ERR_FORKED)
    FORKED(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, &tag, &error));
    CHILD(tag == 0 && samqp_error_code(error) == SAMQP_ERR_FORKED && strlen(samqp_error_message(error)) > 0);
    samqp_error_free(error);
    FORKED(samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, -1, NULL));
    FORKED(samqp_publisher_flush(publisher, -1, NULL, NULL));
    CHILD(samqp_publisher_unconfirmed(publisher) == 0);
    FORKED(samqp_events_poll(events, -1, &taken));
    FORKED(samqp_events_fd(events));
    FORKED(samqp_events_wakeup(events));
    CHILD(samqp_events_count(events) == 0 && samqp_events_new(0) == NULL);
    FORKED(samqp_consumer_poll(consumer, -1, &got, NULL));
    FORKED(samqp_consumer_cancel(consumer, -1, NULL));
    FORKED(samqp_delivery_ack(delivery, 0));
    FORKED(samqp_delivery_nack(delivery, SAMQP_REQUEUE));
    CHILD(samqp_delivery_body(delivery, &length) != NULL && samqp_delivery_is_stale(delivery) == 1);
    CHILD(samqp_event_get_type(event) != 0 && samqp_event_take_delivery(event) == NULL);
    FORKED(samqp_channel_get(channel, queue, 0, -1, &got, NULL));
    FORKED(samqp_channel_close(channel, -1, NULL));
    CHILD(samqp_channel_is_open(channel) == 0);
    FORKED(samqp_queue_status(client, queue, &info, -1, NULL));
    FORKED(samqp_client_state(client));
    FORKED(samqp_client_health(client, NULL));
    FORKED(samqp_client_is_live(client, 0));
    FORKED(samqp_client_stats(client, &stats));
    FORKED(samqp_client_drain(client, -1, &report, NULL));
    FORKED(samqp_client_close(client, NULL));
    FORKED(samqp_client_open(&made, options, NULL, NULL, -1, NULL));
    FORKED(samqp_client_start(&made, options, NULL, NULL, NULL));
    CHILD(made == NULL && samqp_version() == SAMQP_VERSION);
#undef FORKED
    free_all();
}

/* ------------------------------------------------------------------------------------------------ Traffic */

static _Atomic int is_over, published, consumed;

static void *publish(void *argument)
{
    samqp_error *error = NULL;
    samqp_publisher *own = argument;
    char body[16];
    while (!is_over) {
        int length = snprintf(body, sizeof body, "%d", (int)published);
        CHECK_STATUS(
            samqp_publish_wait(own, "", queue, NULL, body, (size_t)length, 0, LONG_MS, &error), SAMQP_OK, error);
        published++;
    }
    return NULL;
}

static void *take(void *argument)
{
    samqp_consumer *own = argument;
    samqp_delivery *got;
    for (;;) {
        int32_t count = samqp_consumer_poll(own, 100, &got, NULL);
        if (count == SAMQP_ERR_CLOSED) return NULL;
        CHECK(count >= 0);
        if (count == 0) continue;
        /* In order, none missing, none twice. */
        CHECK(number_of(got) == consumed && samqp_delivery_redelivered(got) == 0);
        CHECK(samqp_delivery_ack(got, 0) == SAMQP_OK);
        samqp_delivery_free(got);
        consumed++;
    }
}

/* The descriptors of this process, as a text: "0 1 2 ". */
static void list_descriptors(char *out, size_t size)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    CHECK(directory != NULL);
    out[0] = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory)) continue;
        CHECK(strlen(out) + 16 < size);
        sprintf(out + strlen(out), "%s ", entry->d_name);
    }
    closedir(directory);
}

/* The program that a child becomes has what this one began with, and nothing of the library. */
static void check_exec(char *before)
{
    pid_t pid = fork();
    int status;
    CHECK(pid >= 0);
    if (pid == 0) {
        execl("/proc/self/exe", "fork", before, (char *)NULL);
        _exit(9);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int count, char **arguments)
{
    samqp_error *error = NULL;
    pthread_t publisher_thread, consumer_thread;
    samqp_publisher *busy;
    samqp_consumer *busy_consumer;
    char other[64];
    int turn;
    double end = seconds() + LONG_MS / 1000;
    static char descriptors_before[4096];
    list_descriptors(descriptors_before, sizeof descriptors_before);
    if (count > 1) {
        /* This is the program after exec. */
        CHECK_TEXT(descriptors_before, arguments[1]);
        return 0;
    }
    watchdog(100);
    options = broker_options();
    events = samqp_events_new(0);
    client = open_client(events, NULL);
    declare(client, queue_name(queue, "fork"));
    declare(client, queue_name(other, "fork"));
    fill(client, other, 3);
    publisher = open_publisher(client, NULL, events, NULL);
    consumer = consume(client, other, NULL, NULL, NULL);
    delivery = poll_delivery(consumer);
    CHECK_STATUS(samqp_channel_open(&channel, client, LONG_MS, &error), SAMQP_OK, error);
    CHECK(samqp_publish(publisher, "", other, NULL, "x", 1, 8, NULL, NULL, &an_error) < 0);
    event = next_event(events);
    busy = open_publisher(client, NULL, NULL, NULL);
    busy_consumer = consume(client, queue, NULL, NULL, NULL);
    CHECK(pthread_create(&publisher_thread, NULL, publish, busy) == 0);
    CHECK(pthread_create(&consumer_thread, NULL, take, busy_consumer) == 0);
    for (turn = 0; turn < 100; turn++) {
        int status, before = published;
        pid_t pid;
        fflush(NULL);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            child();
            /* With exit handlers and without. */
            if (turn % 2) exit(0);
            _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "child %d ended with %x\n", turn, status);
            exit(1);
        }
        for (; published == before; nap(1)) CHECK(seconds() < end + LONG_MS / 1000);
    }
    check_exec(descriptors_before);
    is_over = 1;
    CHECK(pthread_join(publisher_thread, NULL) == 0);
    for (; consumed < published; nap(5)) CHECK(seconds() < end + LONG_MS / 1000);
    CHECK_STATUS(samqp_consumer_cancel(busy_consumer, LONG_MS, &error), SAMQP_OK, error);
    CHECK(pthread_join(consumer_thread, NULL) == 0);
    /* What the children were told about is the parent's as before. */
    CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
    {
        samqp_stats stats = stats_of(client);
        CHECK(stats.unknown == 0 && stats.nacked == 0 && stats.stale == 0);
    }
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    await_messages(client, other, 2);
    await_messages(client, queue, 0);
    delete_queue(client, queue);
    delete_queue(client, other);
    samqp_publisher_free(busy);
    samqp_consumer_free(busy_consumer);
    CHECK(samqp_client_drain(client, LONG_MS, NULL, NULL) == SAMQP_OK);
    free_all();
    return finish();
}
