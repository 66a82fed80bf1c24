/* Runs: broker asan valgrind. Topologies: what an application reports, what contradicts itself, plans, and what comes back with a connection. */
#include "relay.h"

static samqp_topology *topology_of(const char *exchange, const char *queue)
{
    samqp_topology *topology = samqp_topology_new();
    CHECK(topology != NULL);
    if (exchange != NULL) {
        CHECK(samqp_topology_add_exchange(topology, exchange, "fanout", SAMQP_AUTO_DELETE, NULL) == SAMQP_OK);
    }
    if (queue != NULL) CHECK(samqp_topology_add_queue(topology, queue, SAMQP_EXCLUSIVE, NULL) == SAMQP_OK);
    if (exchange != NULL && queue != NULL) {
        CHECK(samqp_topology_add_binding(topology, queue, exchange, "", NULL) == SAMQP_OK);
    }
    return topology;
}

/* Applies it, and frees it: the client keeps a copy. */
static void apply(samqp_client *client, samqp_topology *topology)
{
    samqp_error *error = NULL;
    size_t failures = 77;
    CHECK_STATUS(samqp_topology_apply(client, topology, &failures, LONG_MS, &error), SAMQP_OK, error);
    CHECK(failures == 0);
    samqp_topology_free(topology);
}

/* What failed in one application is not what the next one reports. */
static void reports(samqp_client *client, const char *queue)
{
    samqp_topology *bad = topology_of(NULL, queue);
    samqp_error *error = NULL;
    char name[64], other[64];
    size_t failures;
    int turn;
    queue_name(name, "topology");
    for (turn = 0; turn < 2; turn++) {
        failures = 77;
        CHECK_STATUS(samqp_topology_apply(client, bad, &failures, LONG_MS, &error), SAMQP_ERR_DEGRADED, error);
        CHECK(failures == 1 && samqp_error_code(error) == SAMQP_ERR_DEGRADED);
        CHECK(samqp_error_reply_code(error) == 405 || samqp_error_reply_code(error) == 406);
        CHECK(strstr(samqp_error_message(error), queue) != NULL);
        samqp_error_free(error);
        apply(client, topology_of(name, name));
        apply(client, topology_of(name, queue_name(other, "topology")));
    }
    samqp_topology_free(bad);
    /* But the client has not forgotten it. */
    CHECK(samqp_client_state(client) == SAMQP_STATE_DEGRADED);
    CHECK_STATUS(samqp_client_health(client, &error), SAMQP_ERR_DEGRADED, error);
    CHECK(strstr(samqp_error_message(error), queue) != NULL);
    samqp_error_free(error);
}

/* Both of what is said stands in the error, and nothing was declared. */
static void contradictions(samqp_client *client)
{
    samqp_topology *topology;
    samqp_options *options = broker_options();
    samqp_client *other = (samqp_client *)1;
    samqp_plan *plan = NULL;
    samqp_error *error = NULL;
    size_t failures = 77;
    samqp_queue_info info = {.struct_size = sizeof info};
    char name[64];
    queue_name(name, "twice");
    /* The same twice is once. */
    topology = topology_of(name, name);
    CHECK(samqp_topology_add_exchange(topology, name, "fanout", SAMQP_AUTO_DELETE, NULL) == SAMQP_OK);
    CHECK(samqp_topology_add_queue(topology, name, SAMQP_EXCLUSIVE, NULL) == SAMQP_OK);
    CHECK(samqp_topology_add_binding(topology, name, name, "", NULL) == SAMQP_OK);
    CHECK_STATUS(samqp_topology_plan(&plan, client, topology, LONG_MS, &error), SAMQP_OK, error);
    CHECK(samqp_plan_count(plan) == 3 && samqp_plan_is_applicable(plan) == 1);
    samqp_plan_free(plan);
    /* Another type is not. */
    CHECK(samqp_topology_add_exchange(topology, name, "topic", SAMQP_AUTO_DELETE, NULL) == SAMQP_OK);
    CHECK_STATUS(samqp_topology_plan(&plan, client, topology, LONG_MS, &error), SAMQP_OK, error);
    CHECK(samqp_plan_count(plan) == 3 && samqp_plan_is_applicable(plan) == 0);
    CHECK(samqp_plan_finding(plan, 0) == SAMQP_PLAN_REFUSED && samqp_plan_finding(plan, 1) == SAMQP_PLAN_MISSING);
    CHECK(strstr(samqp_plan_text(plan, 0), "type is 'fanout' and 'topic'") != NULL);
    samqp_plan_free(plan);
    CHECK_STATUS(
        samqp_topology_apply(client, topology, &failures, LONG_MS, &error), SAMQP_ERR_INVALID_ARGUMENT, error);
    CHECK(failures == 0 && strstr(samqp_error_message(error), "type is 'fanout' and 'topic'") != NULL);
    samqp_error_free(error);
    CHECK_STATUS(
        samqp_queue_status(client, name, &info, LONG_MS, &error), SAMQP_ERR_CHANNEL_EXCEPTION, error);
    CHECK(samqp_error_reply_code(error) == 404);
    samqp_error_free(error);
    CHECK(samqp_options_set_topology(options, topology) == SAMQP_OK);
    CHECK_STATUS(samqp_client_start(&other, options, NULL, NULL, &error), SAMQP_ERR_INVALID_ARGUMENT, error);
    CHECK(other == NULL);
    samqp_error_free(error);
    samqp_topology_free(topology);
    /* Two that the broker names, of which bindings could not say which they mean. */
    topology = topology_of(NULL, NULL);
    for (failures = 0; failures < 2; failures++) {
        CHECK(samqp_topology_add_queue(topology, failures == 0 ? NULL : "", SAMQP_EXCLUSIVE, NULL) == SAMQP_OK);
    }
    CHECK_STATUS(samqp_topology_apply(client, topology, NULL, LONG_MS, &error), SAMQP_ERR_INVALID_ARGUMENT, error);
    samqp_error_free(error);
    samqp_topology_free(topology);
    samqp_options_free(options);
}

/* What the broker closes the connection for is not asked for ever: it would take every consumer with it each time. */
static void unknown_type(samqp_client *client, const char *queue)
{
    uint64_t before = stats_of(client).connections;
    samqp_error *error = NULL;
    CHECK_STATUS(
        samqp_declare_exchange(client, queue, "facade-no-type", 0, NULL, LONG_MS, &error),
        SAMQP_ERR_CONNECTION_EXCEPTION, error);
    CHECK(samqp_error_reply_code(error) == 503);
    CHECK(strstr(samqp_error_message(error), "facade-no-type") != NULL);
    samqp_error_free(error);
    CHECK(messages_in(client, queue) == 0);
    CHECK(stats_of(client).connections == before + 2);
}

/* On the next connection all of it is there again, under the names that the broker chooses now. */
static void comes_back(void)
{
    samqp_options *options = samqp_options_new();
    samqp_topology *topology;
    samqp_events *events = samqp_events_new(0);
    samqp_client *client = NULL;
    samqp_publisher *publisher;
    samqp_consumer *consumer;
    samqp_delivery *delivery;
    samqp_error *error = NULL;
    samqp_event *event;
    samqp_queue_info first = {.struct_size = sizeof first}, then = first;
    char name[64];
    int user;
    queue_name(name, "back");
    topology = topology_of(name, NULL);
    CHECK(samqp_topology_add_queue(topology, NULL, SAMQP_EXCLUSIVE, NULL) == SAMQP_OK);
    CHECK(samqp_topology_add_binding(topology, NULL, name, NULL, NULL) == SAMQP_OK);
    CHECK_STATUS(samqp_options_add_endpoint(options, relay.uri, &error), SAMQP_OK, error);
    CHECK(samqp_options_set_topology(options, topology) == SAMQP_OK);
    samqp_topology_free(topology);
    CHECK_STATUS(samqp_client_open(&client, options, events, &user, LONG_MS, &error), SAMQP_OK, error);
    event = event_of(events, SAMQP_EVENT_TOPOLOGY);
    CHECK(samqp_event_int(event) == 0 && samqp_event_user(event) == &user && samqp_event_error(event) == NULL);
    samqp_event_free(event);
    CHECK(samqp_current_queue_name(client, "", &first) == SAMQP_OK && strncmp(first.name, "amq.gen", 7) == 0);
    CHECK(first.messages == 0 && first.consumers == 0);
    consumer = consume(client, first.name, NULL, NULL, NULL);
    CHECK(relay_cut() > 0);
    /* Any name that it has had leads to the one that it has, once that is told. */
    do {
        event = event_of(events, SAMQP_EVENT_TOPOLOGY);
        CHECK(samqp_event_int(event) == 0);
        samqp_event_free(event);
        CHECK(samqp_current_queue_name(client, first.name, &then) == SAMQP_OK);
    } while (strcmp(first.name, then.name) == 0);
    CHECK(strncmp(then.name, "amq.gen", 7) == 0);
    publisher = open_publisher(client, NULL, NULL, NULL);
    CHECK_STATUS(samqp_publish_wait(publisher, name, "", NULL, "7", 1, 0, LONG_MS, &error), SAMQP_OK, error);
    delivery = poll_delivery(consumer);
    CHECK(number_of(delivery) == 7);
    CHECK_TEXT(samqp_delivery_exchange(delivery), name);
    CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
    samqp_delivery_free(delivery);
    CHECK_STATUS(samqp_client_drain(client, LONG_MS, NULL, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
    samqp_publisher_free(publisher);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_options_free(options);
}

int main(void)
{
    char queue[64];
    samqp_client *watcher = begin(queue, "topology"), *client = open_client(NULL, NULL);
    relay_start();
    unknown_type(client, queue);
    reports(client, queue);
    contradictions(client);
    comes_back();
    CHECK(samqp_client_drain(client, LONG_MS, NULL, NULL) == SAMQP_OK);
    samqp_client_free(client);
    freeaddrinfo(relay.broker);
    return finish_with(watcher, queue);
}
