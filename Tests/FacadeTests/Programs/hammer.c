/* Runs: dies. 16 threads publish, consume, open and free while the broker is killed and comes back: nothing is lost. HAMMER_SECONDS says how long. */
#include "session.h"

enum { PUBLISHERS = 4, WAITERS = 2, POLLERS = 3, LISTENERS = 2, HANDLERS = 1, CHURNERS = 3, ASKERS = 1 };
enum { THREADS = PUBLISHERS + WAITERS + POLLERS + LISTENERS + HANDLERS + CHURNERS + ASKERS };
enum { QUEUES = 4, PER_THREAD = 200000 };

/* What became of one message. */
struct record {
    _Atomic unsigned char outcomes, confirmed, absent, consumed;
};

static struct record *records[THREADS];
static _Atomic int counts[THREADS];
static char queues[QUEUES][64];
static samqp_client *shared;
static _Atomic int is_over;
static _Atomic long events_seen, opened, redelivered;

/* ------------------------------------------------------------------------------------------------ Publishing */

static void ended(struct record *record, samqp_status status)
{
    if (status == SAMQP_OK) {
        record->confirmed = 1;
    } else if (status == SAMQP_ERR_NOT_SENT || status == SAMQP_ERR_RETURNED) {
        record->absent = 1;
    } else {
        CHECK(status == SAMQP_ERR_UNKNOWN || status == SAMQP_ERR_NACKED);
    }
    CHECK(record->outcomes++ == 0);
}

/* Takes what there is, and ends the records of confirms. Gives how many. */
static int take(samqp_events *events, int64_t timeout)
{
    samqp_event *batch[32];
    int64_t count = samqp_events_poll_batch(events, timeout, batch, 32), index;
    int done = 0;
    CHECK(count >= 0);
    for (index = 0; index < count; index++) {
        if (samqp_event_get_type(batch[index]) == SAMQP_EVENT_CONFIRM) {
            ended(samqp_event_user(batch[index]), samqp_event_status(batch[index]));
            done++;
        }
        samqp_event_free(batch[index]);
        events_seen++;
    }
    return done;
}

struct message {
    uint32_t thread, number;
};

/* One more of this thread. NULL once there is no room for more. */
static struct record *next_record(int thread, struct message *message)
{
    int number = counts[thread];
    if (number == PER_THREAD) return NULL;
    message->thread = (uint32_t)thread;
    message->number = (uint32_t)number;
    return &records[thread][number];
}

static void publish(int thread)
{
    samqp_events *events = samqp_events_new(256);
    samqp_publisher *publisher = open_publisher(shared, NULL, events, NULL);
    int waiting = 0, turn = 0;
    double end;
    while (!is_over) {
        struct message message;
        struct record *record = next_record(thread, &message);
        samqp_status status = SAMQP_ERR_WOULD_BLOCK;
        if (record != NULL) {
            status = samqp_publish(
                publisher, "", queues[turn % QUEUES], NULL, &message, sizeof message, 0, record, NULL, NULL);
            CHECK(status == SAMQP_OK || status == SAMQP_ERR_WOULD_BLOCK);
        }
        if (status == SAMQP_OK) {
            counts[thread]++;
            waiting++;
            turn++;
        }
        waiting -= take(events, status == SAMQP_OK ? 0 : 50);
        /* Its outcomes come all the same. */
        if (turn % 500 == 499) {
            samqp_publisher_free(publisher);
            publisher = open_publisher(shared, NULL, events, NULL);
            turn++;
            opened++;
        }
    }
    for (end = seconds() + 60; waiting > 0;) {
        CHECK(seconds() < end);
        waiting -= take(events, 100);
    }
    CHECK(waiting == 0);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

static void publish_waiting(int thread)
{
    samqp_publisher *publisher = open_publisher(shared, NULL, NULL, NULL);
    while (!is_over) {
        struct message message;
        struct record *record = next_record(thread, &message);
        if (record == NULL) break;
        counts[thread]++;
        ended(record, samqp_publish_wait(
            publisher, NULL, queues[message.number % QUEUES], NULL, &message, sizeof message, 0,
            message.number % 3 ? 5000 : 20, NULL));
    }
    samqp_publisher_free(publisher);
}

/* ------------------------------------------------------------------------------------------------ Consuming */

static void consumed(samqp_delivery *delivery)
{
    struct message message;
    size_t length;
    const void *body = samqp_delivery_body(delivery, &length);
    CHECK(length == sizeof message);
    memcpy(&message, body, length);
    CHECK(message.thread < THREADS && message.number < PER_THREAD);
    records[message.thread][message.number].consumed = 1;
    if (samqp_delivery_redelivered(delivery)) redelivered++;
}

static void settle(samqp_delivery *delivery, int turn)
{
    samqp_status status = turn % 50 == 49 ? samqp_delivery_nack(delivery, SAMQP_REQUEUE) : samqp_delivery_ack(delivery, 0);
    CHECK(status == SAMQP_OK || status == SAMQP_ERR_STALE || status == SAMQP_ERR_ALREADY_SETTLED);
}

static void poll_some(int thread)
{
    samqp_delivery *batch[16];
    int turn = 0;
    while (!is_over) {
        samqp_consumer *consumer = NULL;
        samqp_status status =
            samqp_consume(&consumer, shared, queues[(thread + turn) % QUEUES], NULL, NULL, NULL, turn % 2 ? 2000 : 0, NULL);
        double end = seconds() + 1.5;
        if (status != SAMQP_OK) {
            /* No connection in time. */
            CHECK(status == SAMQP_ERR_TIMEOUT && consumer == NULL);
            continue;
        }
        opened++;
        while (!is_over && seconds() < end) {
            int64_t count = samqp_consumer_poll_batch(consumer, 50, batch, 16, NULL), index;
            CHECK(count >= 0);
            for (index = 0; index < count; index++) {
                consumed(batch[index]);
                settle(batch[index], turn++);
                samqp_delivery_free(batch[index]);
            }
        }
        if (turn % 3 == 0) {
            status = samqp_consumer_cancel(consumer, 500, NULL);
            CHECK(status == SAMQP_OK || status == SAMQP_ERR_TIMEOUT);
        }
        samqp_consumer_free(consumer);
        turn++;
    }
}

static void listen_some(int thread)
{
    samqp_events *events = samqp_events_new(0);
    int turn = 0, begun = 0, over = 0;
    double end;
    while (!is_over) {
        samqp_consumer *consumer = NULL;
        CHECK(samqp_consume(&consumer, shared, queues[(thread + turn) % QUEUES], NULL, events, &begun, 0, NULL) == SAMQP_OK);
        begun++;
        opened++;
        for (end = seconds() + 1; !is_over && seconds() < end;) {
            samqp_event *event;
            if (samqp_events_poll(events, 50, &event) != 1) continue;
            if (samqp_event_get_type(event) == SAMQP_EVENT_DELIVERY && turn % 20 != 19) {
                samqp_delivery *delivery = samqp_event_take_delivery(event);
                consumed(delivery);
                settle(delivery, turn);
                samqp_delivery_free(delivery);
            } else if (samqp_event_int(event) == SAMQP_CONSUMER_ENDED) {
                over++;
            }
            samqp_event_free(event);
            turn++;
        }
        samqp_consumer_free(consumer);
    }
    /* Each has ended once. */
    for (end = seconds() + 30; over < begun;) {
        samqp_event *event;
        CHECK(seconds() < end);
        if (samqp_events_poll(events, 100, &event) != 1) continue;
        CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONSUMER);
        if (samqp_event_int(event) == SAMQP_CONSUMER_ENDED) over++;
        samqp_event_free(event);
    }
    samqp_events_free(events);
}

static int32_t handle(samqp_delivery *delivery, void *user)
{
    _Atomic int *turn = user;
    int now = (*turn)++;
    consumed(delivery);
    return now % 40 == 39 ? SAMQP_SETTLE_REQUEUE : now % 40 == 19 ? SAMQP_SETTLE_RETRY : SAMQP_SETTLE_ACK;
}

static void handle_some(int thread)
{
    static _Atomic int turns;
    samqp_options *options = samqp_options_new();
    int turn = 0;
    CHECK(samqp_options_set_int(options, "consumer.max_concurrency", 4, NULL) == SAMQP_OK);
    CHECK(samqp_options_set(options, "failures.limit", "none", NULL) == SAMQP_OK);
    CHECK(samqp_options_set_int(options, "failures.initial_ms", 1, NULL) == SAMQP_OK);
    while (!is_over) {
        samqp_consumer *consumer = NULL;
        double end = seconds() + 2;
        CHECK(samqp_consume_handler(
            &consumer, shared, queues[(thread + turn++) % QUEUES], options, handle, NULL, &turns, NULL) == SAMQP_OK);
        opened++;
        while (!is_over && seconds() < end) nap(10);
        if (turn % 2) (void)samqp_consumer_cancel(consumer, 200, NULL);
        samqp_consumer_free(consumer);
    }
    samqp_options_free(options);
}

/* ------------------------------------------------------------------------------------------------ Clients that come and go */

static void churn(int thread)
{
    samqp_options *options = broker_options();
    samqp_events *events = samqp_events_new(64);
    int waiting = 0, turn = 0;
    double end;
    while (!is_over) {
        samqp_client *client = NULL;
        samqp_publisher *publisher;
        samqp_channel *channel = NULL;
        int index;
        if (turn++ % 2) {
            CHECK(samqp_client_start(&client, options, events, NULL, NULL) == SAMQP_OK);
        } else if (samqp_client_open(&client, options, NULL, NULL, 1000, NULL) != SAMQP_OK) {
            CHECK(client == NULL);
            continue;
        }
        opened++;
        publisher = open_publisher(client, NULL, events, NULL);
        for (index = 0; index < 20; index++) {
            struct message message;
            struct record *record = next_record(thread, &message);
            samqp_status status = record == NULL ? SAMQP_ERR_WOULD_BLOCK : samqp_publish(
                publisher, "", queues[index % QUEUES], NULL, &message, sizeof message, 0, record, NULL, NULL);
            CHECK(status == SAMQP_OK || status == SAMQP_ERR_WOULD_BLOCK);
            if (status != SAMQP_OK) break;
            counts[thread]++;
            waiting++;
        }
        if (turn % 3 == 0 && samqp_channel_open(&channel, client, 500, NULL) == SAMQP_OK) {
            samqp_delivery *delivery = NULL;
            if (samqp_channel_get(channel, queues[0], 0, 200, &delivery, NULL) == 1) {
                consumed(delivery);
                settle(delivery, turn);
            }
            samqp_delivery_free(delivery);
        }
        waiting -= take(events, 20);
        switch (turn % 4) {
        case 0: (void)samqp_client_drain(client, 300, NULL, NULL); break;
        case 1: (void)samqp_client_close(client, NULL); break;
        default: break;
        }
        samqp_client_free(client);
        samqp_publisher_free(publisher);
        samqp_channel_free(channel);
        waiting -= take(events, 0);
    }
    for (end = seconds() + 60; waiting > 0;) {
        CHECK(seconds() < end);
        waiting -= take(events, 100);
    }
    CHECK(waiting == 0);
    samqp_events_free(events);
    samqp_options_free(options);
}

static void ask(void)
{
    while (!is_over) {
        samqp_stats stats = stats_of(shared);
        samqp_queue_info info = {.struct_size = sizeof info};
        samqp_error *error = NULL;
        CHECK(stats.published == stats.confirmed + stats.nacked + stats.returned + stats.unknown + stats.not_sent);
        (void)samqp_client_health(shared, &error);
        samqp_error_free(error);
        CHECK(samqp_client_state(shared) > 0 && samqp_client_is_live(shared, 60000) == 1);
        (void)samqp_queue_status(shared, queues[0], &info, 300, &error);
        samqp_error_free(error);
        (void)samqp_client_wait(shared, 10, NULL);
        nap(20);
    }
}

/* ------------------------------------------------------------------------------------------------ All of it */

static void *run(void *argument)
{
    int thread = (int)(intptr_t)argument, kind = thread;
    if (kind < PUBLISHERS) publish(thread);
    else if ((kind -= PUBLISHERS) < WAITERS) publish_waiting(thread);
    else if ((kind -= WAITERS) < POLLERS) poll_some(thread);
    else if ((kind -= POLLERS) < LISTENERS) listen_some(thread);
    else if ((kind -= LISTENERS) < HANDLERS) handle_some(thread);
    else if ((kind -= HANDLERS) < CHURNERS) churn(thread);
    else ask();
    return NULL;
}

/* What is left in the queues. */
static void consume_rest(void)
{
    int index;
    for (index = 0; index < QUEUES; index++) {
        samqp_consumer *consumer = consume(shared, queues[index], NULL, NULL, NULL);
        double end = seconds() + 60;
        int quiet = 0;
        /* What was with consumers that ended comes back by and by. */
        while (quiet < 3) {
            samqp_delivery *delivery = NULL;
            int32_t count = samqp_consumer_poll(consumer, 300, &delivery, NULL);
            CHECK(count >= 0 && seconds() < end);
            quiet = count == 1 || messages_in(shared, queues[index]) > 0 ? 0 : quiet + 1;
            if (count == 1) {
                consumed(delivery);
                CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
                samqp_delivery_free(delivery);
            }
        }
        CHECK(samqp_consumer_cancel(consumer, LONG_MS, NULL) == SAMQP_OK);
        samqp_consumer_free(consumer);
        await_messages(shared, queues[index], 0);
    }
}

int main(void)
{
    pthread_t running[THREADS];
    const char *text = getenv("HAMMER_SECONDS");
    double start = seconds(), joined;
    long messages = 0, confirmed = 0, absent = 0, unknown = 0, lost = 0, phantoms = 0;
    int index, number;
    watchdog(150);
    shared = open_client(NULL, NULL);
    for (index = 0; index < QUEUES; index++) declare(shared, queue_name(queues[index], "hammer"));
    for (index = 0; index < THREADS; index++) {
        records[index] = calloc(PER_THREAD, sizeof **records);
        CHECK(records[index] != NULL);
    }
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_create(&running[index], NULL, run, (void *)(intptr_t)index) == 0);
    }
    nap(text == NULL ? 5000 : atoi(text) * 1000);
    is_over = 1;
    for (index = 0; index < THREADS; index++) CHECK(pthread_join(running[index], NULL) == 0);
    joined = seconds();
    CHECK(samqp_client_wait(shared, 60000, NULL) == SAMQP_OK);
    consume_rest();
    for (index = 0; index < THREADS; index++) {
        for (number = 0; number < counts[index]; number++) {
            struct record *record = &records[index][number];
            messages++;
            CHECK(record->outcomes == 1);
            confirmed += record->confirmed;
            absent += record->absent;
            unknown += !record->confirmed && !record->absent;
            lost += record->confirmed && !record->consumed;
            phantoms += record->absent && record->consumed;
        }
        free(records[index]);
    }
    fprintf(stderr, "%.1f s, and %.1f s for the rest; %ld messages: %ld confirmed, %ld unknown, %ld not in a queue; %ld redelivered; %ld opened; %ld events\n",
        joined - start, seconds() - joined, messages, confirmed, unknown, absent, redelivered, opened, events_seen);
    if (lost > 0 || phantoms > 0) fprintf(stderr, "%ld lost, %ld where they cannot be\n", lost, phantoms);
    CHECK(lost == 0 && phantoms == 0 && confirmed > 0);
    for (index = 0; index < QUEUES; index++) delete_queue(shared, queues[index]);
    CHECK(samqp_client_drain(shared, LONG_MS, NULL, NULL) == SAMQP_OK);
    samqp_client_free(shared);
    return finish();
}
