/* Runs: broker asan valgrind. Deliveries of a connection that was lost: settling them writes nothing, they come again, others are not touched. */
#include "relay.h"

enum { COUNT = 8 };

static samqp_client *relayed_client(void)
{
    samqp_options *options = samqp_options_new();
    samqp_client *client = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_options_add_endpoint(options, relay.uri, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_client_open(&client, options, NULL, NULL, LONG_MS, &error), SAMQP_OK, error);
    samqp_options_free(options);
    return client;
}

/* Cuts all connections, and waits until the program can see of this delivery that it is of one of them. */
static void lose(const samqp_delivery *delivery)
{
    double end = seconds() + LONG_MS / 1000;
    CHECK(samqp_delivery_is_stale(delivery) == 0);
    CHECK(relay_cut() > 0);
    for (; !samqp_delivery_is_stale(delivery); nap(1)) CHECK(seconds() < end);
}

static void all_stale(samqp_delivery **deliveries, int count)
{
    int index;
    for (index = count - 1; index >= 0; index--) {
        CHECK(samqp_delivery_is_stale(deliveries[index]) == 1);
        CHECK(samqp_delivery_ack(deliveries[index], SAMQP_MULTIPLE) == SAMQP_ERR_STALE);
        CHECK(samqp_delivery_ack(deliveries[index], 0) == SAMQP_ERR_STALE);
        CHECK(samqp_delivery_nack(deliveries[index], SAMQP_MULTIPLE) == SAMQP_ERR_STALE);
        CHECK(samqp_delivery_nack(deliveries[index], 0) == SAMQP_ERR_STALE);
        CHECK(samqp_delivery_nack(deliveries[index], SAMQP_REQUEUE) == SAMQP_ERR_STALE);
        /* What it is can be read all the same. */
        CHECK(number_of(deliveries[index]) == index);
    }
}

/* Everything that was settled is at the broker before: the answer comes over the same connection. */
static void end_at_once(samqp_client *client, const char *queue)
{
    CHECK(messages_in(client, queue) == 0);
    CHECK(samqp_client_close(client, NULL) == SAMQP_OK);
}

static void free_all(samqp_delivery **deliveries, int count)
{
    while (count-- > 0) samqp_delivery_free(deliveries[count]);
}

/* Every message once more, in any order, and marked. */
static void expect_again(samqp_delivery **deliveries, int count)
{
    int seen = 0, index;
    for (index = 0; index < count; index++) {
        CHECK(samqp_delivery_redelivered(deliveries[index]) == 1);
        CHECK(samqp_delivery_is_stale(deliveries[index]) == 0);
        seen |= 1 << number_of(deliveries[index]);
    }
    CHECK(seen == (1 << count) - 1);
}

/* The broker counts deliveries anew on each channel: the old tags are those of the new deliveries. */
static void consumed(samqp_client *watcher, const char *queue)
{
    samqp_client *client = relayed_client();
    samqp_consumer *consumer;
    samqp_delivery *old[COUNT], *new[COUNT];
    uint64_t before;
    int index;
    fill(watcher, queue, COUNT);
    consumer = consume(client, queue, NULL, NULL, NULL);
    for (index = 0; index < COUNT; index++) old[index] = poll_delivery(consumer);
    lose(old[0]);
    before = stats_of(client).stale;
    all_stale(old, COUNT);
    CHECK(stats_of(client).stale > before);
    for (index = 0; index < COUNT; index++) new[index] = poll_delivery(consumer);
    expect_again(new, COUNT);
    for (index = 0; index < COUNT; index++) CHECK(samqp_delivery_tag(new[index]) == samqp_delivery_tag(old[index]));
    all_stale(old, COUNT);
    /* None of that has settled a new one: each can still be, once. */
    CHECK(samqp_delivery_ack(new[0], 0) == SAMQP_OK && samqp_delivery_ack(new[0], 0) == SAMQP_ERR_ALREADY_SETTLED);
    CHECK(samqp_delivery_ack(new[2], SAMQP_MULTIPLE) == SAMQP_OK);
    all_stale(old, COUNT);
    end_at_once(client, queue);
    await_messages(watcher, queue, COUNT - 3);
    free_all(old, COUNT);
    free_all(new, COUNT);
    samqp_consumer_free(consumer);
    samqp_client_free(client);
    purge(watcher, queue);
}

/* By events: what was not taken out in time comes once, on the new connection. */
static void by_events(samqp_client *watcher, const char *queue)
{
    samqp_client *client = relayed_client();
    samqp_events *events = samqp_events_new(0);
    samqp_consumer *consumer = consume(client, queue, NULL, events, NULL);
    samqp_delivery *old[2], *new[COUNT];
    samqp_event *held = NULL;
    int index;
    fill(watcher, queue, COUNT);
    for (index = 0; index < 2; index++) {
        samqp_event *event = event_of(events, SAMQP_EVENT_DELIVERY);
        old[index] = samqp_event_take_delivery(event);
        samqp_event_free(event);
    }
    /* One is out of the queue, and its delivery not out of the event. */
    held = event_of(events, SAMQP_EVENT_DELIVERY);
    lose(old[0]);
    all_stale(old, 2);
    for (index = 0; index < COUNT;) {
        samqp_event *event = event_of(events, SAMQP_EVENT_DELIVERY);
        samqp_delivery *delivery = samqp_event_take_delivery(event);
        samqp_event_free(event);
        CHECK(delivery != NULL);
        /* What the program was about to be given when the connection went may still be in its hands. */
        if (samqp_delivery_is_stale(delivery)) {
            CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_ERR_STALE);
            samqp_delivery_free(delivery);
        } else {
            new[index++] = delivery;
        }
    }
    {
        samqp_delivery *late = samqp_event_take_delivery(held);
        CHECK(late != NULL && number_of(late) == 2 && samqp_delivery_ack(late, SAMQP_MULTIPLE) == SAMQP_ERR_STALE);
        samqp_delivery_free(late);
        samqp_event_free(held);
    }
    for (index = 0; index < COUNT; index++) CHECK(number_of(new[index]) == index);
    /* The broker had sent them all, or not: those that the program has seen are marked. */
    for (index = 0; index < 3; index++) CHECK(samqp_delivery_redelivered(new[index]) == 1);
    CHECK(samqp_delivery_ack(new[4], SAMQP_MULTIPLE) == SAMQP_OK);
    all_stale(old, 2);
    end_at_once(client, queue);
    await_messages(watcher, queue, COUNT - 5);
    free_all(old, 2);
    free_all(new, COUNT);
    samqp_consumer_free(consumer);
    samqp_events_free(events);
    samqp_client_free(client);
    purge(watcher, queue);
}

static samqp_channel *open_channel(samqp_client *client)
{
    samqp_channel *channel = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_channel_open(&channel, client, LONG_MS, &error), SAMQP_OK, error);
    CHECK(samqp_channel_is_open(channel) == 1);
    return channel;
}

static void get_all(samqp_channel *channel, const char *queue, samqp_delivery **out, int count)
{
    int index;
    for (index = 0; index < count; index++) {
        samqp_error *error = NULL;
        CHECK_STATUS(samqp_channel_get(channel, queue, 0, LONG_MS, &out[index], &error), 1, error);
        CHECK(samqp_delivery_tag(out[index]) == (uint64_t)index + 1);
        CHECK_TEXT(samqp_delivery_consumer_tag(out[index]), "");
    }
}

/* A plain channel ends with its connection; what it got comes to the next one. */
static void got(samqp_client *watcher, const char *queue, int is_exception)
{
    samqp_client *client = relayed_client();
    samqp_channel *channel = open_channel(client), *next;
    samqp_delivery *old[COUNT], *new[COUNT], *none = (samqp_delivery *)1;
    samqp_error *error = NULL;
    samqp_status status;
    fill(watcher, queue, COUNT);
    get_all(channel, queue, old, COUNT);
    if (is_exception) {
        /* Or with an operation that the broker refuses: only the channel is gone then. */
        CHECK_STATUS(
            samqp_channel_check_queue(channel, "facade-none", NULL, LONG_MS, &error), SAMQP_ERR_CHANNEL_EXCEPTION,
            error);
        CHECK(samqp_error_reply_code(error) == 404);
        samqp_error_free(error);
    } else {
        lose(old[0]);
    }
    all_stale(old, COUNT);
    CHECK(samqp_channel_is_open(channel) == 0);
    status = samqp_channel_get(channel, queue, 0, LONG_MS, &none, &error);
    CHECK_STATUS(status, is_exception ? SAMQP_ERR_CHANNEL_EXCEPTION : SAMQP_ERR_CONNECTION_LOST, error);
    CHECK(none == NULL && samqp_error_code(error) == status);
    samqp_error_free(error);
    CHECK(samqp_channel_close(channel, LONG_MS, NULL) == SAMQP_OK);
    /* Its deliveries keep it alive. */
    samqp_channel_free(channel);
    all_stale(old, COUNT);
    await_messages(watcher, queue, COUNT);
    next = open_channel(client);
    get_all(next, queue, new, COUNT);
    expect_again(new, COUNT);
    all_stale(old, COUNT);
    CHECK(samqp_delivery_ack(new[1], SAMQP_MULTIPLE) == SAMQP_OK);
    all_stale(old, COUNT);
    CHECK(samqp_delivery_ack(new[4], 0) == SAMQP_OK);
    CHECK(samqp_channel_close(next, LONG_MS, NULL) == SAMQP_OK);
    await_messages(watcher, queue, COUNT - 3);
    free_all(old, COUNT);
    free_all(new, COUNT);
    samqp_channel_free(next);
    samqp_client_free(client);
    purge(watcher, queue);
}

int main(void)
{
    char queue[64];
    samqp_client *watcher = begin(queue, "stale");
    relay_start();
    consumed(watcher, queue);
    by_events(watcher, queue);
    got(watcher, queue, 0);
    got(watcher, queue, 1);
    freeaddrinfo(relay.broker);
    return finish_with(watcher, queue);
}
