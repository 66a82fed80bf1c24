/* Runs: broker asan valgrind. A broker that refuses messages: the outcome by events, by waiting and by counting, and trying again. */
#include "session.h"

/* A queue that takes one message and refuses the next. */
static void declare_full(samqp_client *client, const char *queue)
{
    samqp_table *arguments = samqp_table_new();
    samqp_error *error = NULL;
    CHECK(samqp_table_set_int(arguments, "x-expires", 300000, SAMQP_KIND_INT32) == SAMQP_OK);
    CHECK(samqp_table_set_int(arguments, "x-max-length", 1, SAMQP_KIND_INT32) == SAMQP_OK);
    CHECK(samqp_table_set_string(arguments, "x-overflow", "reject-publish") == SAMQP_OK);
    CHECK_STATUS(
        samqp_declare_queue(client, queue, SAMQP_DURABLE, arguments, NULL, LONG_MS, &error), SAMQP_OK, error);
    samqp_table_free(arguments);
    fill(client, queue, 1);
}

static samqp_options *publisher_options(const char *key, const char *value)
{
    samqp_options *options = samqp_options_new();
    CHECK(samqp_options_set(options, key, value, NULL) == SAMQP_OK);
    return options;
}

/* What an error of a refused publish says. */
static void check_nacked(const samqp_error *error)
{
    CHECK(samqp_error_code(error) == SAMQP_ERR_NACKED && samqp_error_cause(error) == SAMQP_ERR_NACKED);
    CHECK(samqp_error_reply_code(error) == 0 && samqp_error_errno(error) == 0);
    CHECK(strlen(samqp_error_message(error)) > 0 && samqp_error_is_retriable(error) == 1);
}

/* Sent once, by the publisher's policy or by a flag of the message. */
static void once(samqp_client *client, const char *queue, const char *policy, uint32_t flags)
{
    samqp_options *options = publisher_options("publisher.policy", policy);
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, options, events, NULL);
    samqp_stats before = stats_of(client), after;
    samqp_error *error = NULL;
    samqp_event *event;
    uint64_t tag = 0, failed = 77;
    CHECK_STATUS(
        samqp_publish(publisher, "", queue, NULL, "x", 1, flags, events, &tag, &error), SAMQP_OK, error);
    event = next_event(events);
    CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM && samqp_event_status(event) == SAMQP_ERR_NACKED);
    CHECK(samqp_event_tag(event) == tag && samqp_event_user(event) == events && samqp_event_int(event) == 1);
    CHECK(strlen(samqp_event_text(event)) > 0);
    check_nacked(samqp_event_error(event));
    samqp_event_free(event);
    CHECK_STATUS(
        samqp_publish_wait(publisher, "", queue, NULL, "x", 1, flags, LONG_MS, &error), SAMQP_ERR_NACKED, error);
    check_nacked(error);
    samqp_error_free(error);
    /* All that ended since the last one, also that which was waited for. */
    CHECK_STATUS(samqp_publisher_flush(publisher, LONG_MS, &failed, &error), SAMQP_ERR_NACKED, error);
    CHECK(failed == 2);
    check_nacked(error);
    samqp_error_free(error);
    CHECK_STATUS(samqp_publisher_flush(publisher, LONG_MS, &failed, &error), SAMQP_OK, error);
    CHECK(samqp_events_poll(events, 0, &event) == 0 && samqp_publisher_unconfirmed(publisher) == 0);
    after = stats_of(client);
    CHECK(after.nacked == before.nacked + 2 && after.published == before.published + 2);
    CHECK(after.confirmed == before.confirmed);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    samqp_options_free(options);
}

/* On a plain channel nothing is sent again. */
static void on_a_channel(samqp_client *client, const char *queue)
{
    samqp_channel *channel = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_channel_open(&channel, client, LONG_MS, &error), SAMQP_OK, error);
    CHECK_STATUS(
        samqp_channel_publish(channel, "", queue, NULL, "x", 1, 0, LONG_MS, &error), SAMQP_ERR_NACKED, error);
    check_nacked(error);
    samqp_error_free(error);
    CHECK(samqp_channel_is_open(channel) == 1);
    samqp_channel_free(channel);
}

/* It was refused each time, unless its last attempt had no answer yet when the time ran out. */
static void check_refused(samqp_status status, const samqp_error *error)
{
    CHECK(status == SAMQP_ERR_NACKED || status == SAMQP_ERR_UNKNOWN);
    CHECK(samqp_error_code(error) == status);
    CHECK(samqp_error_cause(error) == (status == SAMQP_ERR_NACKED ? SAMQP_ERR_NACKED : SAMQP_ERR_TIMEOUT));
}

/* Sent again until its deadline. */
static void until_the_deadline(samqp_client *client, const char *queue)
{
    samqp_status status;
    samqp_options *options = publisher_options("publisher.timeout_ms", "1000");
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, options, events, NULL);
    samqp_error *error = NULL;
    samqp_event *event;
    CHECK_STATUS(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, &error), SAMQP_OK, error);
    event = next_event(events);
    check_refused(samqp_event_status(event), samqp_event_error(event));
    CHECK(samqp_event_int(event) > 1);
    samqp_event_free(event);
    status = samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, 500, &error);
    check_refused(status, error);
    samqp_error_free(error);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    samqp_options_free(options);
}

/* Sent again until there is room. */
static void until_there_is_room(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    uint64_t before = stats_of(client).nacked;
    samqp_error *error = NULL;
    samqp_event *event;
    CHECK_STATUS(samqp_publish(publisher, "", queue, NULL, "1", 1, 0, NULL, NULL, &error), SAMQP_OK, error);
    /* Once the one behind it was refused, it was refused as well. */
    CHECK_STATUS(
        samqp_publish(publisher, "", queue, NULL, "2", 1, SAMQP_PUBLISH_ONCE, NULL, NULL, &error), SAMQP_OK, error);
    event = next_event(events);
    CHECK(samqp_event_tag(event) == 2 && samqp_event_status(event) == SAMQP_ERR_NACKED);
    samqp_event_free(event);
    purge(client, queue);
    event = next_event(events);
    CHECK(samqp_event_tag(event) == 1 && samqp_event_status(event) == SAMQP_OK && samqp_event_int(event) > 1);
    CHECK(stats_of(client).nacked == before + 1);
    samqp_event_free(event);
    await_messages(client, queue, 1);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

int main(void)
{
    samqp_client *client;
    char queue[64];
    watchdog(60);
    client = open_client(NULL, NULL);
    declare_full(client, queue_name(queue, "nacked"));
    once(client, queue, "once", 0);
    once(client, queue, "at_least_once", SAMQP_PUBLISH_ONCE);
    on_a_channel(client, queue);
    until_the_deadline(client, queue);
    until_there_is_room(client, queue);
    /* What was refused is in no queue; what was in it has stayed. */
    await_messages(client, queue, 1);
    return finish_with(client, queue);
}
