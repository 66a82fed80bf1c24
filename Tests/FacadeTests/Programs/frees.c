/* Runs: broker asan valgrind. Handles freed in every order with traffic, used after their client was closed, and what is left at the end. */
#include "session.h"

enum { HANDLES = 9 };

struct handles {
    samqp_options *options;
    samqp_client *client;
    samqp_events *events;
    samqp_publisher *publisher;
    samqp_consumer *consumer;
    samqp_delivery *delivery;
    samqp_event *event;
    samqp_channel *channel;
    samqp_error *error;
};

static void publish(samqp_publisher *publisher, const char *queue)
{
    samqp_status status = samqp_publish(publisher, "", queue, NULL, "0", 1, 0, NULL, NULL, NULL);
    CHECK(status == SAMQP_OK || status == SAMQP_ERR_CLOSED);
}

/* All of them, with one delivery taken out, one in an event, more on their way, and publishes without an outcome. */
static void make(struct handles *handles, const char *queue)
{
    samqp_error *error = NULL;
    int index;
    memset(handles, 0, sizeof *handles);
    handles->options = broker_options();
    handles->events = samqp_events_new(0);
    CHECK_STATUS(
        samqp_client_open(&handles->client, handles->options, handles->events, NULL, LONG_MS, &error), SAMQP_OK, error);
    handles->publisher = open_publisher(handles->client, handles->options, handles->events, NULL);
    CHECK_STATUS(samqp_channel_open(&handles->channel, handles->client, LONG_MS, &error), SAMQP_OK, error);
    handles->consumer = consume(handles->client, queue, handles->options, handles->events, NULL);
    for (index = 0; index < 5; index++) publish(handles->publisher, queue);
    handles->event = event_of(handles->events, SAMQP_EVENT_DELIVERY);
    handles->delivery = samqp_event_take_delivery(handles->event);
    samqp_event_free(handles->event);
    handles->event = event_of(handles->events, SAMQP_EVENT_DELIVERY);
    CHECK(samqp_publish(handles->publisher, "\xff", "", NULL, NULL, 0, 0, NULL, NULL, &handles->error) < 0);
}

static void free_one(struct handles *handles, int which, const char *queue)
{
    size_t length;
    /* What is there is used before the next one goes. */
    if (handles->publisher != NULL) publish(handles->publisher, queue);
    if (handles->delivery != NULL) {
        CHECK(samqp_delivery_body(handles->delivery, &length) != NULL && length == 1);
        CHECK_TEXT(samqp_delivery_routing_key(handles->delivery), queue);
        (void)samqp_delivery_is_stale(handles->delivery);
    }
    if (handles->event != NULL) CHECK(samqp_event_get_type(handles->event) == SAMQP_EVENT_DELIVERY);
    if (handles->consumer != NULL) CHECK(strlen(samqp_consumer_tag(handles->consumer)) > 0);
    if (handles->channel != NULL) (void)samqp_channel_is_open(handles->channel);
    if (handles->client != NULL) CHECK(samqp_client_state(handles->client) == SAMQP_STATE_OPEN);
    if (handles->events != NULL) (void)samqp_events_count(handles->events);
    switch (which) {
    case 0: samqp_options_free(handles->options); handles->options = NULL; break;
    case 1: samqp_client_free(handles->client); handles->client = NULL; break;
    case 2: samqp_events_free(handles->events); handles->events = NULL; break;
    case 3: samqp_publisher_free(handles->publisher); handles->publisher = NULL; break;
    case 4: samqp_consumer_free(handles->consumer); handles->consumer = NULL; break;
    case 5:
        /* Settled or not, in any state. */
        if (handles->client != NULL) (void)samqp_delivery_ack(handles->delivery, 0);
        samqp_delivery_free(handles->delivery);
        handles->delivery = NULL;
        break;
    case 6: samqp_event_free(handles->event); handles->event = NULL; break;
    case 7: samqp_channel_free(handles->channel); handles->channel = NULL; break;
    default: samqp_error_free(handles->error); handles->error = NULL; break;
    }
}

/* Every order of two is in one of so many orders of all: each begins with another pair. A handle is freed before and after
 * every other one, next to it and far from it. The order of the rest is drawn. */
static uint32_t seed = 1;

static int draw(int below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)((seed >> 8) % (uint32_t)below);
}

static void free_in_order(const char *queue, int first, int second)
{
    struct handles handles;
    int order[HANDLES], count = 0, index;
    order[count++] = first;
    order[count++] = second;
    for (index = 0; index < HANDLES; index++) if (index != first && index != second) order[count++] = index;
    for (index = HANDLES - 1; index > 2; index--) {
        int other = 2 + draw(index - 1), kept = order[index];
        order[index] = order[other];
        order[other] = kept;
    }
    make(&handles, queue);
    for (index = 0; index < HANDLES; index++) free_one(&handles, order[index], queue);
}

/* Every order of those that hold each other, on one client each: these are cheap. */
static void permute(samqp_client *client, const char *queue, int order[5], int place)
{
    int index;
    if (place < 5) {
        for (index = place; index < 5; index++) {
            int kept = order[place];
            order[place] = order[index];
            order[index] = kept;
            permute(client, queue, order, place + 1);
            order[index] = order[place];
            order[place] = kept;
        }
        return;
    }
    {
        samqp_events *events = samqp_events_new(0);
        samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
        samqp_consumer *consumer = consume(client, queue, NULL, events, NULL);
        samqp_event *event;
        samqp_delivery *delivery;
        publish(publisher, queue);
        publish(publisher, queue);
        event = event_of(events, SAMQP_EVENT_DELIVERY);
        delivery = samqp_event_take_delivery(event);
        samqp_event_free(event);
        event = event_of(events, SAMQP_EVENT_DELIVERY);
        for (index = 0; index < 5; index++) {
            switch (order[index]) {
            case 0: samqp_events_free(events); break;
            case 1: samqp_publisher_free(publisher); break;
            case 2: samqp_consumer_free(consumer); break;
            case 3: (void)samqp_delivery_ack(delivery, 0); samqp_delivery_free(delivery); break;
            default: samqp_event_free(event); break;
            }
        }
    }
}

/* Whatever is used after the client was closed gives codes. */
static void closed(const char *queue)
{
    struct handles handles;
    samqp_error *error = NULL;
    samqp_delivery *delivery = NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    size_t length;
    make(&handles, queue);
    CHECK_STATUS(samqp_client_close(handles.client, &error), SAMQP_OK, error);
    CHECK(samqp_delivery_body(handles.delivery, &length) != NULL);
    CHECK(samqp_delivery_properties(handles.delivery, &properties) == SAMQP_OK && properties.message_id != NULL);
    CHECK(samqp_delivery_is_stale(handles.delivery) == 1);
    CHECK(samqp_delivery_ack(handles.delivery, 0) == SAMQP_ERR_STALE);
    CHECK(samqp_delivery_nack(handles.delivery, SAMQP_MULTIPLE | SAMQP_REQUEUE) == SAMQP_ERR_STALE);
    CHECK(samqp_publish(handles.publisher, "", queue, NULL, NULL, 0, 0, NULL, NULL, NULL) == SAMQP_ERR_CLOSED);
    CHECK(samqp_channel_is_open(handles.channel) == 0);
    CHECK(samqp_channel_get(handles.channel, queue, 0, LONG_MS, &delivery, NULL) == SAMQP_ERR_CLOSED);
    CHECK(samqp_channel_publish(handles.channel, "", queue, NULL, "x", 1, 0, LONG_MS, NULL) == SAMQP_ERR_NOT_SENT);
    CHECK(samqp_channel_check_queue(handles.channel, queue, &info, LONG_MS, NULL) == SAMQP_ERR_CLOSED);
    CHECK(samqp_channel_tx_select(handles.channel, LONG_MS, NULL) == SAMQP_ERR_CLOSED);
    (void)samqp_channel_close(handles.channel, LONG_MS, NULL);
    delivery = samqp_event_take_delivery(handles.event);
    CHECK(delivery != NULL && samqp_delivery_ack(delivery, 0) == SAMQP_ERR_STALE);
    samqp_delivery_free(delivery);
    await_end(handles.events, NULL);
    {
        int index;
        for (index = HANDLES - 1; index >= 0; index--) {
            /* free_one looks for an open client. */
            if (index == 1) { samqp_client_free(handles.client); handles.client = NULL; continue; }
            samqp_client *kept = handles.client;
            handles.client = NULL;
            free_one(&handles, index, queue);
            handles.client = kept;
        }
    }
}

/* Waits until no more than these are left. */
static void await_left(int most_descriptors, int most_threads)
{
    double end = seconds() + LONG_MS / 1000;
    while (descriptors() > most_descriptors || threads() > most_threads) {
        if (seconds() > end) {
            fprintf(stderr, "%d descriptors, not %d; %d threads, not %d\n", descriptors(), most_descriptors, threads(),
                most_threads);
            exit(1);
        }
        nap(10);
    }
}

int main(void)
{
    samqp_client *client;
    char queue[64];
    int order[5] = {0, 1, 2, 3, 4}, first, second, all_descriptors, all_threads;
    watchdog(100);
    client = open_client(NULL, NULL);
    declare(client, queue_name(queue, "frees"));
    /* What the library keeps: its loop, and the threads of its runtime. */
    closed(queue);
    permute(client, queue, order, is_slow() ? 3 : 4);
    nap(100);
    all_descriptors = descriptors();
    all_threads = threads();
    for (first = 0; first < HANDLES; first++) {
        for (second = 0; second < HANDLES; second++) {
            if (is_slow() && (first * HANDLES + second) % 17 != 0) continue;
            if (second != first) free_in_order(queue, first, second);
        }
    }
    if (!is_slow()) permute(client, queue, order, 0);
    await_left(all_descriptors, all_threads + 2);
    purge(client, queue);
    return finish_with(client, queue);
}
