/* Runs: broker asan valgrind. Deliveries by polling and by events: each once, settled once, and given back where nobody settles. */
#include "session.h"

static samqp_options *with_prefetch(int64_t prefetch)
{
    samqp_options *options = samqp_options_new();
    CHECK(samqp_options_set_int(options, "consumer.prefetch", prefetch, NULL) == SAMQP_OK);
    return options;
}

static void cancel(samqp_consumer *consumer)
{
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
}

static void polling(samqp_client *client, const char *queue)
{
    enum { COUNT = 200 };
    samqp_consumer *consumer;
    samqp_delivery *batch[32];
    samqp_delivery *delivery = (samqp_delivery *)1;
    samqp_error *error = NULL;
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    samqp_status status;
    int next = 0, index;
    consumer = consume(client, queue, NULL, NULL, NULL);
    CHECK(strlen(samqp_consumer_tag(consumer)) > 0);
    /* Nothing is there. */
    CHECK(samqp_consumer_poll(consumer, 0, &delivery, &error) == 0 && delivery == NULL && error == NULL);
    CHECK(samqp_consumer_poll(consumer, 30, &delivery, &error) == 0 && delivery == NULL && error == NULL);
    fill(client, queue, COUNT);
    while (next < COUNT) {
        int64_t count = samqp_consumer_poll_batch(consumer, LONG_MS, batch, 32, &error);
        CHECK(count > 0 && count <= 32);
        for (index = 0; index < count; index++) {
            delivery = batch[index];
            CHECK(number_of(delivery) == next++);
            CHECK_TEXT(samqp_delivery_exchange(delivery), "");
            CHECK_TEXT(samqp_delivery_routing_key(delivery), queue);
            CHECK_TEXT(samqp_delivery_consumer_tag(delivery), samqp_consumer_tag(consumer));
            CHECK(samqp_delivery_tag(delivery) == (uint64_t)next && samqp_delivery_redelivered(delivery) == 0);
            CHECK(samqp_delivery_retry_count(delivery) == 0 && samqp_delivery_is_cancelled(delivery) == 0);
            CHECK(samqp_delivery_properties(delivery, &properties) == SAMQP_OK);
            CHECK(properties.message_id != NULL && properties.delivery_mode == SAMQP_PERSISTENT);
            CHECK(samqp_delivery_ack(delivery, SAMQP_REQUEUE) == SAMQP_ERR_INVALID_ARGUMENT);
            CHECK(samqp_delivery_nack(delivery, 4) == SAMQP_ERR_INVALID_ARGUMENT);
            CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
            CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_ERR_ALREADY_SETTLED);
            CHECK(samqp_delivery_nack(delivery, SAMQP_REQUEUE) == SAMQP_ERR_ALREADY_SETTLED);
            samqp_delivery_free(delivery);
        }
    }
   
    status = samqp_consumer_poll_batch(consumer, 0, batch, 0, &error);
    CHECK_STATUS(status, SAMQP_ERR_INVALID_ARGUMENT, error);
    samqp_error_free(error);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_consumer_poll(consumer, LONG_MS, &delivery, &error), SAMQP_ERR_CLOSED, error);
    samqp_error_free(error);
    samqp_consumer_free(consumer);
    await_messages(client, queue, 0);
}

/* multiple, requeue, and what comes again. */
static void settling(samqp_client *client, const char *queue)
{
    samqp_consumer *consumer;
    samqp_delivery *first[6], *delivery;
    samqp_stats before = stats_of(client), after;
    int index;
    fill(client, queue, 6);
    consumer = consume(client, queue, NULL, NULL, NULL);
    for (index = 0; index < 6; index++) first[index] = poll_delivery(consumer);
    CHECK(samqp_delivery_ack(first[2], SAMQP_MULTIPLE) == SAMQP_OK);
    for (index = 0; index < 3; index++) CHECK(samqp_delivery_ack(first[index], 0) == SAMQP_ERR_ALREADY_SETTLED);
    CHECK(samqp_delivery_nack(first[4], SAMQP_MULTIPLE | SAMQP_REQUEUE) == SAMQP_OK);
    CHECK(samqp_delivery_nack(first[3], 0) == SAMQP_ERR_ALREADY_SETTLED);
    /* Dropped: the queue has no dead-letter exchange. */
    CHECK(samqp_delivery_nack(first[5], 0) == SAMQP_OK);
    for (index = 3; index < 5; index++) {
        delivery = poll_delivery(consumer);
        CHECK(number_of(delivery) == index && samqp_delivery_redelivered(delivery) == 1);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
    }
    for (index = 0; index < 6; index++) samqp_delivery_free(first[index]);
    cancel(consumer);
    await_messages(client, queue, 0);
    after = stats_of(client);
    CHECK(after.stale == before.stale && after.rejected == before.rejected + 1);
    /* Each delivery counts, also those that a `multiple` settles. */
    CHECK(after.acked == before.acked + 5 && after.requeued == before.requeued + 2);
}

/* A delivery that is freed and not settled stays the consumer's until it ends. */
static void unsettled(samqp_client *client, const char *queue)
{
    samqp_consumer *consumer;
    samqp_delivery *delivery, *kept;
    samqp_error *error = NULL;
    double start;
    fill(client, queue, 2);
    consumer = consume(client, queue, NULL, NULL, NULL);
    samqp_delivery_free(poll_delivery(consumer));
    kept = poll_delivery(consumer);
    CHECK(samqp_consumer_poll(consumer, 50, &delivery, &error) == 0);
    CHECK(messages_in(client, queue) == 0);
    start = seconds();
    CHECK_STATUS(samqp_consumer_cancel(consumer, 200, &error), SAMQP_ERR_TIMEOUT, error);
    CHECK(seconds() - start >= 0.19 && seconds() - start < 5);
    samqp_error_free(error);
    await_messages(client, queue, 2);
    CHECK(samqp_delivery_is_stale(kept) == 1);
    CHECK(samqp_delivery_ack(kept, 0) == SAMQP_ERR_STALE || samqp_delivery_ack(kept, 0) == SAMQP_ERR_ALREADY_SETTLED);
    CHECK(number_of(kept) == 1);
    samqp_delivery_free(kept);
    samqp_consumer_free(consumer);
    /* Freeing a consumer gives back what it has, whether it was given out or not. */
    consumer = consume(client, queue, NULL, NULL, NULL);
    kept = poll_delivery(consumer);
    CHECK(samqp_delivery_redelivered(kept) == 1);
    samqp_consumer_free(consumer);
    await_messages(client, queue, 2);
    CHECK(samqp_delivery_ack(kept, 0) != SAMQP_OK);
    samqp_delivery_free(kept);
    /* One that is settled while cancel waits for it. */
    consumer = consume(client, queue, NULL, NULL, NULL);
    kept = poll_delivery(consumer);
    CHECK(samqp_delivery_ack(kept, 0) == SAMQP_OK);
    samqp_delivery_free(kept);
    cancel(consumer);
    await_messages(client, queue, 1);
    purge(client, queue);
}

static void by_events(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(0);
    samqp_options *options = with_prefetch(10);
    samqp_consumer *consumer;
    samqp_delivery *delivery = NULL;
    samqp_event *event;
    samqp_error *error = NULL;
    int next = 0, ends = 0, user;
    char tag[256];
    fill(client, queue, 50);
    consumer = consume(client, queue, options, events, &user);
    snprintf(tag, sizeof tag, "%s", samqp_consumer_tag(consumer));
    CHECK(samqp_consumer_poll(consumer, 0, &delivery, NULL) == SAMQP_ERR_INVALID_ARGUMENT && delivery == NULL);
    event = next_event(events);
    CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONSUMER && samqp_event_int(event) == SAMQP_CONSUMER_SUBSCRIBED);
    CHECK(samqp_event_user(event) == &user);
    CHECK_TEXT(samqp_event_text(event), tag);
    samqp_event_free(event);
    while (next < 40) {
        event = next_event(events);
        CHECK(samqp_event_get_type(event) == SAMQP_EVENT_DELIVERY && samqp_event_user(event) == &user);
        delivery = samqp_event_take_delivery(event);
        CHECK(delivery != NULL && samqp_event_take_delivery(event) == NULL);
        CHECK(samqp_event_tag(event) == samqp_delivery_tag(delivery) && number_of(delivery) == next++);
        /* The event and its delivery are freed in any order. */
        if (next % 2 == 0) samqp_event_free(event);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
        if (next % 2 != 0) samqp_event_free(event);
    }
    /* Nobody takes it out: it goes back with its event, and comes again. */
    event = event_of(events, SAMQP_EVENT_DELIVERY);
    samqp_event_free(event);
    for (;;) {
        event = event_of(events, SAMQP_EVENT_DELIVERY);
        delivery = samqp_event_take_delivery(event);
        samqp_event_free(event);
        if (samqp_delivery_redelivered(delivery)) break;
        CHECK(number_of(delivery) > 40 && number_of(delivery) < 50);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
        next++;
    }
    CHECK(number_of(delivery) == 40);
    CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
    samqp_delivery_free(delivery);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
    /* The end comes once, and nothing after it. */
    while (samqp_events_poll(events, ends == 0 ? LONG_MS : 200, &event) == 1) {
        CHECK(ends == 0 && samqp_event_user(event) == &user);
        if (samqp_event_get_type(event) == SAMQP_EVENT_CONSUMER && samqp_event_int(event) == SAMQP_CONSUMER_ENDED) {
            CHECK_TEXT(samqp_event_text(event), tag);
            CHECK(samqp_event_error(event) == NULL);
            ends++;
        }
        samqp_event_free(event);
    }
    CHECK(ends == 1);
    purge(client, queue);
    samqp_options_free(options);
    samqp_events_free(events);
}

/* Freed while its events are in the queue: they are not for anybody any more, but for the end. */
static void freed(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(0);
    samqp_event *event;
    int turn, user, ends;
    fill(client, queue, 20);
    for (turn = 0; turn < (is_slow() ? 5 : 50); turn++) {
        samqp_consumer *consumer = consume(client, queue, NULL, events, &user);
        /* With some of them taken out, or none. */
        if (turn % 2) {
            event = event_of(events, SAMQP_EVENT_DELIVERY);
            if (turn % 4 == 1) {
                samqp_delivery *delivery = samqp_event_take_delivery(event);
                samqp_consumer_free(consumer);
                samqp_delivery_free(delivery);
            } else {
                samqp_consumer_free(consumer);
            }
            samqp_event_free(event);
        } else {
            samqp_consumer_free(consumer);
        }
        for (ends = 0; ends == 0;) {
            event = next_event(events);
            /* None of what was not taken when it was freed. */
            CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONSUMER);
            if (samqp_event_int(event) == SAMQP_CONSUMER_ENDED) ends++;
            samqp_event_free(event);
        }
    }
    await_messages(client, queue, 20);
    CHECK(samqp_events_poll(events, 50, &event) == 0);
    /* And with the queue of events freed first. */
    {
        samqp_consumer *consumer = consume(client, queue, NULL, events, &user);
        samqp_event_free(event_of(events, SAMQP_EVENT_DELIVERY));
        samqp_events_free(events);
        samqp_consumer_free(consumer);
    }
    await_messages(client, queue, 20);
    purge(client, queue);
}

/* Nothing has begun: no handle, and no event with the user's pointer. */
static void missing(samqp_client *client)
{
    samqp_events *events = samqp_events_new(0);
    samqp_consumer *consumer;
    samqp_error *error = NULL;
    samqp_event *event;
    int turn;
    for (turn = 0; turn < 2; turn++) {
        consumer = (samqp_consumer *)1;
        CHECK_STATUS(
            samqp_consume(
                &consumer, client, "facade-missing", NULL, turn == 0 ? events : NULL, events, LONG_MS, &error),
            SAMQP_ERR_CHANNEL_EXCEPTION, error);
        CHECK(consumer == NULL && samqp_error_reply_code(error) == 404);
        samqp_error_free(error);
    }
    CHECK(samqp_consume(&consumer, client, "", NULL, NULL, NULL, LONG_MS, NULL) < 0 && consumer == NULL);
    CHECK(samqp_consume(&consumer, client, "\xff", NULL, NULL, NULL, LONG_MS, NULL) == SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(samqp_events_poll(events, 300, &event) == 0);
    /* Not waited for: it subscribes when it can. */
    {
        char queue[64];
        samqp_delivery *delivery;
        queue_name(queue, "later");
        CHECK_STATUS(samqp_consume(&consumer, client, queue, NULL, events, NULL, 0, &error), SAMQP_OK, error);
        event = event_of(events, SAMQP_EVENT_CONSUMER);
        CHECK(samqp_event_int(event) == SAMQP_CONSUMER_LOST);
        CHECK(samqp_error_reply_code(samqp_event_error(event)) == 404);
        samqp_event_free(event);
        declare(client, queue);
        fill(client, queue, 1);
        event = event_of(events, SAMQP_EVENT_DELIVERY);
        delivery = samqp_event_take_delivery(event);
        samqp_event_free(event);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
        cancel(consumer);
        delete_queue(client, queue);
    }
    samqp_events_free(events);
}

static void automatic(samqp_client *client, const char *queue)
{
    samqp_options *options = samqp_options_new();
    samqp_consumer *consumer;
    samqp_delivery *delivery;
    int index;
    CHECK(samqp_options_set(options, "consumer.auto_ack", "true", NULL) == SAMQP_OK);
    fill(client, queue, 10);
    consumer = consume(client, queue, options, NULL, NULL);
    for (index = 0; index < 10; index++) {
        delivery = poll_delivery(consumer);
        CHECK(number_of(delivery) == index);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_ERR_ALREADY_SETTLED);
        CHECK(samqp_delivery_nack(delivery, SAMQP_REQUEUE) == SAMQP_ERR_ALREADY_SETTLED);
        samqp_delivery_free(delivery);
    }
    cancel(consumer);
    await_messages(client, queue, 0);
    samqp_options_free(options);
}

/* The broker ends the consumer: it says so, with a reason, once. */
static void deleted(samqp_client *client)
{
    samqp_events *events = samqp_events_new(0);
    samqp_options *options = samqp_options_new();
    samqp_consumer *told, *polled;
    samqp_delivery *delivery, *kept;
    samqp_error *error = NULL;
    samqp_event *event;
    char queue[64];
    CHECK(samqp_options_set(options, "consumer.when_cancelled", "end", NULL) == SAMQP_OK);
    declare(client, queue_name(queue, "deleted"));
    polled = consume(client, queue, options, NULL, NULL);
    fill(client, queue, 1);
    kept = poll_delivery(polled);
    told = consume(client, queue, options, events, NULL);
    delete_queue(client, queue);
    CHECK_STATUS(samqp_consumer_poll(polled, LONG_MS, &delivery, &error), SAMQP_ERR_CONSUMER_CANCELLED, error);
    samqp_error_free(error);
    /* Acked too late for the broker, which has dropped it with the queue. */
    (void)samqp_delivery_ack(kept, 0);
    samqp_delivery_free(kept);
    do {
        event = event_of(events, SAMQP_EVENT_CONSUMER);
        if (samqp_event_int(event) == SAMQP_CONSUMER_ENDED) break;
        samqp_event_free(event);
    } while (1);
    CHECK(samqp_error_code(samqp_event_error(event)) == SAMQP_ERR_CONSUMER_CANCELLED);
    CHECK(samqp_event_status(event) == SAMQP_ERR_CONSUMER_CANCELLED);
    samqp_event_free(event);
    CHECK(samqp_events_poll(events, 100, &event) == 0);
    cancel(told);
    samqp_consumer_free(polled);
    CHECK(samqp_events_poll(events, 100, &event) == 0);
    samqp_options_free(options);
    samqp_events_free(events);
}

/* ------------------------------------------------------------------------------------------------ Many threads */

enum { THREADS = 4, SHARED = 4000 };
struct shared {
    samqp_consumer *consumer;
    int count;
    _Atomic int done;
    _Atomic unsigned char seen[SHARED];
};

static void *share(void *argument)
{
    struct shared *shared = argument;
    samqp_delivery *batch[8];
    unsigned turn = 0;
    for (;;) {
        int64_t count, index;
        if (turn++ % 2) count = samqp_consumer_poll_batch(shared->consumer, -1, batch, 8, NULL);
        else count = samqp_consumer_poll(shared->consumer, -1, &batch[0], NULL);
        if (count == SAMQP_ERR_CLOSED) return NULL;
        CHECK(count > 0 && count <= 8);
        for (index = 0; index < count; index++) {
            int number = number_of(batch[index]);
            CHECK(number >= 0 && number < shared->count && shared->seen[number]++ == 0);
            CHECK(samqp_delivery_ack(batch[index], 0) == SAMQP_OK);
            samqp_delivery_free(batch[index]);
            shared->done++;
        }
    }
}

static void several(samqp_client *client, const char *queue)
{
    static struct shared shared;
    pthread_t threads[THREADS];
    int index;
    double end;
    shared.count = is_slow() ? 200 : SHARED;
    shared.consumer = consume(client, queue, NULL, NULL, NULL);
    for (index = 0; index < THREADS; index++) CHECK(pthread_create(&threads[index], NULL, share, &shared) == 0);
    fill(client, queue, shared.count);
    for (end = seconds() + LONG_MS / 1000; shared.done < shared.count; nap(5)) CHECK(seconds() < end);
    /* Ends the threads that wait. */
    CHECK(samqp_consumer_cancel(shared.consumer, LONG_MS, NULL) == SAMQP_OK);
    for (index = 0; index < THREADS; index++) CHECK(pthread_join(threads[index], NULL) == 0);
    samqp_consumer_free(shared.consumer);
    CHECK(shared.done == shared.count);
    await_messages(client, queue, 0);
}

int main(void)
{
    char queue[64];
    samqp_client *client = begin(queue, "consume");
    polling(client, queue);
    settling(client, queue);
    unsettled(client, queue);
    by_events(client, queue);
    freed(client, queue);
    missing(client);
    automatic(client, queue);
    deleted(client);
    several(client, queue);
    return finish_with(client, queue);
}
