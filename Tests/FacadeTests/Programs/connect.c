/* Runs: broker static asan tsan valgrind. A client that connects, declares, publishes, consumes and is drained, three times. */
#include <swiftamqp.h>

#include "check.h"

static void round_trip(int round)
{
    samqp_error *error = NULL;
    samqp_options *options = samqp_options_new();
    samqp_client *client = NULL;
    samqp_publisher *publisher = NULL;
    samqp_consumer *consumer = NULL;
    samqp_queue_info queue;
    samqp_drain_report report;
    uint64_t failed = 0;
    int number;

    memset(&queue, 0, sizeof queue);
    queue.struct_size = sizeof queue;
    memset(&report, 0, sizeof report);
    report.struct_size = sizeof report;
    CHECK_STATUS(samqp_options_add_endpoint(options, broker_url(), &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_client_open(&client, options, NULL, NULL, 60000, &error), SAMQP_OK, error);
    CHECK_STATUS(
        samqp_declare_queue(client, NULL, SAMQP_EXCLUSIVE, NULL, &queue, 60000, &error), SAMQP_OK, error);
    CHECK(strlen(queue.name) > 0);

    CHECK_STATUS(samqp_publisher_open(&publisher, client, NULL, NULL, NULL, &error), SAMQP_OK, error);
    for (number = 0; number < 100; number++) {
        int body = round * 100 + number;
        CHECK_STATUS(
            samqp_publish(publisher, NULL, queue.name, NULL, &body, sizeof body, 0, NULL, NULL, &error), SAMQP_OK, error);
    }
    CHECK_STATUS(samqp_publisher_flush(publisher, 60000, &failed, &error), SAMQP_OK, error);
    CHECK(failed == 0);

    CHECK_STATUS(samqp_consume(&consumer, client, queue.name, NULL, NULL, NULL, 60000, &error), SAMQP_OK, error);
    for (number = 0; number < 100; number++) {
        samqp_delivery *delivery = NULL;
        size_t length = 0;
        int body = -1;
        const void *bytes;
        CHECK_STATUS(samqp_consumer_poll(consumer, 60000, &delivery, &error), 1, error);
        bytes = samqp_delivery_body(delivery, &length);
        CHECK(length == sizeof body);
        memcpy(&body, bytes, sizeof body);
        CHECK(body == round * 100 + number);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
    }

    CHECK_STATUS(samqp_client_drain(client, 60000, &report, &error), SAMQP_OK, error);
    CHECK(report.timed_out == 0 && report.abandoned == 0);
    samqp_consumer_free(consumer);
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_options_free(options);
}

int main(void)
{
    int round;
    for (round = 0; round < 3; round++) round_trip(round);
    return finish();
}
