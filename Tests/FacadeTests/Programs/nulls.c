/* Runs: broker asan valgrind. Every function of the header with NULL, and with numbers that nobody means: calls.h is made of it. */
#include "session.h"

#include <math.h>

static samqp_options *options;
static samqp_table *table;
static samqp_topology *topology;
static samqp_events *events;
static samqp_client *client;
static samqp_publisher *publisher;
static samqp_error *error;

/* What arguments point to; not all of it is looked at, nor used by every header. */
static char text[] = "text";
static char bad[] = "\xff\xfe";
static size_t length;
static int32_t number;
static int64_t wide;
static uint64_t tag;
static uint32_t word;
static uint8_t byte;
static double real;
static const char *string;
static const void *bytes;
static const samqp_table *borrowed;

/* An error says what it is about. */
static void forget(samqp_error **one)
{
    if (*one != NULL) CHECK(samqp_error_code(*one) < 0 && strlen(samqp_error_message(*one)) > 0);
    samqp_error_free(*one);
    *one = NULL;
}

#include "calls.h"

int main(void)
{
    (void)wide;
    (void)string;
    (void)bytes;
    (void)borrowed;
    watchdog(60);
    options = samqp_options_new();
    table = samqp_table_new();
    topology = samqp_topology_new();
    events = samqp_events_new(0);
    client = open_client(NULL, NULL);
    publisher = open_publisher(client, NULL, NULL, NULL);
    call_everything();
    /* Nothing of that has done it any harm. */
    CHECK_STATUS(samqp_publish_wait(publisher, "", "facade-nowhere", NULL, "x", 1, SAMQP_PUBLISH_UNROUTABLE_OK, LONG_MS,
        &error), SAMQP_OK, error);
    samqp_publisher_free(publisher);
    CHECK_STATUS(samqp_client_drain(client, LONG_MS, NULL, &error), SAMQP_OK, error);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_topology_free(topology);
    samqp_table_free(table);
    samqp_options_free(options);
    return finish();
}
