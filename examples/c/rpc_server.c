/*
 * rpc_server QUEUE COUNT: answers COUNT requests (0: for ever) with their text in capital letters, to the queue that each names in
 * reply_to, under its correlation id.
 *
 * A request is acknowledged when the broker has its answer. So an answer is never lost, and may come twice.
 */
#include "example.h"

#include <ctype.h>

/* Takes a request, and publishes the answer with the request as its `user`. */
static void answer(samqp_publisher *publisher, samqp_delivery *request)
{
    samqp_properties asked = SAMQP_PROPERTIES_INIT, properties = SAMQP_PROPERTIES_INIT;
    size_t index, length;
    const unsigned char *body = samqp_delivery_body(request, &length);
    char *text;
    samqp_error *error = NULL;
    samqp_status status;

    /* Nobody can be answered: not a request, and no second try would make it one. */
    if (samqp_delivery_properties(request, &asked) != SAMQP_OK || asked.reply_to == NULL) {
        status = samqp_delivery_nack(request, 0);
        if (status != SAMQP_ERR_STALE) expect_ok("reject", status);
        samqp_delivery_free(request);
        return;
    }
    text = malloc(length + 1);
    if (text == NULL) fail_errno("malloc");
    for (index = 0; index < length; index++) text[index] = (char)toupper(body[index]);
    properties.correlation_id = asked.correlation_id;
    properties.delivery_mode = SAMQP_TRANSIENT;
    /* Who asked may have gone, and its queue with it: that is no error of ours. */
    status = samqp_publish(publisher, "", asked.reply_to, &properties, text, length, SAMQP_PUBLISH_UNROUTABLE_OK, request,
        NULL, &error);
    free(text);
    /* It cannot be WOULD_BLOCK: there are never more requests than the prefetch, and the publisher's window is larger. */
    if (status != SAMQP_OK) fail("answer", error);
}

/* An answer has its outcome. */
static unsigned long answered(const samqp_event *event)
{
    samqp_delivery *request = samqp_event_user(event);
    int is_sent = samqp_event_status(event) == SAMQP_OK;
    samqp_status status = is_sent ? samqp_delivery_ack(request, 0) : samqp_delivery_nack(request, SAMQP_REQUEUE);
    samqp_delivery_free(request);
    if (status != SAMQP_ERR_STALE) expect_ok("settle", status);
    return is_sent && status == SAMQP_OK ? 1 : 0;
}

int main(int argc, char **argv)
{
    const char *queue;
    unsigned long count = arguments(argc, argv, &queue), done = 0;
    samqp_options *options = options_from_environment();
    samqp_events *events = samqp_events_new(0);
    samqp_client *client = NULL;
    samqp_publisher *publisher = NULL;
    samqp_consumer *consumer = NULL;
    samqp_error *error = NULL;

    if (events == NULL) fail_errno("events");
    if (samqp_options_set_int(options, "consumer.prefetch", 64, &error) != SAMQP_OK) fail("options", error);
    if (samqp_client_open(&client, options, NULL, NULL, 30000, &error) != SAMQP_OK) fail("connect", error);
    if (samqp_declare_queue(client, queue, SAMQP_DURABLE, NULL, NULL, 30000, &error) != SAMQP_OK) fail("declare", error);
    if (samqp_publisher_open(&publisher, client, options, events, NULL, &error) != SAMQP_OK) fail("publisher", error);
    if (samqp_consume(&consumer, client, queue, options, events, NULL, 30000, &error) != SAMQP_OK) fail("consume", error);

    while (count == 0 || done < count) {
        samqp_event *event = NULL;
        samqp_delivery *request;
        expect_ok("poll", samqp_events_poll(events, -1, &event));
        switch (samqp_event_get_type(event)) {
        case SAMQP_EVENT_DELIVERY:
            request = samqp_event_take_delivery(event);
            if (request != NULL) answer(publisher, request);
            break;
        case SAMQP_EVENT_CONFIRM: done += answered(event); break;
        case SAMQP_EVENT_CONSUMER:
            if (samqp_event_int(event) == SAMQP_CONSUMER_ENDED) fail("consumer", samqp_event_error(event));
            break;
        default: break;
        }
        samqp_event_free(event);
    }
    printf("answered %lu\n", done);

    samqp_consumer_free(consumer);
    samqp_publisher_free(publisher);
    if (samqp_client_drain(client, 10000, NULL, &error) != SAMQP_OK) fail("drain", error);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_options_free(options);
    return 0;
}
