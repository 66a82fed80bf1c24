/* Runs: broker asan valgrind. The descriptor of an event queue: readable exactly while there are events, or a wakeup. */
#include "session.h"

#include <poll.h>

static int is_readable(int descriptor, int timeout)
{
    struct pollfd entry = {descriptor, POLLIN, 0};
    int count = poll(&entry, 1, timeout);
    CHECK(count >= 0 && (count == 0 || entry.revents == POLLIN));
    return count;
}

static void publish(samqp_publisher *publisher, const char *queue, int count)
{
    while (count-- > 0) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
}

/* Events that are there before anybody asks for the descriptor, or after. */
static void levels(samqp_client *client, const char *queue, int asks_late)
{
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_event *batch[8];
    int descriptor = -1, index, turn;
    if (!asks_late) {
        descriptor = samqp_events_fd(events);
        CHECK(descriptor >= 0 && samqp_events_fd(events) == descriptor && !is_readable(descriptor, 0));
    }
    publish(publisher, queue, 10);
    if (asks_late) descriptor = samqp_events_fd(events);
    for (turn = 0; turn < 3; turn++) CHECK(is_readable(descriptor, LONG_MS));
    /* 10 in bites of 4: readable until there are none. */
    for (index = 10; index > 0;) {
        int64_t taken = samqp_events_poll_batch(events, 0, batch, 4), place;
        CHECK(taken == (index >= 4 ? 4 : index));
        index -= (int)taken;
        CHECK(samqp_events_count(events) == (size_t)index && is_readable(descriptor, 0) == (index > 0));
        for (place = 0; place < taken; place++) samqp_event_free(batch[place]);
    }
    /* Each wakeup makes one poll give 0, and is seen until then. */
    for (turn = 0; turn < 3; turn++) CHECK(samqp_events_wakeup(events) == SAMQP_OK);
    for (turn = 0; turn < 3; turn++) {
        CHECK(is_readable(descriptor, 0) && is_readable(descriptor, 0));
        CHECK(samqp_events_poll(events, -1, &batch[0]) == 0 && batch[0] == NULL);
    }
    CHECK(!is_readable(descriptor, 0) && samqp_events_poll(events, 0, &batch[0]) == 0);
    /* A wakeup among events does not hide them. */
    publish(publisher, queue, 2);
    CHECK(samqp_events_wakeup(events) == SAMQP_OK);
    for (turn = 0; turn < 2; turn++) {
        CHECK(is_readable(descriptor, 0));
        CHECK(samqp_events_poll(events, -1, &batch[0]) == 1);
        samqp_event_free(batch[0]);
    }
    CHECK(is_readable(descriptor, 0) && samqp_events_poll_batch(events, -1, batch, 8) == 0);
    CHECK(!is_readable(descriptor, 0));
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

/* A wakeup before anybody asked for the descriptor. */
static void early_wakeup(void)
{
    samqp_events *events = samqp_events_new(0);
    samqp_event *event;
    int descriptor;
    CHECK(samqp_events_wakeup(events) == SAMQP_OK);
    descriptor = samqp_events_fd(events);
    CHECK(is_readable(descriptor, 0) && samqp_events_poll(events, LONG_MS, &event) == 0);
    CHECK(!is_readable(descriptor, 0));
    samqp_events_free(events);
}

/* Deliveries: the consumer stands in the queue once, and the descriptor is readable while it has some. */
static void deliveries(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(0);
    samqp_consumer *consumer;
    samqp_event *batch[4];
    int descriptor = samqp_events_fd(events), got = 0;
    fill(client, queue, 20);
    consumer = consume(client, queue, NULL, events, NULL);
    while (got < 20) {
        int64_t taken, place;
        CHECK(is_readable(descriptor, LONG_MS));
        taken = samqp_events_poll_batch(events, 0, batch, 4);
        CHECK(taken >= 0);
        for (place = 0; place < taken; place++) {
            samqp_delivery *delivery = samqp_event_take_delivery(batch[place]);
            if (delivery != NULL) {
                CHECK(number_of(delivery) == got++ && samqp_delivery_ack(delivery, 0) == SAMQP_OK);
                samqp_delivery_free(delivery);
            }
            samqp_event_free(batch[place]);
        }
    }
    CHECK(samqp_events_poll(events, 0, &batch[0]) == 0 && !is_readable(descriptor, 0));
    /* Acks of a program that sleeps in poll(2) are written all the same. */
    CHECK(!is_readable(descriptor, 200));
    samqp_consumer_free(consumer);
    CHECK(is_readable(descriptor, LONG_MS));
    await_end(events, NULL);
    await_messages(client, queue, 0);
    samqp_events_free(events);
}

/* ------------------------------------------------------------------------------------------------ Many threads */

enum { THREADS = 4, EVENTS = 2000 };
struct crowd {
    samqp_events *events;
    int descriptor, count, uses_descriptor;
    _Atomic int done, is_over, woken;
    _Atomic unsigned char seen[EVENTS + 1];
};

static void *take(void *argument)
{
    struct crowd *crowd = argument;
    samqp_event *batch[4];
    while (!crowd->is_over) {
        int64_t taken, place;
        if (crowd->uses_descriptor) (void)is_readable(crowd->descriptor, 1000);
        taken = samqp_events_poll_batch(crowd->events, crowd->uses_descriptor ? 0 : -1, batch, 4);
        CHECK(taken >= 0);
        if (taken == 0) crowd->woken++;
        for (place = 0; place < taken; place++) {
            uint64_t tag = samqp_event_tag(batch[place]);
            if (samqp_event_get_type(batch[place]) == SAMQP_EVENT_CONFIRM) {
                CHECK(tag >= 1 && tag <= EVENTS && crowd->seen[tag]++ == 0);
                crowd->done++;
            }
            samqp_event_free(batch[place]);
        }
    }
    return NULL;
}

/* Each event goes to one thread, and nobody sleeps while there is one. */
static void crowded(samqp_client *client, const char *queue, int uses_descriptor)
{
    static struct crowd crowd;
    pthread_t takers[THREADS];
    samqp_publisher *publisher;
    double end = seconds() + LONG_MS / 1000;
    int index;
    memset(&crowd, 0, sizeof crowd);
    crowd.count = is_slow() ? 400 : EVENTS;
    crowd.events = samqp_events_new(64);
    crowd.uses_descriptor = uses_descriptor;
    crowd.descriptor = samqp_events_fd(crowd.events);
    publisher = open_publisher(client, NULL, crowd.events, NULL);
    for (index = 0; index < THREADS; index++) CHECK(pthread_create(&takers[index], NULL, take, &crowd) == 0);
    for (index = 0; index < crowd.count;) {
        samqp_status status = samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL);
        CHECK(status == SAMQP_OK || status == SAMQP_ERR_WOULD_BLOCK);
        if (status == SAMQP_OK) index++; else sched_yield();
    }
    for (; crowd.done < crowd.count; nap(1)) CHECK(seconds() < end);
    nap(20);
    crowd.is_over = 1;
    for (index = 0; index < THREADS; index++) CHECK(samqp_events_wakeup(crowd.events) == SAMQP_OK);
    for (index = 0; index < THREADS; index++) CHECK(pthread_join(takers[index], NULL) == 0);
    CHECK(crowd.done == crowd.count && crowd.woken >= 1);
    samqp_publisher_free(publisher);
    samqp_events_free(crowd.events);
    purge(client, queue);
}

int main(void)
{
    char queue[64];
    samqp_client *client = begin(queue, "fd");
    early_wakeup();
    levels(client, queue, 0);
    levels(client, queue, 1);
    purge(client, queue);
    deliveries(client, queue);
    crowded(client, queue, 0);
    crowded(client, queue, 1);
    return finish_with(client, queue);
}
