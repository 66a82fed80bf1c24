/*
 * Publishes COUNT messages and consumes them, with one event queue and one thread, and says whether each of them came: whatever
 * happens to the broker meanwhile. Nothing here reconnects, subscribes again, or sends again: the library does.
 *
 *     survive QUEUE COUNT
 */
#include "example.h"

struct survey {
    unsigned long count, published, confirmed, failed, received, again, stale;
    /* How often each message came. */
    unsigned char *times;
};

static void take_delivery(struct survey *survey, samqp_delivery *delivery)
{
    size_t length;
    const char *body = samqp_delivery_body(delivery, &length);
    unsigned long number = 0;
    for (size_t i = 0; i < length; i++) number = number * 10 + (unsigned long)(body[i] - '0');
    if (number < survey->count && survey->times[number]++ > 0) {
        survey->again++;
    } else {
        survey->received++;
    }
    /* Stale: its connection is gone. Nothing was written, and the broker delivers it again. */
    if (samqp_delivery_ack(delivery, 0) == SAMQP_ERR_STALE) survey->stale++;
    samqp_delivery_free(delivery);
}

static void take(struct survey *survey, samqp_event *event)
{
    switch (samqp_event_get_type(event)) {
    case SAMQP_EVENT_CONFIRM:
        if (samqp_event_status(event) == SAMQP_OK) {
            survey->confirmed++;
        } else {
            survey->failed++;
            fprintf(stderr, "not confirmed: %s\n", samqp_error_message(samqp_event_error(event)));
        }
        break;
    case SAMQP_EVENT_DELIVERY: take_delivery(survey, samqp_event_take_delivery(event)); break;
    case SAMQP_EVENT_STATE: printf("client: %s\n", samqp_state_name(samqp_event_int(event))); break;
    case SAMQP_EVENT_CONSUMER:
        printf("consumer: %s\n", samqp_event_int(event) == SAMQP_CONSUMER_SUBSCRIBED ? "subscribed" : "not subscribed");
        break;
    default: break;
    }
    samqp_event_free(event);
}

int main(int argc, char **argv)
{
    const char *queue;
    struct survey survey = {0};
    samqp_error *error = NULL;
    samqp_client *client = NULL;
    samqp_publisher *publisher = NULL;
    samqp_consumer *consumer = NULL;
    samqp_events *events = samqp_events_new(0);
    samqp_options *options = options_from_environment();

    survey.count = arguments(argc, argv, &queue);
    survey.times = calloc(survey.count + 1, 1);
    if (events == NULL || survey.times == NULL) fail_errno("memory");
    /* A line when it is written: somebody may wait for it. */
    setvbuf(stdout, NULL, _IOLBF, 0);

    if (samqp_client_open(&client, options, events, NULL, 10000, &error) != SAMQP_OK) fail("connect", error);
    if (samqp_declare_queue(client, queue, SAMQP_DURABLE, NULL, NULL, 10000, &error) != SAMQP_OK) fail("declare", error);
    if (samqp_publisher_open(&publisher, client, NULL, events, NULL, &error) != SAMQP_OK) fail("publisher", error);
    if (samqp_consume(&consumer, client, queue, NULL, events, NULL, 10000, &error) != SAMQP_OK) fail("consume", error);

    while (survey.confirmed + survey.failed < survey.count || survey.received < survey.count - survey.failed) {
        samqp_event *taken[256];
        int64_t count;
        int is_full = 0;
        /* As many as there is room for; SAMQP_EVENT_WRITABLE ends the wait below when there is more. */
        while (survey.published < survey.count && !is_full) {
            char body[24];
            int length = snprintf(body, sizeof body, "%lu", survey.published);
            samqp_status status =
                samqp_publish(publisher, "", queue, NULL, body, (size_t)length, 0, NULL, NULL, &error);
            if (status == SAMQP_OK) {
                survey.published++;
            } else if (status == SAMQP_ERR_WOULD_BLOCK) {
                samqp_error_free(error);
                is_full = 1;
            } else {
                fail("publish", error);
            }
        }
        unsigned long before = survey.received;
        count = samqp_events_poll_batch(events, 60000, taken, 256);
        expect_ok("poll", count);
        if (count == 0) {
            fprintf(stderr, "nothing has happened for a minute\n");
            return 1;
        }
        for (int64_t i = 0; i < count; i++) take(&survey, taken[i]);
        if (before < survey.count / 4 && survey.received >= survey.count / 4) printf("a quarter has come\n");
    }
    printf("published %lu, confirmed %lu, received %lu, again %lu, lost %lu\n", survey.published, survey.confirmed,
           survey.received, survey.again, survey.confirmed > survey.received ? survey.confirmed - survey.received : 0);

    if (samqp_client_drain(client, 10000, NULL, &error) != SAMQP_OK) fail("drain", error);
    samqp_consumer_free(consumer);
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_options_free(options);
    free(survey.times);
    return survey.failed == 0 ? 0 : 1;
}
