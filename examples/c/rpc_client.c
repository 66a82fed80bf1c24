/*
 * rpc_client QUEUE COUNT: asks the server behind QUEUE COUNT times, and waits for each answer.
 *
 * Answers come to a queue that the broker names, and that lives as long as the connection. An answer that was under way when a
 * connection is lost is lost with its queue: so a request without an answer is sent again, under the same correlation id.
 */
#include "example.h"

#include <time.h>

enum { attempts = 5, patience_ms = 5000 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether a delivery answers the request; prints the answer. Answers to others come late, and are nobody's any more. */
static int is_answer(const samqp_delivery *delivery, const char *correlation_id)
{
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    size_t length;
    const char *body = samqp_delivery_body(delivery, &length);
    if (samqp_delivery_properties(delivery, &properties) != SAMQP_OK || properties.correlation_id == NULL) return 0;
    if (strcmp(properties.correlation_id, correlation_id) != 0) return 0;
    printf("%.*s\n", (int)length, body);
    return 1;
}

/* Waits for an answer until its time has run out. Gives whether it has come. */
static int wait_for_answer(samqp_consumer *replies, const char *correlation_id)
{
    int64_t deadline = now_ms() + patience_ms, left;
    int is_found = 0;
    while (!is_found && (left = deadline - now_ms()) > 0) {
        samqp_delivery *delivery = NULL;
        samqp_error *error = NULL;
        int32_t taken = samqp_consumer_poll(replies, left, &delivery, &error);
        if (taken < 0) fail("answers", error);
        if (taken == 0) break;
        is_found = is_answer(delivery, correlation_id);
        samqp_delivery_free(delivery);
    }
    return is_found;
}

/* Asks, and asks again where no answer comes. Gives whether there was one. */
static int call(
    samqp_client *client, samqp_publisher *publisher, samqp_consumer *replies, const char *first_reply_queue,
    const char *queue, unsigned long number)
{
    char body[32], correlation_id[32];
    int attempt, length = snprintf(body, sizeof body, "request %lu", number);
    snprintf(correlation_id, sizeof correlation_id, "%lu", number);
    for (attempt = 0; attempt < attempts; attempt++) {
        samqp_properties properties = SAMQP_PROPERTIES_INIT;
        samqp_error *error = NULL;
        samqp_queue_info reply_queue;
        /* After a reconnect it has another name. */
        memset(&reply_queue, 0, sizeof reply_queue);
        reply_queue.struct_size = sizeof reply_queue;
        expect_ok("reply queue", samqp_current_queue_name(client, first_reply_queue, &reply_queue));
        properties.reply_to = reply_queue.name;
        properties.correlation_id = correlation_id;
        /* Nobody waits for it any longer than that. */
        properties.expiration = "5000";
        if (samqp_publish_wait(publisher, "", queue, &properties, body, (size_t)length, 0, patience_ms, &error) != SAMQP_OK) {
            /* NOT_SENT: there was no connection for that long. UNKNOWN: it may have arrived; the answer will tell. Else, for
             * example RETURNED, it makes no sense to go on: nobody has declared that queue. */
            samqp_status status = samqp_error_code(error);
            if (status != SAMQP_ERR_UNKNOWN && status != SAMQP_ERR_NOT_SENT) fail("ask", error);
            samqp_error_free(error);
            if (status == SAMQP_ERR_NOT_SENT) continue;
        }
        if (wait_for_answer(replies, correlation_id)) return 1;
        fprintf(stderr, "request %lu: no answer to attempt %d\n", number, attempt + 1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *queue;
    unsigned long count = arguments(argc, argv, &queue), number;
    samqp_options *options = options_from_environment();
    samqp_client *client = NULL;
    samqp_publisher *publisher = NULL;
    samqp_consumer *replies = NULL;
    samqp_error *error = NULL;
    samqp_queue_info reply_queue;
    int is_answered = 1;

    memset(&reply_queue, 0, sizeof reply_queue);
    reply_queue.struct_size = sizeof reply_queue;
    /* What nobody takes any more need not be acknowledged. */
    if (samqp_options_set(options, "consumer.auto_ack", "true", &error) != SAMQP_OK) fail("options", error);
    if (samqp_client_open(&client, options, NULL, NULL, 30000, &error) != SAMQP_OK) fail("connect", error);
    if (samqp_declare_queue(client, "", SAMQP_EXCLUSIVE | SAMQP_AUTO_DELETE, NULL, &reply_queue, 30000, &error) != SAMQP_OK) {
        fail("reply queue", error);
    }
    if (samqp_consume(&replies, client, reply_queue.name, options, NULL, NULL, 30000, &error) != SAMQP_OK) {
        fail("consume", error);
    }
    if (samqp_publisher_open(&publisher, client, options, NULL, NULL, &error) != SAMQP_OK) fail("publisher", error);

    for (number = 0; number < count && is_answered; number++) {
        is_answered = call(client, publisher, replies, reply_queue.name, queue, number);
    }

    samqp_consumer_free(replies);
    samqp_publisher_free(publisher);
    if (samqp_client_drain(client, 10000, NULL, &error) != SAMQP_OK) fail("drain", error);
    samqp_client_free(client);
    samqp_options_free(options);
    return is_answered ? 0 : 1;
}
