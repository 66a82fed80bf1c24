/*
 * worker QUEUE COUNT: handles messages until it has handled COUNT of them (0: for ever), or is told to end by SIGTERM or SIGINT.
 *
 * Exit status 0: everything that it handled is acknowledged; the rest is in the queue.
 */
#include "example.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The work. Gives whether it was done. */
static int handle(const samqp_delivery *delivery)
{
    size_t length;
    const char *body = samqp_delivery_body(delivery, &length);
    return printf("%.*s\n", (int)length, body) > 0;
}

/* Handles a delivery and settles it. Gives how many messages are done by that. */
static unsigned long work_off(samqp_delivery *delivery)
{
    int is_done = handle(delivery);
    samqp_status status = is_done ? samqp_delivery_ack(delivery, 0) : samqp_delivery_nack(delivery, SAMQP_REQUEUE);
    samqp_delivery_free(delivery);
    /* Its connection is gone: nothing was written, and the message comes again. */
    if (status == SAMQP_ERR_STALE) return 0;
    expect_ok("settle", status);
    return is_done ? 1 : 0;
}

/* Takes what is there, without waiting. Gives how many messages were done. */
static unsigned long take_batch(samqp_events *events)
{
    samqp_event *batch[64];
    int64_t index, taken = samqp_events_poll_batch(events, 0, batch, 64);
    unsigned long done = 0;
    expect_ok("poll", taken);
    for (index = 0; index < taken; index++) {
        samqp_delivery *delivery = samqp_event_take_delivery(batch[index]);
        if (delivery != NULL) done += work_off(delivery);
        if (samqp_event_get_type(batch[index]) == SAMQP_EVENT_CONSUMER
            && samqp_event_int(batch[index]) == SAMQP_CONSUMER_ENDED) {
            fail("consumer", samqp_event_error(batch[index]));
        }
        samqp_event_free(batch[index]);
    }
    return done;
}

/* A descriptor that is readable when this program is told to end. */
static int signals_to_end(void)
{
    sigset_t signals;
    int descriptor;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) fail_errno("sigprocmask");
    descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
    if (descriptor < 0) fail_errno("signalfd");
    return descriptor;
}

int main(int argc, char **argv)
{
    const char *queue;
    unsigned long count = arguments(argc, argv, &queue), done = 0;
    struct pollfd watched[2] = { { 0, POLLIN, 0 }, { 0, POLLIN, 0 } };
    samqp_options *options = options_from_environment();
    samqp_events *events = samqp_events_new(0);
    samqp_client *client = NULL;
    samqp_consumer *consumer = NULL;
    samqp_error *error = NULL;
    samqp_drain_report report;
    samqp_status status;

    /* A line that is not written yet is work that is not done. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (events == NULL) fail_errno("events");
    watched[0].fd = samqp_events_fd(events);
    watched[1].fd = signals_to_end();
    if (samqp_options_set_int(options, "consumer.prefetch", 100, &error) != SAMQP_OK) fail("options", error);
    if (samqp_client_open(&client, options, NULL, NULL, 30000, &error) != SAMQP_OK) fail("connect", error);
    if (samqp_declare_queue(client, queue, SAMQP_DURABLE, NULL, NULL, 30000, &error) != SAMQP_OK) fail("declare", error);
    if (samqp_consume(&consumer, client, queue, options, events, NULL, 30000, &error) != SAMQP_OK) fail("consume", error);

    while (count == 0 || done < count) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR) fail_errno("poll");
        if (watched[1].revents != 0) break;
        done += take_batch(events);
    }

    /* Takes nothing more, lets the acks arrive, and gives everything else back. */
    memset(&report, 0, sizeof report);
    report.struct_size = sizeof report;
    status = samqp_client_drain(client, 10000, &report, &error);
    fprintf(stderr, "handled %lu; given back %llu, publishes without an outcome %llu\n", done,
        (unsigned long long)report.requeued, (unsigned long long)report.abandoned);
    if (status != SAMQP_OK) fail("drain", error);

    samqp_consumer_free(consumer);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_options_free(options);
    close(watched[1].fd);
    return 0;
}
