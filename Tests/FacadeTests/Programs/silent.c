/* Runs: asan valgrind. A peer that never says anything: every call that waits ends in its time, and says that it was the time. */
#include "session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Accepts in the kernel, and that is all. Gives its URI. */
static const char *silent_peer(void)
{
    static char uri[64];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 64) == 0 && getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    snprintf(uri, sizeof uri, "amqp://guest:guest@127.0.0.1:%d/", ntohs(address.sin_port));
    return uri;
}

/* Neither before its time, but for a tick of the coarse clock, nor long after: this machine may be busy. */
#define IN_TIME(call, expected, milliseconds)                                                                          \
    do {                                                                                                               \
        double in_time_start = seconds(), in_time;                                                                     \
        CHECK_STATUS(call, expected, error);                                                                           \
        in_time = (seconds() - in_time_start) * 1000;                                                                  \
        if (in_time < (milliseconds) - 15 || (!is_slow() && in_time > (milliseconds) + 1000)) {                         \
            fprintf(stderr, "%s:%d: %s took %.0f ms\n", __FILE__, __LINE__, #call, in_time);                           \
            exit(1);                                                                                                   \
        }                                                                                                              \
        samqp_error_free(error);                                                                                       \
    } while (0)

static void *wait_once(void *client)
{
    samqp_error *error = NULL;
    /* The end of the client ends those who wait for it. */
    CHECK_STATUS(samqp_client_wait(client, -1, &error), SAMQP_ERR_CLOSED, error);
    samqp_error_free(error);
    return NULL;
}

int main(void)
{
    samqp_options *options = samqp_options_new();
    samqp_events *events = samqp_events_new(0);
    samqp_client *client = NULL;
    samqp_publisher *publisher;
    samqp_consumer *consumer = NULL;
    samqp_channel *channel = NULL;
    samqp_error *error = NULL;
    samqp_event *event;
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_drain_report report = {.struct_size = sizeof report};
    pthread_t thread;
    uint64_t tag, failed;
    int turn, confirms = 0;
    watchdog(60);
    CHECK_STATUS(samqp_options_add_endpoint(options, silent_peer(), &error), SAMQP_OK, error);
    {
        double start = seconds();
        samqp_status status = samqp_client_open(&client, options, events, NULL, 200, &error);
        CHECK(status == SAMQP_ERR_TIMEOUT || status == SAMQP_ERR_CONNECT);
        CHECK(client == NULL && error != NULL && samqp_error_is_retriable(error) == 1);
        if (!is_slow()) CHECK(seconds() - start < 1.2);
        samqp_error_free(error);
    }
    while (samqp_events_poll(events, 0, &event) == 1) samqp_event_free(event);
    CHECK_STATUS(samqp_client_start(&client, options, NULL, NULL, &error), SAMQP_OK, error);
    publisher = open_publisher(client, NULL, events, NULL);
    CHECK(samqp_client_health(client, NULL) == SAMQP_ERR_CONNECT && samqp_client_is_live(client, 60000) == 1);
    for (turn = 0; turn < 3; turn++) {
        int64_t limit = turn * 40;
        IN_TIME(samqp_client_wait(client, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        IN_TIME(samqp_queue_status(client, "q", &info, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        IN_TIME(samqp_declare_queue(client, "q", 0, NULL, &info, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        IN_TIME(samqp_delete_queue(client, "q", 0, NULL, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        IN_TIME(samqp_purge_queue(client, "q", NULL, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        IN_TIME(samqp_channel_open(&channel, client, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        IN_TIME(
            samqp_publish_wait(publisher, "", "q", NULL, "x", 1, 0, limit, &error), SAMQP_ERR_NOT_SENT, limit);
        if (limit > 0) {
            IN_TIME(
                samqp_consume(&consumer, client, "q", NULL, events, events, limit, &error), SAMQP_ERR_TIMEOUT, limit);
        }
        CHECK(channel == NULL && consumer == NULL);
    }
    CHECK(samqp_publish(publisher, "", "q", NULL, "x", 1, 0, publisher, &tag, NULL) == SAMQP_OK);
    IN_TIME(samqp_publisher_flush(publisher, 50, &failed, &error), SAMQP_ERR_TIMEOUT, 50);
    CHECK(samqp_publisher_unconfirmed(publisher) == 1);
    CHECK(stats_of(client).consumers == 0);
    CHECK_STATUS(samqp_consume(&consumer, client, "q", NULL, events, events, 0, &error), SAMQP_OK, error);
    IN_TIME(samqp_consumer_cancel(consumer, 100, &error), SAMQP_OK, 0);
    samqp_consumer_free(consumer);
    /* Of all these consumers one had begun. */
    event = event_of(events, SAMQP_EVENT_CONSUMER);
    CHECK(samqp_event_int(event) == SAMQP_CONSUMER_ENDED && samqp_event_user(event) == events);
    samqp_event_free(event);
    CHECK(samqp_events_poll(events, 50, &event) == 0);
    CHECK(pthread_create(&thread, NULL, wait_once, client) == 0);
    {
        double start = seconds();
        samqp_status status = samqp_client_drain(client, 200, &report, &error);
        CHECK(status == SAMQP_OK || status == SAMQP_ERR_TIMEOUT);
        if (!is_slow()) CHECK(seconds() - start < 1.2);
        samqp_error_free(error);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    while (samqp_events_poll(events, 0, &event) == 1) {
        CHECK(samqp_event_get_type(event) == SAMQP_EVENT_CONFIRM && samqp_event_tag(event) == tag);
        CHECK(samqp_event_status(event) == SAMQP_ERR_NOT_SENT && samqp_event_user(event) == publisher);
        CHECK(samqp_event_int(event) == 0 && strlen(samqp_event_text(event)) > 0);
        confirms++;
        samqp_event_free(event);
    }
    CHECK(confirms == 1);
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_options_free(options);
    return finish();
}
