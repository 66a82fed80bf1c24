/* Runs: broker asan valgrind. Events by a callback, and being told of them: in order, each once, and what may be called there. */
#include "session.h"

enum { CHAIN = 200 };

static void *const self = (void *)77;

/* What waits is refused inside of callbacks, without waiting. */
static void check_deadlocks(samqp_client *client, samqp_publisher *publisher, samqp_consumer *consumer)
{
    double start = seconds();
    samqp_error *error = NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_client *other = (samqp_client *)1;
    samqp_consumer *begun = (samqp_consumer *)1;
    samqp_channel *channel = (samqp_channel *)1;
    samqp_options *options;
#define DEADLOCK(call)                                                                                                 \
    CHECK_STATUS(call, SAMQP_ERR_WOULD_DEADLOCK, error);                                                               \
    samqp_error_free(error)
    DEADLOCK(samqp_publish_wait(publisher, "", "x", NULL, "x", 1, 0, LONG_MS, &error));
    DEADLOCK(samqp_publisher_flush(publisher, LONG_MS, NULL, &error));
    DEADLOCK(samqp_queue_status(client, "x", &info, LONG_MS, &error));
    DEADLOCK(samqp_declare_queue(client, "x", 0, NULL, NULL, LONG_MS, &error));
    DEADLOCK(samqp_delete_queue(client, "x", 0, NULL, LONG_MS, &error));
    DEADLOCK(samqp_client_drain(client, LONG_MS, NULL, &error));
    DEADLOCK(samqp_client_close(client, &error));
    DEADLOCK(samqp_channel_open(&channel, client, LONG_MS, &error));
    CHECK(channel == NULL);
    DEADLOCK(samqp_consume(&begun, client, "x", NULL, NULL, NULL, LONG_MS, &error));
    CHECK(begun == NULL);
    if (consumer != NULL) { DEADLOCK(samqp_consumer_cancel(consumer, LONG_MS, &error)); }
    options = broker_options();
    DEADLOCK(samqp_client_open(&other, options, NULL, NULL, LONG_MS, &error));
    CHECK(other == NULL);
    samqp_options_free(options);
#undef DEADLOCK
    /* Without waiting they say what they can. */
    CHECK(samqp_publish_wait(publisher, "", "x", NULL, "x", 1, 0, 0, NULL) == SAMQP_ERR_NOT_SENT);
    CHECK(samqp_queue_status(client, "x", &info, 0, NULL) == SAMQP_ERR_TIMEOUT);
    CHECK(samqp_client_wait(client, LONG_MS, NULL) == SAMQP_OK);
    CHECK(samqp_client_state(client) == SAMQP_STATE_OPEN && samqp_client_health(client, NULL) == SAMQP_OK);
    CHECK(seconds() - start < 10);
}

struct chain {
    samqp_client *client;
    samqp_publisher *publisher;
    samqp_consumer *consumer;
    samqp_events *events;
    const char *queue;
    int limit;
    uint64_t last;
    int next;
    _Atomic int confirms, deliveries, ended, is_inside;
};

/* Publishes one for each that is confirmed, and acks what comes. */
static void on_event(samqp_event *event, void *user)
{
    struct chain *chain = user;
    char body[16];
    samqp_event *none = (samqp_event *)1;
    samqp_delivery *delivery;
    int number;
    CHECK(chain->is_inside++ == 0);
    switch (samqp_event_get_type(event)) {
    case SAMQP_EVENT_CONFIRM:
        CHECK(samqp_event_status(event) == SAMQP_OK);
        CHECK(samqp_event_tag(event) == chain->last + 1);
        chain->last++;
        if (chain->last == 1) {
            check_deadlocks(chain->client, chain->publisher, chain->consumer);
            CHECK(samqp_events_poll(chain->events, 0, &none) == SAMQP_ERR_CLOSED && none == NULL);
            CHECK(samqp_events_dispatch(chain->events, on_event, NULL, NULL) == SAMQP_ERR_INVALID_ARGUMENT);
        }
        if (chain->last < (uint64_t)chain->limit) {
            int length = snprintf(body, sizeof body, "%d", (int)chain->last);
            uint64_t tag = 0;
            CHECK(samqp_publish(chain->publisher, "", chain->queue, NULL, body, (size_t)length, 0, self, &tag, NULL)
                == SAMQP_OK);
            CHECK(tag == chain->last + 1);
        }
        chain->confirms++;
        break;
    case SAMQP_EVENT_DELIVERY:
        delivery = samqp_event_take_delivery(event);
        number = number_of(delivery);
        CHECK(number == chain->next++);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
        chain->deliveries++;
        break;
    case SAMQP_EVENT_CONSUMER:
        if (samqp_event_int(event) == SAMQP_CONSUMER_ENDED) chain->ended++;
        break;
    default:
        break;
    }
    samqp_event_free(event);
    chain->is_inside--;
}

static void dispatched(samqp_client *client, const char *queue)
{
    static struct chain chain;
    samqp_event *event = (samqp_event *)1;
    double end = seconds() + LONG_MS / 1000;
    memset(&chain, 0, sizeof chain);
    chain.client = client;
    chain.queue = queue;
    chain.limit = is_slow() ? CHAIN / 4 : CHAIN;
    chain.events = samqp_events_new(0);
    chain.publisher = open_publisher(client, NULL, chain.events, NULL);
    chain.consumer = consume(client, queue, NULL, chain.events, NULL);
    CHECK(samqp_events_stop(chain.events) == SAMQP_OK);
    CHECK(samqp_events_dispatch(chain.events, on_event, &chain, NULL) == SAMQP_OK);
    CHECK(samqp_events_dispatch(chain.events, on_event, &chain, NULL) == SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(samqp_events_poll(chain.events, 100, &event) == SAMQP_ERR_CLOSED && event == NULL);
    CHECK(samqp_publish(chain.publisher, "", queue, NULL, "0", 1, 0, self, NULL, NULL) == SAMQP_OK);
    for (; chain.confirms < chain.limit || chain.deliveries < chain.limit; nap(5)) CHECK(seconds() < end);
    samqp_consumer_free(chain.consumer);
    for (; chain.ended == 0; nap(5)) CHECK(seconds() < end);
    CHECK(samqp_events_stop(chain.events) == SAMQP_OK && samqp_events_stop(chain.events) == SAMQP_OK);
    CHECK(chain.is_inside == 0 && chain.ended == 1);
    /* It can be polled again. */
    CHECK(samqp_publish(chain.publisher, "", queue, NULL, "x", 1, 0, self, NULL, NULL) == SAMQP_OK);
    event = event_of(chain.events, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_event_user(event) == self);
    samqp_event_free(event);
    samqp_publisher_free(chain.publisher);
    samqp_events_free(chain.events);
    purge(client, queue);
}

/* Stopped by itself after each event, and by others at the same time: nothing is lost, nothing is out of order. */
struct stopping {
    samqp_events *events;
    _Atomic uint64_t last;
    _Atomic int is_inside, is_stopped;
};

static void on_one(samqp_event *event, void *user)
{
    struct stopping *stopping = user;
    CHECK(stopping->is_inside++ == 0);
    CHECK(!stopping->is_stopped);
    CHECK(samqp_event_tag(event) == stopping->last + 1);
    stopping->last++;
    samqp_event_free(event);
    stopping->is_stopped = 1;
    CHECK(samqp_events_stop(stopping->events) == SAMQP_OK);
    nap(1);
    stopping->is_inside--;
}

static void *stop(void *events)
{
    CHECK(samqp_events_stop(events) == SAMQP_OK);
    return NULL;
}

static void stopped(samqp_client *client, const char *queue)
{
    static struct stopping stopping;
    uint64_t count = is_slow() ? 20 : 100, index;
    samqp_publisher *publisher;
    double end = seconds() + LONG_MS / 1000;
    memset(&stopping, 0, sizeof stopping);
    stopping.events = samqp_events_new(0);
    publisher = open_publisher(client, NULL, stopping.events, NULL);
    for (index = 0; index < count; index++) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_events_count(stopping.events) == count);
    while (stopping.last < count) {
        uint64_t before = stopping.last;
        pthread_t thread;
        stopping.is_stopped = 0;
        CHECK(samqp_events_dispatch(stopping.events, on_one, &stopping, NULL) == SAMQP_OK);
        for (; stopping.last == before; nap(1)) CHECK(seconds() < end);
        CHECK(pthread_create(&thread, NULL, stop, stopping.events) == 0);
        CHECK(samqp_events_stop(stopping.events) == SAMQP_OK);
        /* It is not running any more, also where it has stopped itself. */
        CHECK(stopping.is_inside == 0 && stopping.last == before + 1);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(samqp_events_count(stopping.events) == count - stopping.last);
    }
    samqp_publisher_free(publisher);
    samqp_events_free(stopping.events);
    purge(client, queue);
}

/* Polled and dispatched in turn, by several threads, under way: each event goes to one of them. */
enum { TOGGLED = 4000 };
struct toggling {
    samqp_events *events;
    int count;
    _Atomic int done, is_over;
    _Atomic unsigned char seen[TOGGLED + 1];
};

static void see(struct toggling *toggling, samqp_event *event)
{
    uint64_t tag = samqp_event_tag(event);
    if (samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM) {
        CHECK(tag >= 1 && tag <= TOGGLED && toggling->seen[tag]++ == 0);
        toggling->done++;
    }
    samqp_event_free(event);
}

static void on_toggled(samqp_event *event, void *user) { see(user, event); }

static void *poll_between(void *argument)
{
    struct toggling *toggling = argument;
    samqp_event *batch[8];
    while (!toggling->is_over) {
        int64_t taken = samqp_events_poll_batch(toggling->events, 20, batch, 8), index;
        CHECK(taken >= 0 || taken == SAMQP_ERR_CLOSED);
        if (taken < 0) nap(1);
        for (index = 0; index < taken; index++) see(toggling, batch[index]);
    }
    return NULL;
}

static void toggled(samqp_client *client, const char *queue)
{
    static struct toggling toggling;
    samqp_publisher *publisher;
    pthread_t pollers[2];
    double end = seconds() + LONG_MS / 1000;
    int index, sent = 0;
    memset(&toggling, 0, sizeof toggling);
    toggling.count = is_slow() ? TOGGLED / 10 : TOGGLED;
    toggling.events = samqp_events_new(128);
    publisher = open_publisher(client, NULL, toggling.events, NULL);
    for (index = 0; index < 2; index++) CHECK(pthread_create(&pollers[index], NULL, poll_between, &toggling) == 0);
    while (toggling.done < toggling.count) {
        CHECK(seconds() < end);
        CHECK(samqp_events_dispatch(toggling.events, on_toggled, &toggling, NULL) == SAMQP_OK);
        for (index = 0; index < 50 && sent < toggling.count; index++) {
            if (samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK) sent++;
        }
        CHECK(samqp_events_stop(toggling.events) == SAMQP_OK);
        if (sent % 2) nap(1);
    }
    toggling.is_over = 1;
    for (index = 0; index < 2; index++) CHECK(pthread_join(pollers[index], NULL) == 0);
    CHECK(toggling.done == toggling.count && samqp_publisher_unconfirmed(publisher) == 0);
    samqp_publisher_free(publisher);
    samqp_events_free(toggling.events);
    purge(client, queue);
}

/* The handle is freed inside the callback: that call is the last. */
struct freeing {
    samqp_events *events;
    _Atomic int calls, is_done;
};

static void on_last(samqp_event *event, void *user)
{
    struct freeing *freeing = user;
    CHECK(freeing->calls++ == 0);
    samqp_events_free(freeing->events);
    samqp_event_free(event);
    freeing->is_done = 1;
}

static void freed(samqp_client *client, const char *queue)
{
    static struct freeing freeing;
    samqp_publisher *publisher;
    int index;
    double end = seconds() + LONG_MS / 1000;
    memset(&freeing, 0, sizeof freeing);
    freeing.events = samqp_events_new(0);
    publisher = open_publisher(client, NULL, freeing.events, NULL);
    for (index = 0; index < 10; index++) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_events_dispatch(freeing.events, on_last, &freeing, NULL) == SAMQP_OK);
    for (; !freeing.is_done; nap(5)) CHECK(seconds() < end);
    nap(50);
    CHECK(freeing.calls == 1);
    /* Its publisher goes on, and tells nobody. */
    CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    samqp_publisher_free(publisher);
    purge(client, queue);
}

/* Two dispatchers that would stop each other would wait for each other. */
struct pair {
    samqp_events *own, *other;
    struct pair *peer;
    _Atomic int is_there, is_refused, is_done;
};

static void on_pair(samqp_event *event, void *user)
{
    struct pair *pair = user;
    double end = seconds() + LONG_MS / 1000;
    samqp_event_free(event);
    pair->is_there = 1;
    for (; !pair->peer->is_there; nap(1)) CHECK(seconds() < end);
    CHECK(samqp_events_stop(pair->other) == SAMQP_ERR_WOULD_DEADLOCK);
    pair->is_refused = 1;
    for (; !pair->peer->is_refused; nap(1)) CHECK(seconds() < end);
    CHECK(samqp_events_stop(pair->own) == SAMQP_OK);
    pair->is_done = 1;
}

static void mutual(samqp_client *client, const char *queue)
{
    static struct pair pairs[2];
    samqp_publisher *publishers[2];
    int index;
    memset(pairs, 0, sizeof pairs);
    for (index = 0; index < 2; index++) pairs[index].own = samqp_events_new(0);
    for (index = 0; index < 2; index++) {
        pairs[index].other = pairs[1 - index].own;
        pairs[index].peer = &pairs[1 - index];
        publishers[index] = open_publisher(client, NULL, pairs[index].own, NULL);
        CHECK(samqp_events_dispatch(pairs[index].own, on_pair, &pairs[index], NULL) == SAMQP_OK);
        CHECK(samqp_publish(publishers[index], "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    for (index = 0; index < 2; index++) {
        double end = seconds() + LONG_MS / 1000;
        for (; !pairs[index].is_done; nap(1)) CHECK(seconds() < end);
        CHECK(samqp_events_stop(pairs[index].own) == SAMQP_OK);
    }
    for (index = 0; index < 2; index++) {
        samqp_publisher_free(publishers[index]);
        samqp_events_free(pairs[index].own);
    }
    purge(client, queue);
}

/* ------------------------------------------------------------------------------------------------ Being told */

struct told {
    samqp_client *client;
    samqp_publisher *publisher;
    samqp_events *events;
    _Atomic int calls, is_checked, replaced;
};

static void on_replaced(void *user)
{
    struct told *told = user;
    told->replaced++;
}

static void on_news(void *user)
{
    struct told *told = user;
    if (told->calls++ == 0) {
        check_deadlocks(told->client, told->publisher, NULL);
        CHECK(samqp_events_count(told->events) > 0);
        told->is_checked = 1;
    }
}

/* Replaces itself, publishes, and wakes a poll. */
static void on_busy(void *user)
{
    struct told *told = user;
    if (told->calls++ > 0) return;
    CHECK(samqp_publish(told->publisher, "", "facade-nowhere", NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_events_wakeup(told->events) == SAMQP_OK);
    CHECK(samqp_events_set_notify(told->events, on_replaced, told) == SAMQP_OK);
}

static void notified(samqp_client *client, const char *queue)
{
    static struct told told;
    samqp_event *event;
    int turn;
    memset(&told, 0, sizeof told);
    told.client = client;
    told.events = samqp_events_new(0);
    told.publisher = open_publisher(client, NULL, told.events, NULL);
    CHECK(samqp_events_set_notify(told.events, on_news, &told) == SAMQP_OK);
    for (turn = 1; turn <= 20; turn++) {
        /* From empty to not empty: once for both. */
        CHECK(samqp_publish(told.publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
        CHECK(samqp_publish(told.publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
        CHECK(samqp_publisher_flush(told.publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
        CHECK(told.calls == turn);
        samqp_event_free(event_of(told.events, SAMQP_EVENT_CONFIRM));
        samqp_event_free(event_of(told.events, SAMQP_EVENT_CONFIRM));
        CHECK(samqp_events_poll(told.events, 0, &event) == 0);
    }
    CHECK(told.is_checked);
    CHECK(samqp_events_set_notify(told.events, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_publish(told.publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_publisher_flush(told.publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    CHECK(told.calls == 20);
    /* Who asks to be told of what is there already is told. */
    told.calls = 0;
    CHECK(samqp_events_set_notify(told.events, on_busy, &told) == SAMQP_OK);
    CHECK(told.calls == 1);
    samqp_event_free(event_of(told.events, SAMQP_EVENT_CONFIRM));
    event = event_of(told.events, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_event_status(event) == SAMQP_ERR_RETURNED);
    samqp_event_free(event);
    CHECK(told.calls == 1 && told.replaced >= 1);
    samqp_events_set_notify(told.events, NULL, NULL);
    samqp_publisher_free(told.publisher);
    samqp_events_free(told.events);
    purge(client, queue);
}

int main(void)
{
    char queue[64];
    samqp_client *client = begin(queue, "callbacks");
    dispatched(client, queue);
    stopped(client, queue);
    toggled(client, queue);
    freed(client, queue);
    mutual(client, queue);
    notified(client, queue);
    return finish_with(client, queue);
}
