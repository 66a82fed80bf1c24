/* Runs: broker asan valgrind. Why a client does not connect, what it is in without a connection, and what its events say of that. */
#include "relay.h"

#include <errno.h>

/* ------------------------------------------------------------------------------------------------ Not connecting */

/* Opens a client that must not come about, soon. The error is the caller's. */
static samqp_error *refusal(const char *uri, samqp_status expected)
{
    samqp_options *options = samqp_options_new();
    samqp_client *client = (samqp_client *)1;
    samqp_error *error = NULL;
    double start = seconds();
    CHECK_STATUS(samqp_options_add_endpoint(options, uri, &error), SAMQP_OK, error);
    CHECK(samqp_options_set_int(options, "client.first_connect_ms", 0, NULL) == SAMQP_OK);
    CHECK_STATUS(samqp_client_open(&client, options, NULL, NULL, -1, &error), expected, error);
    CHECK(client == NULL && samqp_error_code(error) == expected && samqp_error_cause(error) == expected);
    CHECK(seconds() - start < LONG_MS / 1000);
    /* What a log may hold. */
    CHECK(strstr(samqp_error_message(error), "s3cret") == NULL && strstr(samqp_error_endpoint(error), "s3cret") == NULL);
    samqp_options_free(options);
    return error;
}

/* Answers whoever connects with something that is no AMQP. */
static void *answer_wrongly(void *listener)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    int client = accept((int)(intptr_t)listener, NULL, NULL);
    char buffer[64];
    CHECK(client >= 0 && recv(client, buffer, sizeof buffer, 0) > 0);
    CHECK(send(client, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0);
    while (recv(client, buffer, sizeof buffer, 0) > 0) {}
    close(client);
    return NULL;
}

static void refused(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    samqp_options *options = samqp_options_new();
    samqp_error *error;
    char uri[128], endpoint[64];
    pthread_t thread;
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(uri, sizeof uri, "amqp://facade:s3cret@127.0.0.1:%d/", relay.port);
    error = refusal(uri, SAMQP_ERR_AUTH);
    CHECK(samqp_error_reply_code(error) == 403 && samqp_error_is_retriable(error) == 0);
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%d", relay.port);
    CHECK(strncmp(samqp_error_endpoint(error), endpoint, strlen(endpoint)) == 0);
    samqp_error_free(error);
    snprintf(uri, sizeof uri, "%.*s/facade-no-vhost", (int)(strrchr(relay.uri, '/') - relay.uri), relay.uri);
    error = refusal(uri, SAMQP_ERR_AUTH);
    CHECK(samqp_error_reply_code(error) == 530);
    samqp_error_free(error);
    /* A port that is taken, and nobody listens. */
    CHECK(bind(peer, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(peer, (struct sockaddr *)&address, &length) == 0);
    snprintf(uri, sizeof uri, "amqp://facade:s3cret@127.0.0.1:%d/", ntohs(address.sin_port));
    error = refusal(uri, SAMQP_ERR_CONNECT);
    CHECK(samqp_error_errno(error) == ECONNREFUSED && samqp_error_is_retriable(error) == 1);
    samqp_error_free(error);
    CHECK(listen(peer, 1) == 0);
    CHECK(pthread_create(&thread, NULL, answer_wrongly, (void *)(intptr_t)peer) == 0);
    error = refusal(uri, SAMQP_ERR_CONNECT);
    samqp_error_free(error);
    CHECK(pthread_join(thread, NULL) == 0);
    close(peer);
    CHECK_STATUS(
        samqp_options_add_endpoint(options, "amqps://facade:s3cret@127.0.0.1/", &error), SAMQP_ERR_UNSUPPORTED, error);
    CHECK(strstr(samqp_error_message(error), "s3cret") == NULL);
    samqp_error_free(error);
    samqp_options_free(options);
}

/* ------------------------------------------------------------------------------------------------ Between connections */

/* Waits for the event that says this state; others are dropped on the way. */
static samqp_event *await_state(samqp_events *events, samqp_state state)
{
    for (;;) {
        samqp_event *event = event_of(events, SAMQP_EVENT_STATE);
        if (samqp_event_int(event) == state) return event;
        samqp_event_free(event);
    }
}

struct waiting {
    samqp_publisher *publisher;
    const char *queue;
    samqp_status status;
};

static void *publish_waiting(void *argument)
{
    struct waiting *waiting = argument;
    waiting->status = samqp_publish_wait(waiting->publisher, "", waiting->queue, NULL, "2", 1, 0, LONG_MS, NULL);
    return NULL;
}

static void between(samqp_client *watcher, const char *queue)
{
    samqp_options *options = samqp_options_new();
    samqp_events *events = samqp_events_new(0), *confirms = samqp_events_new(0);
    samqp_client *client = NULL;
    samqp_publisher *publisher;
    samqp_queue_info info = {.struct_size = sizeof info};
    struct waiting waiting;
    samqp_error *error = NULL;
    samqp_event *event;
    pthread_t thread;
    char user;
    CHECK_STATUS(samqp_options_add_endpoint(options, relay.uri, &error), SAMQP_OK, error);
    CHECK(samqp_options_set_int(options, "publisher.window", 1, NULL) == SAMQP_OK);
    CHECK_STATUS(samqp_client_open(&client, options, events, &user, LONG_MS, &error), SAMQP_OK, error);
    samqp_event_free(await_state(events, SAMQP_STATE_OPEN));
    publisher = open_publisher(client, options, confirms, NULL);
    relay.is_down = 1;
    CHECK(relay_cut() > 0);
    event = await_state(events, SAMQP_STATE_RECOVERING);
    CHECK(samqp_event_user(event) == &user && samqp_event_status(event) == SAMQP_OK && samqp_event_tag(event) == 0);
    CHECK(samqp_event_error(event) == NULL && samqp_event_take_delivery(event) == NULL);
    samqp_event_free(event);
    CHECK(samqp_client_state(client) == SAMQP_STATE_RECOVERING);
    CHECK_STATUS(samqp_client_health(client, &error), SAMQP_ERR_CONNECT, error);
    samqp_error_free(error);
    CHECK(samqp_client_is_live(client, LONG_MS) == 1 && samqp_client_is_live(client, 0) == 0);
    CHECK_STATUS(samqp_client_wait(client, 20, &error), SAMQP_ERR_TIMEOUT, error);
    samqp_error_free(error);
    info.messages = 77;
    CHECK_STATUS(samqp_queue_status(client, queue, &info, 20, &error), SAMQP_ERR_TIMEOUT, error);
    CHECK(info.messages == 0 && info.name[0] == 0);
    samqp_error_free(error);
    /* One publish waits for a connection, others for its place. */
    CHECK_STATUS(samqp_publish(publisher, "", queue, NULL, "1", 1, 0, &user, NULL, &error), SAMQP_OK, error);
    CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_ERR_WOULD_BLOCK);
    CHECK_STATUS(samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, 20, &error), SAMQP_ERR_NOT_SENT, error);
    CHECK(samqp_error_cause(error) == SAMQP_ERR_TIMEOUT);
    samqp_error_free(error);
    waiting.publisher = publisher;
    waiting.queue = queue;
    CHECK(pthread_create(&thread, NULL, publish_waiting, &waiting) == 0);
    CHECK(samqp_events_poll(confirms, 0, &event) == 0 && samqp_publisher_unconfirmed(publisher) >= 1);
    relay.is_down = 0;
    CHECK_STATUS(samqp_client_wait(client, LONG_MS, &error), SAMQP_OK, error);
    samqp_event_free(await_state(events, SAMQP_STATE_OPEN));
    event = event_of(confirms, SAMQP_EVENT_CONFIRM);
    CHECK(samqp_event_status(event) == SAMQP_OK && samqp_event_user(event) == &user && samqp_event_int(event) == 1);
    samqp_event_free(event);
    CHECK(pthread_join(thread, NULL) == 0 && waiting.status == SAMQP_OK);
    CHECK(samqp_client_health(client, NULL) == SAMQP_OK && samqp_client_is_live(client, 0) == 1);
    CHECK_STATUS(samqp_client_close(client, &error), SAMQP_OK, error);
    event = await_state(events, SAMQP_STATE_CLOSED);
    CHECK(samqp_event_status(event) == SAMQP_ERR_CLOSED && samqp_error_code(samqp_event_error(event)) == SAMQP_ERR_CLOSED);
    CHECK_TEXT(samqp_event_text(event), samqp_error_message(samqp_event_error(event)));
    samqp_event_free(event);
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_events_free(confirms);
    samqp_events_free(events);
    samqp_options_free(options);
    /* Each once. */
    await_messages(watcher, queue, 2);
    purge(watcher, queue);
}

/* In a queue of events without room what may be dropped is, and is counted; a confirm is not. */
static void dropped(const char *queue)
{
    samqp_events *events = samqp_events_new(1);
    samqp_client *client = open_client(events, NULL);
    samqp_publisher *publisher = open_publisher(client, NULL, events, NULL);
    samqp_event *event;
    int index;
    CHECK(stats_of(client).events_dropped > 0 && stats_of(client).events_queued >= 1);
    for (index = 0; index < 3; index++) {
        CHECK(samqp_publish(publisher, "", queue, NULL, "x", 1, 0, NULL, NULL, NULL) == SAMQP_OK);
        event = event_of(events, SAMQP_EVENT_CONFIRM);
        CHECK(samqp_event_status(event) == SAMQP_OK && samqp_event_tag(event) == (uint64_t)index + 1);
        samqp_event_free(event);
    }
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_events_free(events);
}

int main(void)
{
    char queue[64];
    samqp_client *watcher = begin(queue, "states");
    relay_start();
    refused();
    between(watcher, queue);
    dropped(queue);
    freeaddrinfo(relay.broker);
    return finish_with(watcher, queue);
}
