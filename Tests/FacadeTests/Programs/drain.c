/* Runs: broker asan valgrind. Drain: what was given out and handed in is ended in good order, or in time; after it, nothing goes. */
#include "session.h"

/* Everything of a client that was drained says so. */
static void check_closed(
    samqp_client *client, samqp_publisher *publisher, samqp_consumer *consumer, const char *queue, int is_late)
{
    samqp_error *error = NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_stats stats;
    samqp_drain_report report = {.struct_size = sizeof report};
    samqp_delivery *delivery = NULL;
    samqp_consumer *begun = NULL;
    samqp_channel *channel = NULL;
    samqp_publisher *opened = NULL;
#define CLOSED(call)                                                                                                   \
    CHECK_STATUS(call, SAMQP_ERR_CLOSED, error);                                                                       \
    samqp_error_free(error)
    CHECK(samqp_client_state(client) == SAMQP_STATE_CLOSED && samqp_client_is_live(client, INT64_MAX) == 0);
    CLOSED(samqp_client_health(client, &error));
    CLOSED(samqp_client_wait(client, 0, &error));
    CLOSED(samqp_client_wait(client, -1, &error));
    CLOSED(samqp_queue_status(client, queue, &info, LONG_MS, &error));
    CLOSED(samqp_declare_queue(client, queue, 0, NULL, NULL, LONG_MS, &error));
    CLOSED(samqp_purge_queue(client, queue, NULL, LONG_MS, &error));
    CLOSED(samqp_channel_open(&channel, client, LONG_MS, &error));
    CLOSED(samqp_consume(&begun, client, queue, NULL, NULL, NULL, LONG_MS, &error));
    CLOSED(samqp_consume(&begun, client, queue, NULL, NULL, NULL, 0, &error));
    CLOSED(samqp_publisher_open(&opened, client, NULL, NULL, NULL, &error));
    CHECK(channel == NULL && begun == NULL && opened == NULL);
    if (publisher != NULL) { CLOSED(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, &error)); }
    if (consumer != NULL) {
        CLOSED(samqp_consumer_poll(consumer, LONG_MS, &delivery, &error));
        CHECK(delivery == NULL);
        /* It has ended; what it did not settle in time it did not settle. */
        samqp_status status = samqp_consumer_cancel(consumer, LONG_MS, &error);
        CHECK(status == SAMQP_OK || (status == SAMQP_ERR_TIMEOUT && is_late));
        samqp_error_free(error);
    }
#undef CLOSED
    /* Its figures stay. */
    stats = stats_of(client);
    CHECK(stats.consumers == 0 && stats.unconfirmed == 0);
    CHECK(stats.published == stats.confirmed + stats.nacked + stats.returned + stats.unknown + stats.not_sent);
    /* Whoever drains again gets the report of the first time. */
    (void)samqp_client_drain(client, LONG_MS, &report, NULL);
    CHECK(samqp_client_close(client, NULL) == SAMQP_OK);
}

/* Settled while the drain waits for it. */
struct settler {
    samqp_delivery *deliveries[8];
    int count;
    samqp_client *client;
};

static void *settle(void *argument)
{
    struct settler *settler = argument;
    int index;
    double end = seconds() + LONG_MS / 1000;
    for (; samqp_client_state(settler->client) != SAMQP_STATE_CLOSING; nap(1)) CHECK(seconds() < end);
    for (index = 0; index < settler->count; index++) {
        nap(5);
        CHECK(samqp_delivery_ack(settler->deliveries[index], 0) == SAMQP_OK);
    }
    return NULL;
}

static void settled(const char *queue)
{
    samqp_client *client = open_client(NULL, NULL);
    struct settler settler = {.count = 8, .client = client};
    samqp_consumer *consumer;
    samqp_drain_report report = {.struct_size = sizeof report}, again = report;
    samqp_error *error = NULL;
    samqp_options *options = samqp_options_new();
    pthread_t thread;
    int index;
    CHECK(samqp_options_set_int(options, "consumer.prefetch", 20, NULL) == SAMQP_OK);
    fill(client, queue, 20);
    consumer = consume(client, queue, options, NULL, NULL);
    for (index = 0; index < 8; index++) settler.deliveries[index] = poll_delivery(consumer);
    CHECK(pthread_create(&thread, NULL, settle, &settler) == 0);
    CHECK_STATUS(samqp_client_drain(client, LONG_MS, &report, &error), SAMQP_OK, error);
    CHECK(pthread_join(thread, NULL) == 0);
    if (report.acked != 8) fprintf(stderr, "acked %d\n", (int)report.acked);
    CHECK(report.struct_size == sizeof report && report.acked == 8 && report.timed_out == 0);
    CHECK(report.handled == 0 && report.abandoned == 0 && report.unfinished_handlers == 0);
    CHECK_STATUS(samqp_client_drain(client, 0, &again, &error), SAMQP_OK, error);
    CHECK(memcmp(&report, &again, sizeof report) == 0);
    check_closed(client, NULL, consumer, queue, 0);
    for (index = 0; index < 8; index++) samqp_delivery_free(settler.deliveries[index]);
    samqp_consumer_free(consumer);
    samqp_client_free(client);
    samqp_options_free(options);
}

/* Never settled: the time runs out, and it goes back. */
static void unsettled(samqp_client *watcher, const char *queue)
{
    samqp_client *client = open_client(NULL, NULL);
    samqp_consumer *consumer;
    samqp_delivery *kept;
    samqp_drain_report report = {.struct_size = sizeof report};
    samqp_error *error = NULL;
    double start;
    await_messages(watcher, queue, 12);
    consumer = consume(client, queue, NULL, NULL, NULL);
    kept = poll_delivery(consumer);
    start = seconds();
    CHECK_STATUS(samqp_client_drain(client, 300, &report, &error), SAMQP_ERR_TIMEOUT, error);
    samqp_error_free(error);
    CHECK(report.timed_out == 1 && report.acked == 0);
    if (!is_slow()) CHECK(seconds() - start >= 0.29 && seconds() - start < 0.3 + 0.25 + 0.5);
    CHECK(samqp_delivery_ack(kept, 0) != SAMQP_OK && samqp_delivery_is_stale(kept) == 1);
    check_closed(client, NULL, consumer, queue, 1);
    samqp_delivery_free(kept);
    samqp_consumer_free(consumer);
    samqp_client_free(client);
    await_messages(watcher, queue, 12);
    purge(watcher, queue);
}

struct drainer {
    samqp_client *client;
    samqp_drain_report report;
    samqp_status status;
};

static void *drain(void *argument)
{
    struct drainer *drainer = argument;
    drainer->report.struct_size = sizeof drainer->report;
    drainer->status = samqp_client_drain(drainer->client, LONG_MS, &drainer->report, NULL);
    return NULL;
}

/* Publishes under way get their outcomes; several threads drain at once, and get one report. */
static void publishing(samqp_client *watcher, const char *queue, int64_t timeout)
{
    int count = is_slow() ? 100 : 1000, index, done = 0, confirmed = 0, unknown = 0, not_sent = 0;
    samqp_client *client = open_client(NULL, NULL);
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_error *error = NULL;
    struct drainer drainers[3];
    pthread_t threads[3];
    samqp_drain_report report = {.struct_size = sizeof report};
    samqp_event *event;
    samqp_status status;
    double start;
    for (index = 0; index < count; index++) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    start = seconds();
    if (timeout == 0) {
        status = samqp_client_drain(client, 0, &report, &error);
        CHECK(status == SAMQP_OK || status == SAMQP_ERR_TIMEOUT);
        samqp_error_free(error);
        if (!is_slow()) CHECK(seconds() - start < 0.25 + 0.5);
        CHECK(report.timed_out == (status == SAMQP_ERR_TIMEOUT));
    } else {
        for (index = 0; index < 3; index++) {
            drainers[index].client = client;
            CHECK(pthread_create(&threads[index], NULL, drain, &drainers[index]) == 0);
        }
        for (index = 0; index < 3; index++) {
            CHECK(pthread_join(threads[index], NULL) == 0 && drainers[index].status == SAMQP_OK);
            CHECK(memcmp(&drainers[index].report, &drainers[0].report, sizeof report) == 0);
        }
        report = drainers[0].report;
        CHECK(report.unconfirmed == 0 && report.abandoned == 0 && report.timed_out == 0);
    }
    CHECK(samqp_publisher_unconfirmed(publisher) == 0);
    while (samqp_events_poll(events, 0, &event) == 1) {
        if (samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM) {
            done++;
            switch (samqp_event_status(event)) {
            case SAMQP_OK: confirmed++; break;
            case SAMQP_ERR_UNKNOWN: unknown++; break;
            case SAMQP_ERR_NOT_SENT: not_sent++; break;
            default: CHECK(0);
            }
        }
        samqp_event_free(event);
    }
    CHECK(done == count && (timeout == 0 || confirmed == count));
    /* What the report says is what the events said: some were confirmed before the drain. */
    CHECK(report.confirmed <= (uint64_t)confirmed && report.unconfirmed <= (uint64_t)unknown);
    CHECK(unknown + not_sent == 0 || (uint64_t)(unknown + not_sent) >= report.unconfirmed);
    check_closed(client, publisher, NULL, queue, 0);
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_events_free(events);
    {
        uint64_t there = messages_in(watcher, queue);
        CHECK(there >= (uint64_t)confirmed && there <= (uint64_t)(confirmed + unknown));
    }
    purge(watcher, queue);
}

/* Handlers end what they have; one that does not is counted. */
struct slow {
    _Atomic int begun, is_free, finished;
};

static int32_t work(samqp_delivery *delivery, void *user)
{
    struct slow *slow = user;
    double end = seconds() + LONG_MS / 1000;
    (void)delivery;
    slow->begun++;
    for (; !slow->is_free; nap(5)) CHECK(seconds() < end);
    slow->finished++;
    return SAMQP_SETTLE_ACK;
}

static void *set_free(void *argument)
{
    struct slow *slow = argument;
    nap(100);
    slow->is_free = 1;
    return NULL;
}

static void handling(samqp_client *watcher, const char *queue, int is_late)
{
    static struct slow slow;
    samqp_client *client = open_client(NULL, NULL);
    samqp_options *options = samqp_options_new();
    samqp_consumer *consumer = NULL;
    samqp_drain_report report = {.struct_size = sizeof report};
    samqp_error *error = NULL;
    pthread_t thread;
    double end = seconds() + LONG_MS / 1000;
    memset(&slow, 0, sizeof slow);
    CHECK(samqp_options_set_int(options, "consumer.max_concurrency", 4, NULL) == SAMQP_OK);
    fill(client, queue, 10);
    CHECK_STATUS(
        samqp_consume_handler(&consumer, client, queue, options, work, NULL, &slow, &error), SAMQP_OK, error);
    for (; slow.begun < 4; nap(1)) CHECK(seconds() < end);
    if (!is_late) CHECK(pthread_create(&thread, NULL, set_free, &slow) == 0);
    CHECK_STATUS(
        samqp_client_drain(client, is_late ? 100 : LONG_MS, &report, &error), is_late ? SAMQP_ERR_TIMEOUT : SAMQP_OK,
        error);
    samqp_error_free(error);
    if (is_late) {
        CHECK(report.timed_out == 1 && report.unfinished_handlers == 4 && report.handled == 0);
        slow.is_free = 1;
    } else {
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(report.handled == 4 && report.acked == 4 && report.unfinished_handlers == 0);
        CHECK(slow.begun == 4 && slow.finished == 4);
    }
    check_closed(client, NULL, NULL, queue, 0);
    for (; slow.finished < slow.begun; nap(1)) CHECK(seconds() < end);
    samqp_consumer_free(consumer);
    samqp_client_free(client);
    samqp_options_free(options);
    await_messages(watcher, queue, is_late ? 10 : 6);
    purge(watcher, queue);
}

/* A struct that cannot be filled ends nothing. */
static void bad_struct(const char *queue)
{
    samqp_client *client = open_client(NULL, NULL);
    samqp_drain_report report = {.struct_size = 8};
    CHECK(samqp_client_drain(client, LONG_MS, &report, NULL) == SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(samqp_client_state(client) == SAMQP_STATE_OPEN);
    CHECK(messages_in(client, queue) == 0);
    CHECK(samqp_client_drain(client, -1, NULL, NULL) == SAMQP_OK);
    check_closed(client, NULL, NULL, queue, 0);
    samqp_client_free(client);
}

int main(void)
{
    char queue[64];
    samqp_client *watcher = begin(queue, "drain");
    bad_struct(queue);
    settled(queue);
    unsettled(watcher, queue);
    publishing(watcher, queue, LONG_MS);
    publishing(watcher, queue, 0);
    handling(watcher, queue, 0);
    handling(watcher, queue, 1);
    return finish_with(watcher, queue);
}
