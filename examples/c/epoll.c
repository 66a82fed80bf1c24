/*
 * epoll QUEUE COUNT: one thread, one epoll loop. A timer publishes a message every 10 ms, COUNT of them, and each one comes back
 * through a consumer. What the client has to tell is one more descriptor in the loop.
 *
 * Exit status 0: every message was confirmed, and has come.
 */
#include "example.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct program {
    const char *queue;
    samqp_events *events;
    samqp_publisher *publisher;
    unsigned long count, published, confirmed, handled;
};

static void on_timer(struct program *program, int timer)
{
    uint64_t ticks;
    char body[32];
    int length;
    samqp_error *error = NULL;
    samqp_status status;
    if (read(timer, &ticks, sizeof ticks) < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        fail_errno("timer");
    }
    if (program->published == program->count) return;
    length = snprintf(body, sizeof body, "tick %lu", program->published);
    status = samqp_publish(program->publisher, "", program->queue, NULL, body, (size_t)length, 0, NULL, NULL, &error);
    if (status == SAMQP_OK) {
        program->published++;
    } else if (status == SAMQP_ERR_WOULD_BLOCK) {
        /* The next tick tries again: no need to wait for WRITABLE. */
        samqp_error_free(error);
    } else {
        fail("publish", error);
    }
}

static void on_event(struct program *program, samqp_event *event)
{
    samqp_delivery *delivery;
    samqp_status status;
    switch (samqp_event_get_type(event)) {
    case SAMQP_EVENT_CONFIRM:
        if (samqp_event_status(event) != SAMQP_OK) fail("publish", samqp_event_error(event));
        program->confirmed++;
        break;
    case SAMQP_EVENT_DELIVERY:
        delivery = samqp_event_take_delivery(event);
        status = samqp_delivery_ack(delivery, 0);
        if (status == SAMQP_OK) program->handled++;
        else if (status != SAMQP_ERR_STALE) expect_ok("ack", status);
        samqp_delivery_free(delivery);
        break;
    case SAMQP_EVENT_STATE:
        fprintf(stderr, "%s %s\n", samqp_state_name(samqp_event_int(event)), samqp_event_text(event));
        if (samqp_event_int(event) == SAMQP_STATE_CLOSED) fail("client", samqp_event_error(event));
        break;
    default: break;
    }
}

/* The descriptor stays readable while there are events: one that is taken in each turn of the loop is enough, many are faster. */
static void on_events(struct program *program)
{
    samqp_event *batch[64];
    int64_t index, taken = samqp_events_poll_batch(program->events, 0, batch, 64);
    expect_ok("poll", taken);
    for (index = 0; index < taken; index++) {
        on_event(program, batch[index]);
        samqp_event_free(batch[index]);
    }
}

static void watch(int loop, int descriptor)
{
    struct epoll_event interest;
    memset(&interest, 0, sizeof interest);
    interest.events = EPOLLIN;
    interest.data.fd = descriptor;
    if (epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &interest) != 0) fail_errno("epoll_ctl");
}

int main(int argc, char **argv)
{
    struct program program = { NULL, samqp_events_new(0), NULL, 0, 0, 0, 0 };
    struct itimerspec every = { { 0, 10000000 }, { 0, 10000000 } };
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    samqp_options *options = options_from_environment();
    samqp_client *client = NULL;
    samqp_consumer *consumer = NULL;
    samqp_error *error = NULL;

    program.count = arguments(argc, argv, &program.queue);
    if (program.events == NULL || loop < 0 || timer < 0) fail_errno("descriptors");
    if (samqp_client_open(&client, options, program.events, NULL, 30000, &error) != SAMQP_OK) fail("connect", error);
    if (samqp_declare_queue(client, program.queue, SAMQP_DURABLE, NULL, NULL, 30000, &error) != SAMQP_OK) {
        fail("declare", error);
    }
    if (samqp_publisher_open(&program.publisher, client, NULL, program.events, NULL, &error) != SAMQP_OK) {
        fail("publisher", error);
    }
    if (samqp_consume(&consumer, client, program.queue, NULL, program.events, NULL, 30000, &error) != SAMQP_OK) {
        fail("consume", error);
    }

    watch(loop, samqp_events_fd(program.events));
    watch(loop, timer);
    if (timerfd_settime(timer, 0, &every, NULL) != 0) fail_errno("timerfd_settime");
    while (program.confirmed < program.count || program.handled < program.count) {
        struct epoll_event ready[8];
        int index, number = epoll_wait(loop, ready, 8, -1);
        if (number < 0 && errno != EINTR) fail_errno("epoll_wait");
        for (index = 0; index < number; index++) {
            if (ready[index].data.fd == timer) on_timer(&program, timer);
            else on_events(&program);
        }
    }
    printf("published %lu, confirmed %lu, handled %lu\n", program.published, program.confirmed, program.handled);

    if (samqp_client_drain(client, 10000, NULL, &error) != SAMQP_OK) fail("drain", error);
    samqp_consumer_free(consumer);
    samqp_publisher_free(program.publisher);
    samqp_client_free(client);
    samqp_events_free(program.events);
    samqp_options_free(options);
    close(timer);
    close(loop);
    return 0;
}
