/* Runs: broker asan valgrind. Handlers: what their answers do, how many run at a time, and what may be called there. */
#include "session.h"

static samqp_options *handler_options(int64_t concurrency)
{
    samqp_options *options = samqp_options_new();
    CHECK(samqp_options_set_int(options, "consumer.max_concurrency", concurrency, NULL) == SAMQP_OK);
    return options;
}

static samqp_consumer *handle(
    samqp_client *client, const char *queue, const samqp_options *options,
    int32_t (*handler)(samqp_delivery *, void *), samqp_events *events, void *user)
{
    samqp_consumer *consumer = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(
        samqp_consume_handler(&consumer, client, queue, options, handler, events, user, &error), SAMQP_OK, error);
    CHECK(consumer != NULL);
    return consumer;
}

/* ------------------------------------------------------------------------------------------------ Answers */

struct answers {
    _Atomic int handled[8], again[8];
    samqp_delivery *left;
    _Atomic int is_left;
};

/* Message n is answered with n, the second time with an ack. */
static int32_t answer(samqp_delivery *delivery, void *user)
{
    struct answers *answers = user;
    int number = number_of(delivery);
    CHECK(number >= 0 && number < 8);
    answers->handled[number]++;
    if (samqp_delivery_redelivered(delivery)) {
        answers->again[number]++;
        return SAMQP_SETTLE_ACK;
    }
    if (number == SAMQP_SETTLE_LEFT) {
        answers->left = delivery;
        answers->is_left = 1;
    }
    if (number == 6) CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
    return number == 5 ? 77 : number == 6 ? SAMQP_SETTLE_ACK : number;
}

static void answered(samqp_client *client, const char *queue, const char *dead)
{
    static struct answers answers;
    samqp_events *events = samqp_events_new(0);
    samqp_options *options = handler_options(1);
    samqp_consumer *consumer;
    samqp_delivery *none = NULL;
    double end = seconds() + LONG_MS / 1000;
    memset(&answers, 0, sizeof answers);
    CHECK(samqp_options_set(options, "failures.policy", "requeue", NULL) == SAMQP_OK);
    CHECK(samqp_options_set_int(options, "failures.initial_ms", 1, NULL) == SAMQP_OK);
    fill(client, queue, 7);
    consumer = handle(client, queue, options, answer, events, &answers);
    CHECK(samqp_consumer_poll(consumer, 0, &none, NULL) == SAMQP_ERR_INVALID_ARGUMENT);
    for (; !answers.is_left || !answers.again[2] || !answers.again[3] || !answers.again[5]; nap(5)) CHECK(seconds() < end);
    /* Its own from then on. */
    CHECK(number_of(answers.left) == SAMQP_SETTLE_LEFT && samqp_delivery_is_cancelled(answers.left) == 0);
    CHECK(samqp_delivery_ack(answers.left, 0) == SAMQP_OK);
    samqp_delivery_free(answers.left);
    await_messages(client, dead, 1);
    CHECK(samqp_consumer_cancel(consumer, LONG_MS, NULL) == SAMQP_OK);
    CHECK(answers.handled[0] == 1 && answers.handled[1] == 1 && answers.handled[2] == 2 && answers.handled[3] == 2);
    CHECK(answers.handled[4] == 1 && answers.handled[5] == 2 && answers.handled[6] == 1);
    samqp_consumer_free(consumer);
    await_end(events, &answers);
    await_messages(client, queue, 0);
    samqp_options_free(options);
    samqp_events_free(events);
    purge(client, dead);
}

/* ------------------------------------------------------------------------------------------------ Policies */

struct failing {
    _Atomic int calls;
    _Atomic uint64_t retries;
};

static int32_t fail(samqp_delivery *delivery, void *user)
{
    struct failing *failing = user;
    failing->calls++;
    failing->retries = samqp_delivery_retry_count(delivery);
    return SAMQP_SETTLE_RETRY;
}

static void policies(samqp_client *client, const char *queue, const char *dead)
{
    static struct failing failing;
    samqp_options *options = handler_options(1);
    samqp_consumer *consumer;
    samqp_error *error = NULL;
    char name[128];
    CHECK(samqp_options_set(options, "failures.policy", "reject", NULL) == SAMQP_OK);
    consumer = handle(client, queue, options, fail, NULL, &failing);
    fill(client, queue, 1);
    await_messages(client, dead, 1);
    CHECK(failing.calls == 1);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
    purge(client, dead);
    /* Three tries in all, then it is parked. */
    CHECK(samqp_options_set(options, "failures.policy", "retry", NULL) == SAMQP_OK);
    CHECK(samqp_options_set(options, "failures.delays_ms", "20,20", NULL) == SAMQP_OK);
    CHECK(samqp_options_set(options, "failures.queue_kind", "classic", NULL) == SAMQP_OK);
    CHECK(samqp_options_set(options, "failures.limit", "3", NULL) == SAMQP_OK);
    failing.calls = 0;
    consumer = handle(client, queue, options, fail, NULL, &failing);
    fill(client, queue, 1);
    snprintf(name, sizeof name, "%s.parked", queue);
    {
        double end = seconds() + LONG_MS / 1000;
        for (; failing.calls < 3; nap(5)) CHECK(seconds() < end);
    }
    await_messages(client, name, 1);
    if (failing.calls != 3 || failing.retries != 2) {
        fprintf(stderr, "%d calls, %d retries\n", failing.calls, (int)failing.retries);
    }
    CHECK(failing.calls == 3 && failing.retries == 2);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
    delete_queue(client, name);
    snprintf(name, sizeof name, "%s.retry.20", queue);
    (void)samqp_delete_queue(client, name, 0, NULL, LONG_MS, NULL);
    await_messages(client, queue, 0);
    samqp_options_free(options);
}

/* ------------------------------------------------------------------------------------------------ Calls inside */

struct inside {
    samqp_client *client, *other;
    samqp_consumer *_Atomic consumer;
    samqp_publisher *publisher;
    samqp_events *dispatched;
    const char *queue, *dead;
    _Atomic int done;
};

static int32_t call(samqp_delivery *delivery, void *user)
{
    struct inside *inside = user;
    samqp_error *error = NULL;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_drain_report report = {.struct_size = sizeof report};
    (void)delivery;
    while (inside->consumer == NULL) nap(1);
    CHECK_STATUS(samqp_consumer_cancel(inside->consumer, LONG_MS, &error), SAMQP_ERR_WOULD_DEADLOCK, error);
    samqp_error_free(error);
    CHECK_STATUS(samqp_client_drain(inside->client, LONG_MS, &report, &error), SAMQP_ERR_WOULD_DEADLOCK, error);
    samqp_error_free(error);
    CHECK_STATUS(samqp_client_close(inside->client, &error), SAMQP_ERR_WOULD_DEADLOCK, error);
    samqp_error_free(error);
    CHECK_STATUS(
        samqp_publish_wait(inside->publisher, "", inside->dead, NULL, "x", 1, 0, LONG_MS, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_publisher_flush(inside->publisher, LONG_MS, NULL, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_queue_status(inside->client, inside->queue, &info, LONG_MS, &error), SAMQP_OK, error);
    {
        /* Another consumer, and another client, are no affair of this handler. */
        samqp_consumer *consumer = consume(inside->client, inside->dead, NULL, NULL, NULL);
        samqp_delivery *got = poll_delivery(consumer);
        CHECK(samqp_delivery_ack(got, 0) == SAMQP_OK);
        samqp_delivery_free(got);
        CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
        samqp_consumer_free(consumer);
    }
    CHECK_STATUS(samqp_client_drain(inside->other, LONG_MS, &report, &error), SAMQP_OK, error);
    CHECK(samqp_events_stop(inside->dispatched) == SAMQP_OK);
    inside->done++;
    return SAMQP_SETTLE_ACK;
}

static void on_event(samqp_event *event, void *user)
{
    (void)user;
    samqp_event_free(event);
}

static void inside(samqp_client *client, const char *queue, const char *dead)
{
    static struct inside inside;
    double end = seconds() + LONG_MS / 1000;
    inside.client = client;
    inside.other = open_client(NULL, NULL);
    inside.queue = queue;
    inside.dead = dead;
    inside.publisher = open_publisher(client, NULL, NULL, NULL);
    inside.dispatched = samqp_events_new(0);
    CHECK(samqp_events_dispatch(inside.dispatched, on_event, NULL, NULL) == SAMQP_OK);
    inside.consumer = handle(client, queue, NULL, call, NULL, &inside);
    fill(client, queue, 1);
    for (; !inside.done; nap(5)) CHECK(seconds() < end);
    CHECK(samqp_consumer_cancel(inside.consumer, LONG_MS, NULL) == SAMQP_OK);
    samqp_consumer_free(inside.consumer);
    samqp_publisher_free(inside.publisher);
    samqp_events_free(inside.dispatched);
    samqp_client_free(inside.other);
    await_messages(client, queue, 0);
}

/* ------------------------------------------------------------------------------------------------ How many */

struct crowd {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int width, inside, most, arrived, calls, last, is_ordered;
};

static int32_t meet(samqp_delivery *delivery, void *user)
{
    struct crowd *crowd = user;
    int number = number_of(delivery);
    pthread_mutex_lock(&crowd->mutex);
    crowd->calls++;
    if (number < crowd->last) crowd->is_ordered = 0;
    crowd->last = number;
    if (++crowd->inside > crowd->most) crowd->most = crowd->inside;
    /* Nobody leaves before as many are here as may be. */
    if (++crowd->arrived >= crowd->width) pthread_cond_broadcast(&crowd->condition);
    while (crowd->arrived < crowd->width) pthread_cond_wait(&crowd->condition, &crowd->mutex);
    crowd->inside--;
    pthread_mutex_unlock(&crowd->mutex);
    return SAMQP_SETTLE_ACK;
}

static void crowded(samqp_client *client, const char *queue, int width)
{
    static struct crowd crowd;
    samqp_options *options = handler_options(width);
    samqp_consumer *consumer;
    int before = threads(), count = 100;
    double end = seconds() + LONG_MS / 1000;
    memset(&crowd, 0, sizeof crowd);
    pthread_mutex_init(&crowd.mutex, NULL);
    pthread_cond_init(&crowd.condition, NULL);
    crowd.width = width;
    crowd.is_ordered = 1;
    fill(client, queue, count);
    consumer = handle(client, queue, options, meet, NULL, &crowd);
    for (;; nap(5)) {
        int calls;
        CHECK(seconds() < end);
        pthread_mutex_lock(&crowd.mutex);
        calls = crowd.calls;
        pthread_mutex_unlock(&crowd.mutex);
        if (calls == count) break;
    }
    CHECK(crowd.most == width);
    if (width == 1) CHECK(crowd.is_ordered);
    CHECK(samqp_consumer_cancel(consumer, LONG_MS, NULL) == SAMQP_OK);
    samqp_consumer_free(consumer);
    await_messages(client, queue, 0);
    /* Their threads end with them; the pool of the runtime may have grown by its two. */
    for (; threads() > before + 2; nap(5)) CHECK(seconds() < end);
    samqp_options_free(options);
}

/* ------------------------------------------------------------------------------------------------ Being late */

struct late {
    _Atomic int begun, told;
    int waits_for_freed;
    _Atomic int is_freed, left;
};

static int32_t be_late(samqp_delivery *delivery, void *user)
{
    struct late *late = user;
    double end = seconds() + LONG_MS / 1000;
    late->begun++;
    for (; !samqp_delivery_is_cancelled(delivery); nap(5)) CHECK(seconds() < end);
    late->told++;
    for (; late->waits_for_freed && !late->is_freed; nap(5)) CHECK(seconds() < end);
    /* After its consumer has gone it can be looked at, and says that it is late. */
    CHECK(number_of(delivery) >= 0);
    (void)samqp_delivery_is_stale(delivery);
    late->left++;
    return SAMQP_SETTLE_ACK;
}

static void overdue(samqp_client *client, const char *queue)
{
    static struct late late;
    samqp_options *options = handler_options(4);
    samqp_consumer *consumer;
    samqp_events *events = samqp_events_new(0);
    samqp_event *event;
    double end = seconds() + LONG_MS / 1000;
    CHECK(samqp_options_set_int(options, "handler.deadline_ms", 100, NULL) == SAMQP_OK);
    consumer = handle(client, queue, options, be_late, NULL, &late);
    fill(client, queue, 1);
    for (; !late.told; nap(5)) CHECK(seconds() < end);
    CHECK(samqp_consumer_cancel(consumer, LONG_MS, NULL) == SAMQP_OK);
    samqp_consumer_free(consumer);
    samqp_options_free(options);
    (void)samqp_purge_queue(client, queue, NULL, LONG_MS, NULL);
    /* Freed while its handlers run: they are told, and their messages go back. */
    memset(&late, 0, sizeof late);
    late.waits_for_freed = 1;
    options = handler_options(4);
    fill(client, queue, 10);
    consumer = handle(client, queue, options, be_late, events, &late);
    for (; late.begun < 4; nap(5)) CHECK(seconds() < end);
    samqp_consumer_free(consumer);
    for (; late.told < 4; nap(5)) CHECK(seconds() < end);
    late.is_freed = 1;
    for (; late.left < late.begun; nap(5)) CHECK(seconds() < end);
    await_end(events, &late);
    CHECK(samqp_events_poll(events, 100, &event) == 0);
    CHECK(late.begun == 4);
    await_messages(client, queue, 10);
    (void)samqp_purge_queue(client, queue, NULL, LONG_MS, NULL);
    samqp_options_free(options);
    samqp_events_free(events);
}

int main(void)
{
    samqp_client *client;
    samqp_table *arguments = samqp_table_new();
    char queue[64], dead[64];
    watchdog(60);
    client = open_client(NULL, NULL);
    declare(client, queue_name(dead, "dead"));
    queue_name(queue, "handler");
    CHECK(samqp_table_set_string(arguments, "x-dead-letter-exchange", "") == SAMQP_OK);
    CHECK(samqp_table_set_string(arguments, "x-dead-letter-routing-key", dead) == SAMQP_OK);
    CHECK(samqp_declare_queue(client, queue, SAMQP_DURABLE, arguments, NULL, LONG_MS, NULL) == SAMQP_OK);
    samqp_table_free(arguments);
    answered(client, queue, dead);
    policies(client, queue, dead);
    inside(client, queue, dead);
    crowded(client, queue, 8);
    crowded(client, queue, 1);
    overdue(client, queue);
    delete_queue(client, queue);
    return finish_with(client, dead);
}
