/* Runs: broker asan tsan valgrind. Handles that threads share: one publisher, one channel, one delivery, one event; what was asked is what comes. */
#include "session.h"

/* More addresses than a publisher keeps. */
enum { THREADS = 4, KEYS = 24, MESSAGES = 1500 };

struct shared {
    samqp_publisher *publisher;
    samqp_events *events;
    samqp_consumer *consumer;
    const char *exchange;
    int count;
    _Atomic int number, confirmed, consumed, is_over, refused;
    /* By the numbers of messages: what became of them; and by their tags. */
    _Atomic unsigned char outcomes[THREADS * MESSAGES], deliveries[THREADS * MESSAGES];
    _Atomic unsigned char tags[THREADS * MESSAGES + 1];
};

static const char *key_of(char *out, int number)
{
    snprintf(out, 16, "key.%d", number % KEYS);
    return out;
}

static void *publish(void *argument)
{
    struct shared *shared = argument;
    int number;
    while ((number = shared->number++) < shared->count) {
        char body[16], key[16];
        int length = snprintf(body, sizeof body, "%d", number);
        uint64_t tag = 0;
        samqp_status status;
        for (;;) {
            status = samqp_publish(shared->publisher, shared->exchange, key_of(key, number), NULL, body, (size_t)length,
                0, &shared->outcomes[number], &tag, NULL);
            if (status != SAMQP_ERR_WOULD_BLOCK) break;
            CHECK(tag == 0);
            shared->refused++;
            sched_yield();
        }
        CHECK(status == SAMQP_OK && tag >= 1 && tag <= (uint64_t)shared->count && shared->tags[tag]++ == 0);
    }
    return NULL;
}

static void *take_confirms(void *argument)
{
    struct shared *shared = argument;
    samqp_event *batch[16];
    while (shared->confirmed < shared->count) {
        int64_t taken = samqp_events_poll_batch(shared->events, 20, batch, 16), index;
        CHECK(taken >= 0);
        for (index = 0; index < taken; index++) {
            if (samqp_event_get_type(batch[index]) == SAMQP_EVENT_CONFIRM) {
                CHECK(samqp_event_status(batch[index]) == SAMQP_OK);
                CHECK((*(_Atomic unsigned char *)samqp_event_user(batch[index]))++ == 0);
                shared->confirmed++;
            }
            samqp_event_free(batch[index]);
        }
    }
    return NULL;
}

static void *take_deliveries(void *argument)
{
    struct shared *shared = argument;
    while (shared->consumed < shared->count) {
        samqp_delivery *delivery = NULL;
        int32_t count = samqp_consumer_poll(shared->consumer, 20, &delivery, NULL);
        char key[16];
        int number;
        CHECK(count >= 0);
        if (count == 0) continue;
        number = number_of(delivery);
        CHECK(number >= 0 && number < shared->count && shared->deliveries[number]++ == 0);
        /* Its own address, not that of a thread that published at the same time. */
        CHECK_TEXT(samqp_delivery_routing_key(delivery), key_of(key, number));
        CHECK_TEXT(samqp_delivery_exchange(delivery), shared->exchange);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
        shared->consumed++;
    }
    return NULL;
}

/* Waits for the same publisher meanwhile, in every way. */
static void *ask(void *argument)
{
    struct shared *shared = argument;
    while (!shared->is_over) {
        uint64_t failed = 77;
        samqp_status status = samqp_publisher_flush(shared->publisher, 5, &failed, NULL);
        CHECK((status == SAMQP_OK || status == SAMQP_ERR_TIMEOUT) && failed == 0);
        CHECK(samqp_publisher_unconfirmed(shared->publisher) <= (size_t)shared->count);
    }
    return NULL;
}

static void one_publisher(samqp_client *client, const char *queue)
{
    static struct shared shared;
    pthread_t threads[THREADS * 3 + 1];
    samqp_error *error = NULL;
    int index, started = 0;
    memset(&shared, 0, sizeof shared);
    shared.count = is_slow() ? THREADS * 100 : THREADS * MESSAGES;
    shared.exchange = queue;
    shared.events = samqp_events_new(64);
    CHECK_STATUS(
        samqp_declare_exchange(client, queue, "fanout", SAMQP_AUTO_DELETE, NULL, LONG_MS, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_declare_binding(client, queue, queue, "", NULL, LONG_MS, &error), SAMQP_OK, error);
    shared.publisher = open_publisher(client, NULL, shared.events, NULL);
    shared.consumer = consume(client, queue, NULL, NULL, NULL);
    for (index = 0; index < THREADS; index++) {
        CHECK(pthread_create(&threads[started++], NULL, publish, &shared) == 0);
        CHECK(pthread_create(&threads[started++], NULL, take_confirms, &shared) == 0);
        CHECK(pthread_create(&threads[started++], NULL, take_deliveries, &shared) == 0);
    }
    CHECK(pthread_create(&threads[started], NULL, ask, &shared) == 0);
    for (index = 0; index < started; index++) CHECK(pthread_join(threads[index], NULL) == 0);
    shared.is_over = 1;
    CHECK(pthread_join(threads[started], NULL) == 0);
    CHECK(shared.confirmed == shared.count && shared.consumed == shared.count);
    CHECK_STATUS(samqp_consumer_cancel(shared.consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(shared.consumer);
    samqp_publisher_free(shared.publisher);
    samqp_events_free(shared.events);
    CHECK_STATUS(
        samqp_delete_binding(client, queue, queue, "", NULL, LONG_MS, &error), SAMQP_OK, error);
    await_messages(client, queue, 0);
}

/* ------------------------------------------------------------------------------------------------ One channel */

struct channel {
    samqp_channel *channel;
    const char *queue;
    _Atomic int got;
};

/* Puts a message in and takes one out: as many come as went. */
static void *use_channel(void *argument)
{
    struct channel *shared = argument;
    int turn, turns = is_slow() ? 10 : 100;
    for (turn = 0; turn < turns;) {
        samqp_error *error = NULL;
        samqp_delivery *delivery = NULL;
        int32_t count;
        CHECK_STATUS(
            samqp_channel_publish(shared->channel, "", shared->queue, NULL, "1", 1, 0, LONG_MS, &error), SAMQP_OK, error);
        /* There is one for each that asks: nobody takes more than was put there. */
        count = samqp_channel_get(shared->channel, shared->queue, 0, LONG_MS, &delivery, &error);
        CHECK_STATUS(count, 1, error);
        CHECK(number_of(delivery) == 1 && samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
        shared->got++;
        turn++;
    }
    return NULL;
}

static void one_channel(samqp_client *client, const char *queue)
{
    struct channel shared = {NULL, queue, 0};
    pthread_t threads[THREADS];
    samqp_error *error = NULL;
    int index;
    CHECK_STATUS(samqp_channel_open(&shared.channel, client, LONG_MS, &error), SAMQP_OK, error);
    for (index = 0; index < THREADS; index++) CHECK(pthread_create(&threads[index], NULL, use_channel, &shared) == 0);
    for (index = 0; index < THREADS; index++) CHECK(pthread_join(threads[index], NULL) == 0);
    CHECK(samqp_channel_is_open(shared.channel) == 1);
    CHECK_STATUS(samqp_channel_close(shared.channel, LONG_MS, &error), SAMQP_OK, error);
    samqp_channel_free(shared.channel);
    await_messages(client, queue, 0);
}

/* ------------------------------------------------------------------------------------------------ One delivery, one event */

struct one {
    samqp_delivery *delivery;
    samqp_event *event;
    pthread_barrier_t barrier;
    _Atomic int settled;
    const char *_Atomic text;
    const samqp_error *_Atomic error;
};

static void *settle(void *argument)
{
    struct one *one = argument;
    samqp_status status;
    pthread_barrier_wait(&one->barrier);
    status = samqp_delivery_ack(one->delivery, 0);
    CHECK(status == SAMQP_OK || status == SAMQP_ERR_ALREADY_SETTLED);
    if (status == SAMQP_OK) one->settled++;
    return NULL;
}

/* What is made when it is first asked for is made once. */
static void *read_event(void *argument)
{
    struct one *one = argument;
    const char *text, *no_text = NULL;
    const samqp_error *error, *no_error = NULL;
    pthread_barrier_wait(&one->barrier);
    text = samqp_event_text(one->event);
    error = samqp_event_error(one->event);
    if (!atomic_compare_exchange_strong(&one->text, &no_text, text)) CHECK(no_text == text);
    if (!atomic_compare_exchange_strong(&one->error, &no_error, error)) CHECK(no_error == error);
    CHECK(strlen(text) > 0 && samqp_error_code(error) == SAMQP_ERR_RETURNED);
    return NULL;
}

static void at_once(struct one *one, void *(*body)(void *))
{
    pthread_t threads[THREADS];
    int index;
    for (index = 0; index < THREADS; index++) CHECK(pthread_create(&threads[index], NULL, body, one) == 0);
    for (index = 0; index < THREADS; index++) CHECK(pthread_join(threads[index], NULL) == 0);
}

static void one_of_each(samqp_client *client, const char *queue)
{
    struct one one;
    samqp_consumer *consumer = consume(client, queue, NULL, NULL, NULL);
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_error *error = NULL;
    int turn, turns = is_slow() ? 10 : 200;
    CHECK(pthread_barrier_init(&one.barrier, NULL, THREADS) == 0);
    fill(client, queue, turns);
    for (turn = 0; turn < turns; turn++) {
        one.delivery = poll_delivery(consumer);
        one.settled = 0;
        at_once(&one, settle);
        CHECK(one.settled == 1);
        samqp_delivery_free(one.delivery);
        CHECK(samqp_publish(publisher, "", "facade-nowhere", NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
        one.event = event_of(events, SAMQP_EVENT_CONFIRM);
        one.text = NULL;
        one.error = NULL;
        at_once(&one, read_event);
        samqp_event_free(one.event);
    }
    pthread_barrier_destroy(&one.barrier);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
    await_messages(client, queue, 0);
}

/* ------------------------------------------------------------------------------------------------ What outlives its makers */

/* An event says what it says when everything that it came from is gone, and those that nobody took are nobody's. */
static void outliving(const char *queue)
{
    samqp_client *client = open_client(NULL, NULL);
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    samqp_event *kept[2];
    int index;
    properties.message_id = "kept";
    for (index = 0; index < 6; index++) {
        CHECK(samqp_publish(publisher, "", index % 2 == 0 ? queue : "facade-nowhere", &properties, "x", 1, 0, kept, NULL,
                  NULL) == SAMQP_OK);
    }
    for (index = 0; index < 2; index++) kept[index] = event_of(events, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_client_close(client, NULL) == SAMQP_OK);
    samqp_client_free(client);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    for (index = 0; index < 2; index++) {
        int is_returned = samqp_event_status(kept[index]) == SAMQP_ERR_RETURNED;
        CHECK(is_returned || samqp_event_status(kept[index]) == SAMQP_OK);
        CHECK(samqp_event_tag(kept[index]) % 2 == (is_returned ? 0 : 1) && samqp_event_user(kept[index]) == kept);
        CHECK_TEXT(samqp_event_text(kept[index]), "kept");
        CHECK((samqp_event_error(kept[index]) != NULL) == is_returned && samqp_event_int(kept[index]) == 1);
        samqp_event_free(kept[index]);
    }
}

int main(void)
{
    char queue[64];
    samqp_client *client = begin(queue, "threads");
    one_publisher(client, queue);
    one_channel(client, queue);
    one_of_each(client, queue);
    outliving(queue);
    purge(client, queue);
    return finish_with(client, queue);
}
