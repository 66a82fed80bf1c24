/* Runs: broker asan valgrind. Every outcome of a publish, each once; full queues and publishers; bodies that are lent. */
#include "session.h"

enum { MESSAGES = 2000 };

/* Takes the confirm of each publish, and one WRITABLE where one is due. */
static void confirmed(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    int count = is_slow() ? MESSAGES / 20 : MESSAGES, index, done = 0;
    char *seen = calloc((size_t)count + 1, 1);
    samqp_event *batch[64];
    for (index = 1; index <= count; index++) {
        uint64_t tag = 0;
        samqp_error *error = (samqp_error *)1;
        CHECK(samqp_publish(publisher, NULL, queue, NULL, &index, sizeof index, 0, &seen[index], &tag, &error) == 0);
        CHECK(tag == (uint64_t)index && error == NULL);
    }
    while (done < count) {
        int64_t taken = samqp_events_poll_batch(events, LONG_MS, batch, 64);
        CHECK(taken > 0 && taken <= 64);
        for (index = 0; index < taken; index++) {
            samqp_event *event = batch[index];
            uint64_t tag = samqp_event_tag(event);
            CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM && samqp_event_status(event) == SAMQP_OK);
            CHECK(samqp_event_error(event) == NULL && samqp_event_int(event) == 1);
            CHECK(tag >= 1 && tag <= (uint64_t)count && seen[tag]++ == 0);
            CHECK(samqp_event_user(event) == &seen[tag]);
            /* A message id that was made for it. */
            CHECK(strlen(samqp_event_text(event)) > 0);
            CHECK(samqp_event_take_delivery(event) == NULL);
            samqp_event_free(event);
        }
        done += (int)taken;
    }
    CHECK(samqp_publisher_unconfirmed(publisher) == 0 && samqp_events_count(events) == 0);
    CHECK(samqp_events_poll(events, 0, &batch[0]) == 0 && batch[0] == NULL);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    free(seen);
}

/* Its own message id, and what comes back of it. */
static void message_id(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    samqp_event *event;
    properties.message_id = "one of my own";
    CHECK(samqp_publish(publisher, "", queue, &properties, "x", 1, SAMQP_PUBLISH_ONCE, NULL, NULL, NULL) == 0);
    event = event_of(events, SAMQP_EVENT_CONFIRM);
    CHECK_TEXT(samqp_event_text(event), "one of my own");
    samqp_event_free(event);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

static void returned(samqp_client *client)
{
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_error *error = NULL;
    samqp_event *event;
    uint64_t failed = 77;
    CHECK(samqp_publish(publisher, "", "facade-nowhere", NULL, "x", 1, 0, events, NULL, NULL) == SAMQP_OK);
    event = event_of(events, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_event_status(event) == SAMQP_ERR_RETURNED && samqp_event_user(event) == events);
    CHECK(samqp_event_error(event) != NULL && samqp_event_error(event) == samqp_event_error(event));
    CHECK(samqp_error_code(samqp_event_error(event)) == SAMQP_ERR_RETURNED);
    CHECK(samqp_error_reply_code(samqp_event_error(event)) == 312);
    /* What was sent can be told from what was not, and by its message id. */
    CHECK(samqp_event_int(event) == 1 && strlen(samqp_event_text(event)) > 0);
    samqp_event_free(event);
    CHECK_STATUS(samqp_publisher_flush(publisher, LONG_MS, &failed, &error), SAMQP_ERR_RETURNED, error);
    CHECK(failed == 1 && samqp_error_code(error) == SAMQP_ERR_RETURNED);
    samqp_error_free(error);
    /* What was told is told once. */
    CHECK_STATUS(samqp_publisher_flush(publisher, LONG_MS, &failed, &error), SAMQP_OK, error);
    CHECK(failed == 0 && error == NULL);
    CHECK(samqp_publish(publisher, "", "facade-nowhere", NULL, "x", 1, SAMQP_PUBLISH_UNROUTABLE_OK, NULL, NULL, NULL)
        == SAMQP_OK);
    event = event_of(events, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_event_status(event) == SAMQP_OK);
    samqp_event_free(event);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

/* An exchange that is not there: the broker closes the channel, and the publish says why. */
static void no_exchange(samqp_client *client)
{
    samqp_publisher *publisher = open_publisher(client, NULL, NULL, NULL);
    samqp_error *error = NULL;
    samqp_status status = samqp_publish_wait(publisher, "facade-none", "x", NULL, "x", 1, 0, LONG_MS, &error);
    CHECK(status == SAMQP_ERR_NOT_SENT || status == SAMQP_ERR_UNKNOWN);
    CHECK(samqp_error_code(error) == status && samqp_error_cause(error) == SAMQP_ERR_CHANNEL_EXCEPTION);
    CHECK(samqp_error_reply_code(error) == 404);
    samqp_error_free(error);
    samqp_publisher_free(publisher);
}

/* Nothing of this is taken, and no event follows. */
static void refused(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(4);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    samqp_properties grown[2] = {SAMQP_PROPERTIES_INIT, SAMQP_PROPERTIES_INIT};
    char long_name[300];
    uint64_t tag = 77;
    samqp_event *event = (samqp_event *)1;
    int turn;
    memset(long_name, 'q', sizeof long_name);
    long_name[256] = 0;
    /* More often than the queue of events has places: a refused one takes none. */
    for (turn = 0; turn < 8; turn++) {
        samqp_error *error = NULL;
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 4, NULL, &tag, &error) == SAMQP_ERR_INVALID_ARGUMENT);
        CHECK(tag == 0 && samqp_error_code(error) == SAMQP_ERR_INVALID_ARGUMENT);
        CHECK(strstr(samqp_error_message(error), "0x4") != NULL);
        samqp_error_free(error);
#define REFUSED(...)                                                                                                   \
    CHECK_STATUS(samqp_publish(publisher, __VA_ARGS__, NULL, &tag, &error), SAMQP_ERR_INVALID_ARGUMENT, error);       \
    samqp_error_free(error)
        REFUSED("", queue, NULL, "x", 1, 0xffffffffu);
        REFUSED("\xff\xfe", queue, NULL, "x", 1, 0);
        REFUSED("", "\xc3", NULL, "x", 1, 0);
        REFUSED("", long_name, NULL, "x", 1, 0);
        REFUSED(long_name, "", NULL, "x", 1, 0);
        REFUSED("", queue, NULL, NULL, 1, 0);
        REFUSED("", queue, NULL, "x", SIZE_MAX, 0);
        properties.content_type = "\xf8";
        REFUSED("", queue, &properties, "x", 1, 0);
        properties.content_type = long_name;
        REFUSED("", queue, &properties, "x", 1, 0);
        properties.content_type = NULL;
        properties.delivery_mode = 3;
        REFUSED("", queue, &properties, "x", 1, 0);
        properties.delivery_mode = 0;
        properties.reserved[3] = 1;
        REFUSED("", queue, &properties, "x", 1, 0);
        properties.reserved[3] = 0;
        properties.struct_size = sizeof properties - 1;
        REFUSED("", queue, &properties, "x", 1, 0);
        properties.struct_size = SIZE_MAX;
        REFUSED("", queue, &properties, "x", 1, 0);
        properties.struct_size = sizeof properties;
        /* From a later version, which says something that this one does not know. */
        grown[0].struct_size = sizeof grown;
        REFUSED("", queue, &grown[0], "x", 1, 0);
#undef REFUSED
    }
    CHECK(samqp_publisher_unconfirmed(publisher) == 0);
    CHECK(samqp_events_poll(events, 50, &event) == 0 && event == NULL);
    /* One that says nothing more is taken. */
    memset(&grown[1], 0, sizeof grown[1]);
    CHECK(samqp_publish(publisher, "", queue, &grown[0], "x", 1, 0, NULL, &tag, NULL) == SAMQP_OK && tag == 1);
    event = event_of(events, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_event_tag(event) == 1);
    samqp_event_free(event);
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

/* No room in the queue of events, or in the publisher: nothing is lost, and one WRITABLE follows. */
static void full(samqp_client *client, const char *queue, size_t high_water, const char *window, int room)
{
    samqp_events *events = samqp_events_new(high_water);
    samqp_options *options = samqp_options_new();
    samqp_publisher *publisher;
    samqp_event *event;
    uint64_t tag, last = 0;
    int turn, index, total = 0, writable = 0;
    char user;
    if (window != NULL) CHECK(samqp_options_set(options, "publisher.window", window, NULL) == SAMQP_OK);
    publisher = open_publisher(client, options, events, &user);
    for (turn = 0; turn < 20; turn++) {
        int taken = 0, done = 0;
        samqp_status status;
        for (;;) {
            status = samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, &tag, NULL);
            if (status != SAMQP_OK) break;
            CHECK(tag > last);
            last = tag;
            taken++;
            CHECK(taken <= 1000);
        }
        CHECK(status == SAMQP_ERR_WOULD_BLOCK && tag == 0);
        /* Exactly when it is full. Places of a publisher come free with the broker's confirms, and so may more fit. */
        if (window == NULL) CHECK(taken == room); else CHECK(taken >= room);
        /* Again and again: that is one WRITABLE all the same. */
        if (window == NULL) {
            for (index = 0; index < 5; index++) {
                status = samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL);
                CHECK(status == SAMQP_ERR_WOULD_BLOCK);
            }
        }
        writable = 0;
        while (done < taken || !writable) {
            event = next_event(events);
            if (samqp_event_get_type(event) == SAMQP_EVENT_WRITABLE) {
                CHECK(samqp_event_user(event) == &user);
                writable++;
            } else {
                CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM && samqp_event_status(event) == SAMQP_OK);
                done++;
            }
            samqp_event_free(event);
        }
        CHECK(writable == 1 && done == taken);
        CHECK(samqp_events_poll(events, 0, &event) == 0);
        total += taken;
    }
    CHECK(samqp_publisher_unconfirmed(publisher) == 0 && total >= 20 * room);
    samqp_publisher_free(publisher);
    samqp_options_free(options);
    samqp_events_free(events);
}

static void release(void *count) { ++*(_Atomic int *)count; }

/* release is called once, whatever becomes of the publish. */
static void lent(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(2);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    _Atomic int released = 0;
    size_t length = 100000;
    char *body = calloc(length, 1);
    samqp_event *event;
    int index;
#define LENT(publisher, key, body, length, flags)                                                                      \
    samqp_publish_nocopy(publisher, "", key, NULL, body, length, release, &released, flags, NULL, NULL, NULL)
    for (index = 0; index < 2; index++) {
        CHECK(LENT(publisher, index == 0 ? queue : "facade-nowhere", body, length, 0) == SAMQP_OK);
        event = event_of(events, SAMQP_EVENT_CONFIRM);
        CHECK(samqp_event_status(event) == (index == 0 ? SAMQP_OK : SAMQP_ERR_RETURNED));
        /* By the outcome at the latest. */
        CHECK(released == index + 1);
        samqp_event_free(event);
    }
    CHECK(LENT(NULL, queue, body, length, 0) == SAMQP_ERR_INVALID_ARGUMENT && released == 3);
    CHECK(LENT(publisher, "\xff", body, length, 0) == SAMQP_ERR_INVALID_ARGUMENT && released == 4);
    CHECK(LENT(publisher, queue, body, length, 64) == SAMQP_ERR_INVALID_ARGUMENT && released == 5);
    CHECK(LENT(publisher, queue, NULL, length, 0) == SAMQP_ERR_INVALID_ARGUMENT && released == 6);
    CHECK(LENT(publisher, queue, body, SIZE_MAX, 0) == SAMQP_ERR_INVALID_ARGUMENT && released == 7);
    CHECK(LENT(publisher, queue, "x", 1, 0) == SAMQP_OK && LENT(publisher, queue, NULL, 0, 0) == SAMQP_OK);
    CHECK(LENT(publisher, queue, "x", 1, 0) == SAMQP_ERR_WOULD_BLOCK);
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_ERR_RETURNED && released == 10);
#undef LENT
    /* Without a function nobody has to be told. */
    for (index = 0; index < 2; index++) samqp_event_free(event_of(events, SAMQP_EVENT_CONFIRM));
    CHECK(samqp_publish_nocopy(publisher, "", queue, NULL, body, length, NULL, NULL, 0, NULL, NULL, NULL) == SAMQP_OK);
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    free(body);
}

static void waiting(samqp_client *client, const char *queue)
{
    samqp_publisher *publisher = open_publisher(client, NULL, NULL, NULL);
    samqp_error *error = NULL;
    samqp_status status;
    double start;
    CHECK_STATUS(samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, -1, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_publish_wait(publisher, "", queue, NULL, NULL, 0, 0, LONG_MS, &error), SAMQP_OK, error);
    status = samqp_publish_wait(publisher, "", "facade-nowhere", NULL, "x", 1, 0, LONG_MS, &error);
    CHECK(status == SAMQP_ERR_RETURNED && samqp_error_code(error) == status);
    samqp_error_free(error);
    /* No time at all: it was not sent, and the reason is the time. */
    start = seconds();
    status = samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, 0, &error);
    CHECK_STATUS(status, SAMQP_ERR_NOT_SENT, error);
    CHECK_STATUS(samqp_error_cause(error), SAMQP_ERR_TIMEOUT, error);
    samqp_error_free(error);
    /* Little time: whatever happened, it has a name, and it is soon. */
    status = samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, 1, &error);
    CHECK(status == SAMQP_OK || status == SAMQP_ERR_UNKNOWN || status == SAMQP_ERR_NOT_SENT);
    if (status != SAMQP_OK) CHECK(samqp_error_cause(error) == SAMQP_ERR_TIMEOUT);
    samqp_error_free(error);
    CHECK(seconds() - start < 10);
    status = samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, INT64_MAX, &error);
    CHECK_STATUS(status, SAMQP_OK, error);
    status = samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, INT64_MIN, &error);
    CHECK_STATUS(status, SAMQP_OK, error);
    samqp_publisher_free(publisher);
}

/* After its client was closed a publisher says so, and its handle can be freed. */
static void closed(const char *queue)
{
    samqp_events *events = samqp_events_new(8);
    samqp_client *client = open_client(NULL, NULL);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL), *other = NULL;
    samqp_error *error = NULL;
    samqp_event *event = NULL;
    _Atomic int released = 0;
    uint64_t tag = 77, failed = 77;
    int index, confirms = 0;
    for (index = 0; index < 8; index++) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    CHECK_STATUS(samqp_client_close(client, &error), SAMQP_OK, error);
    /* Each has its outcome by now. */
    CHECK(samqp_publisher_unconfirmed(publisher) == 0);
    while (samqp_events_poll(events, 0, &event) == 1) {
        if (samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM) {
            samqp_status status = samqp_event_status(event);
            CHECK(status == SAMQP_OK || status == SAMQP_ERR_UNKNOWN || status == SAMQP_ERR_NOT_SENT);
            confirms++;
        }
        samqp_event_free(event);
    }
    CHECK(confirms == 8);
    (void)samqp_publisher_flush(publisher, LONG_MS, &failed, NULL);
    for (index = 0; index < 20; index++) {
        CHECK_STATUS(
            samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, &tag, &error), SAMQP_ERR_CLOSED, error);
        CHECK(tag == 0);
        samqp_error_free(error);
    }
    CHECK(samqp_publish_nocopy(publisher, "", queue, NULL, "x", 1, release, &released, 0, NULL, NULL, NULL)
        == SAMQP_ERR_CLOSED);
    CHECK(released == 1);
    CHECK_STATUS(
        samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, LONG_MS, &error), SAMQP_ERR_NOT_SENT, error);
    CHECK(samqp_error_cause(error) == SAMQP_ERR_CLOSED);
    samqp_error_free(error);
    CHECK(samqp_events_poll(events, 0, &event) == 0);
    CHECK_STATUS(samqp_publisher_open(&other, client, NULL, NULL, NULL, &error), SAMQP_ERR_CLOSED, error);
    CHECK(other == NULL);
    samqp_error_free(error);
    samqp_client_free(client);
    CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_ERR_CLOSED);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

/* Properties that do not fit into a frame. */
static void too_large(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(2);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    samqp_table *headers = samqp_table_new();
    samqp_error *error = NULL;
    samqp_event *event;
    size_t length = 300000;
    char *text = malloc(length + 1);
    int index;
    memset(text, 'x', length);
    text[length] = 0;
    CHECK(samqp_table_set_string(headers, "large", text) == SAMQP_OK);
    properties.headers = headers;
    for (index = 0; index < 4; index++) {
        samqp_status status = samqp_publish(publisher, "", queue, &properties, "x", 1, 0, NULL, NULL, &error);
        if (status == SAMQP_OK) {
            event = next_event(events);
            CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM);
            CHECK(samqp_event_status(event) == SAMQP_ERR_NOT_SENT);
            CHECK(samqp_error_cause(samqp_event_error(event)) == SAMQP_ERR_TOO_LARGE && samqp_event_int(event) == 0);
            samqp_event_free(event);
        } else {
            CHECK_STATUS(status, SAMQP_ERR_TOO_LARGE, error);
            samqp_error_free(error);
        }
    }
    CHECK(samqp_events_poll(events, 0, &event) == 0);
    (void)samqp_publisher_flush(publisher, LONG_MS, NULL, NULL);
    CHECK_STATUS(
        samqp_publish_wait(publisher, "", queue, &properties, "x", 1, 0, LONG_MS, &error), SAMQP_ERR_NOT_SENT, error);
    CHECK(samqp_error_cause(error) == SAMQP_ERR_TOO_LARGE);
    samqp_error_free(error);
    /* The publisher is none the worse for it. */
    CHECK_STATUS(samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, LONG_MS, &error), SAMQP_OK, error);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
    samqp_table_free(headers);
    free(text);
}

/* A queue of events that nobody reads any more does not stop its publisher. */
static void unread(samqp_client *client, const char *queue)
{
    samqp_events *events = samqp_events_new(4);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    int index;
    for (index = 0; index < 4; index++) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    samqp_events_free(events);
    for (index = 0; index < 20; index++) {
        CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
    }
    CHECK(samqp_publisher_flush(publisher, LONG_MS, NULL, NULL) == SAMQP_OK);
    samqp_publisher_free(publisher);
}

int main(void)
{
    char queue[64];
    samqp_client *client = begin(queue, "publish");
    confirmed(client, queue);
    message_id(client, queue);
    returned(client);
    no_exchange(client);
    refused(client, queue);
    full(client, queue, 8, NULL, 8);
    full(client, queue, 1, NULL, 1);
    full(client, queue, 0, "4", 4);
    lent(client, queue);
    waiting(client, queue);
    closed(queue);
    too_large(client, queue);
    unread(client, queue);
    return finish_with(client, queue);
}
