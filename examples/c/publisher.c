/*
 * publisher QUEUE COUNT: publishes COUNT messages, a thousand on their way at a time, and knows of each what became of it.
 *
 * Exit status 0: every message is confirmed, and in the queue.
 */
#include "example.h"

struct tally {
    unsigned long confirmed, failed;
};

/* Every publish that was taken has exactly one CONFIRM; its `user` says which one it was. */
static void count_outcome(struct tally *tally, const samqp_event *event)
{
    unsigned long number = (unsigned long)(uintptr_t)samqp_event_user(event);
    if (samqp_event_status(event) == SAMQP_OK) {
        tally->confirmed++;
        return;
    }
    tally->failed++;
    /* RETURNED and NOT_SENT: it is in no queue. NACKED and UNKNOWN: it may be, and sending it again may make two of it. */
    fprintf(stderr, "message %lu: %s: %s\n", number, samqp_status_name(samqp_event_status(event)),
        samqp_error_message(samqp_event_error(event)));
}

/* Publishes until there is no room or nothing left. Gives the number of the next message. */
static unsigned long publish_some(samqp_publisher *publisher, const char *queue, unsigned long next, unsigned long count)
{
    for (; next < count; next++) {
        char body[32];
        samqp_error *error = NULL;
        int length = snprintf(body, sizeof body, "message %lu", next);
        samqp_status status = samqp_publish(publisher, "", queue, NULL, body, (size_t)length, 0, (void *)(uintptr_t)next,
            NULL, &error);
        if (status == SAMQP_ERR_WOULD_BLOCK) {
            samqp_error_free(error);
            break;
        }
        if (status != SAMQP_OK) fail("publish", error);
    }
    return next;
}

int main(int argc, char **argv)
{
    const char *queue;
    unsigned long count = arguments(argc, argv, &queue), next = 0;
    samqp_options *options = options_from_environment();
    samqp_events *events = samqp_events_new(0);
    samqp_client *client = NULL;
    samqp_publisher *publisher = NULL;
    samqp_error *error = NULL;
    struct tally tally = { 0, 0 };

    if (events == NULL) fail_errno("events");
    if (samqp_options_set_int(options, "publisher.window", 1000, &error) != SAMQP_OK) fail("options", error);
    if (samqp_client_open(&client, options, NULL, NULL, 30000, &error) != SAMQP_OK) fail("connect", error);
    if (samqp_declare_queue(client, queue, SAMQP_DURABLE, NULL, NULL, 30000, &error) != SAMQP_OK) fail("declare", error);
    if (samqp_publisher_open(&publisher, client, options, events, NULL, &error) != SAMQP_OK) fail("publisher", error);

    next = publish_some(publisher, queue, next, count);
    while (tally.confirmed + tally.failed < count) {
        samqp_event *batch[256];
        int64_t index, taken = samqp_events_poll_batch(events, -1, batch, 256);
        expect_ok("poll", taken);
        for (index = 0; index < taken; index++) {
            switch (samqp_event_get_type(batch[index])) {
            case SAMQP_EVENT_CONFIRM: count_outcome(&tally, batch[index]); break;
            /* There is room again. It comes once for each time that there was none. */
            case SAMQP_EVENT_WRITABLE: next = publish_some(publisher, queue, next, count); break;
            default: break;
            }
            samqp_event_free(batch[index]);
        }
    }
    printf("confirmed %lu, failed %lu\n", tally.confirmed, tally.failed);

    samqp_publisher_free(publisher);
    if (samqp_client_drain(client, 10000, NULL, &error) != SAMQP_OK) fail("drain", error);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_options_free(options);
    return tally.failed == 0 ? 0 : 1;
}
