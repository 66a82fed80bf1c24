/* Runs: broker asan valgrind. Every function with NULL, and with numbers that nobody means. Written by scripts/lib/nulls-program. */
#include "session.h"

#include <math.h>

static samqp_options *options;
static samqp_table *table;
static samqp_topology *topology;
static samqp_events *events;
static samqp_client *client;
static samqp_publisher *publisher;
static samqp_error *error;

/* What arguments point to. */
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

static void begin(void)
{
    watchdog(60);
    options = samqp_options_new();
    table = samqp_table_new();
    topology = samqp_topology_new();
    events = samqp_events_new(0);
    client = open_client(NULL, NULL);
    publisher = open_publisher(client, NULL, NULL, NULL);
}

static void end(void)
{
    (void)string;
    (void)bytes;
    (void)borrowed;
    samqp_publisher_free(publisher);
    CHECK_STATUS(samqp_client_close(client, &error), SAMQP_OK, error);
    samqp_client_free(client);
    samqp_events_free(events);
    samqp_topology_free(topology);
    samqp_table_free(table);
    samqp_options_free(options);
}

static void call_samqp_version(void)
{
    (void)samqp_version();
}

static void call_samqp_version_string(void)
{
    (void)samqp_version_string();
}

static void call_samqp_status_name(void)
{
    (void)samqp_status_name(0);
    (void)samqp_status_name(-1);
    (void)samqp_status_name(-30);
    (void)samqp_status_name(-31);
    (void)samqp_status_name(INT32_MIN);
    (void)samqp_status_name(INT32_MAX);
}

static void call_samqp_error_code(void)
{
    (void)samqp_error_code(NULL);
}

static void call_samqp_error_cause(void)
{
    (void)samqp_error_cause(NULL);
}

static void call_samqp_error_message(void)
{
    (void)samqp_error_message(NULL);
}

static void call_samqp_error_reply_code(void)
{
    (void)samqp_error_reply_code(NULL);
}

static void call_samqp_error_errno(void)
{
    (void)samqp_error_errno(NULL);
}

static void call_samqp_error_endpoint(void)
{
    (void)samqp_error_endpoint(NULL);
}

static void call_samqp_error_is_retriable(void)
{
    (void)samqp_error_is_retriable(NULL);
}

static void call_samqp_error_free(void)
{
    samqp_error_free(NULL);
}

static void call_samqp_table_new(void)
{
    samqp_table_free(samqp_table_new());
}

static void call_samqp_table_copy(void)
{
    samqp_table_free(samqp_table_copy(NULL));
    samqp_table_free(samqp_table_copy(table));
}

static void call_samqp_table_free(void)
{
    samqp_table_free(NULL);
}

static void call_samqp_table_set_bool(void)
{
    (void)samqp_table_set_bool(NULL, NULL, 0);
    (void)samqp_table_set_bool(table, NULL, 0);
    (void)samqp_table_set_bool(NULL, text, 0);
    (void)samqp_table_set_bool(NULL, bad, 0);
    (void)samqp_table_set_bool(NULL, NULL, 1);
    (void)samqp_table_set_bool(NULL, NULL, -1);
    (void)samqp_table_set_bool(NULL, NULL, INT32_MIN);
    (void)samqp_table_set_bool(NULL, NULL, INT32_MAX);
    (void)samqp_table_set_bool(table, text, 0);
    (void)samqp_table_set_bool(table, bad, 0);
    (void)samqp_table_set_bool(table, text, 1);
    (void)samqp_table_set_bool(table, text, -1);
    (void)samqp_table_set_bool(table, text, INT32_MIN);
    (void)samqp_table_set_bool(table, text, INT32_MAX);
}

static void call_samqp_table_set_int(void)
{
    (void)samqp_table_set_int(NULL, NULL, 0, 0);
    (void)samqp_table_set_int(table, NULL, 0, 0);
    (void)samqp_table_set_int(NULL, text, 0, 0);
    (void)samqp_table_set_int(NULL, bad, 0, 0);
    (void)samqp_table_set_int(NULL, NULL, -1, 0);
    (void)samqp_table_set_int(NULL, NULL, 1, 0);
    (void)samqp_table_set_int(NULL, NULL, INT64_MIN, 0);
    (void)samqp_table_set_int(NULL, NULL, INT64_MAX, 0);
    (void)samqp_table_set_int(NULL, NULL, 0, SAMQP_KIND_INT8);
    (void)samqp_table_set_int(NULL, NULL, 0, SAMQP_KIND_DOUBLE);
    (void)samqp_table_set_int(NULL, NULL, 0, INT32_MIN);
    (void)samqp_table_set_int(NULL, NULL, 0, INT32_MAX);
    (void)samqp_table_set_int(table, text, 0, 0);
    (void)samqp_table_set_int(table, bad, 0, 0);
    (void)samqp_table_set_int(table, text, -1, 0);
    (void)samqp_table_set_int(table, text, 1, 0);
    (void)samqp_table_set_int(table, text, INT64_MIN, 0);
    (void)samqp_table_set_int(table, text, INT64_MAX, 0);
    (void)samqp_table_set_int(table, text, 0, SAMQP_KIND_INT8);
    (void)samqp_table_set_int(table, text, 0, SAMQP_KIND_DOUBLE);
    (void)samqp_table_set_int(table, text, 0, INT32_MIN);
    (void)samqp_table_set_int(table, text, 0, INT32_MAX);
}

static void call_samqp_table_set_uint64(void)
{
    (void)samqp_table_set_uint64(NULL, NULL, 0);
    (void)samqp_table_set_uint64(table, NULL, 0);
    (void)samqp_table_set_uint64(NULL, text, 0);
    (void)samqp_table_set_uint64(NULL, bad, 0);
    (void)samqp_table_set_uint64(NULL, NULL, UINT64_MAX);
    (void)samqp_table_set_uint64(table, text, 0);
    (void)samqp_table_set_uint64(table, bad, 0);
    (void)samqp_table_set_uint64(table, text, UINT64_MAX);
}

static void call_samqp_table_set_double(void)
{
    (void)samqp_table_set_double(NULL, NULL, 0, 0);
    (void)samqp_table_set_double(table, NULL, 0, 0);
    (void)samqp_table_set_double(NULL, text, 0, 0);
    (void)samqp_table_set_double(NULL, bad, 0, 0);
    (void)samqp_table_set_double(NULL, NULL, -1e308, 0);
    (void)samqp_table_set_double(NULL, NULL, (double)INFINITY, 0);
    (void)samqp_table_set_double(NULL, NULL, (double)NAN, 0);
    (void)samqp_table_set_double(NULL, NULL, 0, SAMQP_KIND_INT8);
    (void)samqp_table_set_double(NULL, NULL, 0, SAMQP_KIND_DOUBLE);
    (void)samqp_table_set_double(NULL, NULL, 0, INT32_MIN);
    (void)samqp_table_set_double(NULL, NULL, 0, INT32_MAX);
    (void)samqp_table_set_double(table, text, 0, 0);
    (void)samqp_table_set_double(table, bad, 0, 0);
    (void)samqp_table_set_double(table, text, -1e308, 0);
    (void)samqp_table_set_double(table, text, (double)INFINITY, 0);
    (void)samqp_table_set_double(table, text, (double)NAN, 0);
    (void)samqp_table_set_double(table, text, 0, SAMQP_KIND_INT8);
    (void)samqp_table_set_double(table, text, 0, SAMQP_KIND_DOUBLE);
    (void)samqp_table_set_double(table, text, 0, INT32_MIN);
    (void)samqp_table_set_double(table, text, 0, INT32_MAX);
}

static void call_samqp_table_set_decimal(void)
{
    (void)samqp_table_set_decimal(NULL, NULL, 0, 0);
    (void)samqp_table_set_decimal(table, NULL, 0, 0);
    (void)samqp_table_set_decimal(NULL, text, 0, 0);
    (void)samqp_table_set_decimal(NULL, bad, 0, 0);
    (void)samqp_table_set_decimal(NULL, NULL, 255, 0);
    (void)samqp_table_set_decimal(NULL, NULL, 0, 1);
    (void)samqp_table_set_decimal(NULL, NULL, 0, 0xffffffffu);
    (void)samqp_table_set_decimal(table, text, 0, 0);
    (void)samqp_table_set_decimal(table, bad, 0, 0);
    (void)samqp_table_set_decimal(table, text, 255, 0);
    (void)samqp_table_set_decimal(table, text, 0, 1);
    (void)samqp_table_set_decimal(table, text, 0, 0xffffffffu);
}

static void call_samqp_table_set_string(void)
{
    (void)samqp_table_set_string(NULL, NULL, NULL);
    (void)samqp_table_set_string(table, NULL, NULL);
    (void)samqp_table_set_string(NULL, text, NULL);
    (void)samqp_table_set_string(NULL, bad, NULL);
    (void)samqp_table_set_string(NULL, NULL, text);
    (void)samqp_table_set_string(NULL, NULL, bad);
    (void)samqp_table_set_string(table, text, text);
    (void)samqp_table_set_string(NULL, text, text);
    (void)samqp_table_set_string(table, NULL, text);
    (void)samqp_table_set_string(table, bad, text);
    (void)samqp_table_set_string(table, text, NULL);
    (void)samqp_table_set_string(table, text, bad);
}

static void call_samqp_table_set_bytes(void)
{
    (void)samqp_table_set_bytes(NULL, NULL, NULL, 0);
    (void)samqp_table_set_bytes(table, NULL, NULL, 0);
    (void)samqp_table_set_bytes(NULL, text, NULL, 0);
    (void)samqp_table_set_bytes(NULL, bad, NULL, 0);
    (void)samqp_table_set_bytes(NULL, NULL, text, 0);
    (void)samqp_table_set_bytes(NULL, NULL, NULL, 1);
    (void)samqp_table_set_bytes(NULL, NULL, NULL, SIZE_MAX);
    (void)samqp_table_set_bytes(NULL, NULL, NULL, SIZE_MAX / 2);
    (void)samqp_table_set_bytes(NULL, NULL, NULL, 16777217);
    (void)samqp_table_set_bytes(table, text, text, 0);
    (void)samqp_table_set_bytes(NULL, text, text, 0);
    (void)samqp_table_set_bytes(table, NULL, text, 0);
    (void)samqp_table_set_bytes(table, bad, text, 0);
    (void)samqp_table_set_bytes(table, text, NULL, 0);
    (void)samqp_table_set_bytes(table, text, text, 1);
    (void)samqp_table_set_bytes(table, text, text, SIZE_MAX);
}

static void call_samqp_table_set_timestamp(void)
{
    (void)samqp_table_set_timestamp(NULL, NULL, 0);
    (void)samqp_table_set_timestamp(table, NULL, 0);
    (void)samqp_table_set_timestamp(NULL, text, 0);
    (void)samqp_table_set_timestamp(NULL, bad, 0);
    (void)samqp_table_set_timestamp(NULL, NULL, UINT64_MAX);
    (void)samqp_table_set_timestamp(table, text, 0);
    (void)samqp_table_set_timestamp(table, bad, 0);
    (void)samqp_table_set_timestamp(table, text, UINT64_MAX);
}

static void call_samqp_table_set_void(void)
{
    (void)samqp_table_set_void(NULL, NULL);
    (void)samqp_table_set_void(table, NULL);
    (void)samqp_table_set_void(NULL, text);
    (void)samqp_table_set_void(NULL, bad);
    (void)samqp_table_set_void(table, text);
    (void)samqp_table_set_void(table, bad);
}

static void call_samqp_table_set_table(void)
{
    (void)samqp_table_set_table(NULL, NULL, NULL);
    (void)samqp_table_set_table(table, NULL, NULL);
    (void)samqp_table_set_table(NULL, text, NULL);
    (void)samqp_table_set_table(NULL, bad, NULL);
    (void)samqp_table_set_table(NULL, NULL, table);
    (void)samqp_table_set_table(table, text, table);
    (void)samqp_table_set_table(NULL, text, table);
    (void)samqp_table_set_table(table, NULL, table);
    (void)samqp_table_set_table(table, bad, table);
    (void)samqp_table_set_table(table, text, NULL);
}

static void call_samqp_table_set_array(void)
{
    (void)samqp_table_set_array(NULL, NULL, NULL);
    (void)samqp_table_set_array(table, NULL, NULL);
    (void)samqp_table_set_array(NULL, text, NULL);
    (void)samqp_table_set_array(NULL, bad, NULL);
    (void)samqp_table_set_array(NULL, NULL, table);
    (void)samqp_table_set_array(table, text, table);
    (void)samqp_table_set_array(NULL, text, table);
    (void)samqp_table_set_array(table, NULL, table);
    (void)samqp_table_set_array(table, bad, table);
    (void)samqp_table_set_array(table, text, NULL);
}

static void call_samqp_table_remove(void)
{
    (void)samqp_table_remove(NULL, NULL);
    (void)samqp_table_remove(table, NULL);
    (void)samqp_table_remove(NULL, text);
    (void)samqp_table_remove(NULL, bad);
    (void)samqp_table_remove(table, text);
    (void)samqp_table_remove(table, bad);
}

static void call_samqp_table_count(void)
{
    (void)samqp_table_count(NULL);
    (void)samqp_table_count(table);
}

static void call_samqp_table_key_at(void)
{
    (void)samqp_table_key_at(NULL, 0);
    (void)samqp_table_key_at(table, 0);
    (void)samqp_table_key_at(NULL, 1);
    (void)samqp_table_key_at(NULL, SIZE_MAX);
    (void)samqp_table_key_at(NULL, SIZE_MAX / 2);
    (void)samqp_table_key_at(NULL, 16777217);
    (void)samqp_table_key_at(table, 1);
    (void)samqp_table_key_at(table, SIZE_MAX);
    (void)samqp_table_key_at(table, SIZE_MAX / 2);
    (void)samqp_table_key_at(table, 16777217);
}

static void call_samqp_table_kind_at(void)
{
    (void)samqp_table_kind_at(NULL, 0);
    (void)samqp_table_kind_at(table, 0);
    (void)samqp_table_kind_at(NULL, 1);
    (void)samqp_table_kind_at(NULL, SIZE_MAX);
    (void)samqp_table_kind_at(NULL, SIZE_MAX / 2);
    (void)samqp_table_kind_at(NULL, 16777217);
    (void)samqp_table_kind_at(table, 1);
    (void)samqp_table_kind_at(table, SIZE_MAX);
    (void)samqp_table_kind_at(table, SIZE_MAX / 2);
    (void)samqp_table_kind_at(table, 16777217);
}

static void call_samqp_table_kind(void)
{
    (void)samqp_table_kind(NULL, NULL);
    (void)samqp_table_kind(table, NULL);
    (void)samqp_table_kind(NULL, text);
    (void)samqp_table_kind(NULL, bad);
    (void)samqp_table_kind(table, text);
    (void)samqp_table_kind(table, bad);
}

static void call_samqp_table_get_bool(void)
{
    (void)samqp_table_get_bool(NULL, NULL, 0, NULL);
    (void)samqp_table_get_bool(table, NULL, 0, NULL);
    (void)samqp_table_get_bool(NULL, text, 0, NULL);
    (void)samqp_table_get_bool(NULL, bad, 0, NULL);
    (void)samqp_table_get_bool(NULL, NULL, 1, NULL);
    (void)samqp_table_get_bool(NULL, NULL, SIZE_MAX, NULL);
    (void)samqp_table_get_bool(NULL, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_table_get_bool(NULL, NULL, 16777217, NULL);
    (void)samqp_table_get_bool(NULL, NULL, 0, &number);
    (void)samqp_table_get_bool(table, text, 0, &number);
    (void)samqp_table_get_bool(NULL, text, 0, &number);
    (void)samqp_table_get_bool(table, NULL, 0, &number);
    (void)samqp_table_get_bool(table, bad, 0, &number);
    (void)samqp_table_get_bool(table, text, 1, &number);
    (void)samqp_table_get_bool(table, text, SIZE_MAX, &number);
    (void)samqp_table_get_bool(table, text, 0, NULL);
}

static void call_samqp_table_get_int(void)
{
    (void)samqp_table_get_int(NULL, NULL, 0, NULL);
    (void)samqp_table_get_int(table, NULL, 0, NULL);
    (void)samqp_table_get_int(NULL, text, 0, NULL);
    (void)samqp_table_get_int(NULL, bad, 0, NULL);
    (void)samqp_table_get_int(NULL, NULL, 1, NULL);
    (void)samqp_table_get_int(NULL, NULL, SIZE_MAX, NULL);
    (void)samqp_table_get_int(NULL, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_table_get_int(NULL, NULL, 16777217, NULL);
    (void)samqp_table_get_int(NULL, NULL, 0, &wide);
    (void)samqp_table_get_int(table, text, 0, &wide);
    (void)samqp_table_get_int(NULL, text, 0, &wide);
    (void)samqp_table_get_int(table, NULL, 0, &wide);
    (void)samqp_table_get_int(table, bad, 0, &wide);
    (void)samqp_table_get_int(table, text, 1, &wide);
    (void)samqp_table_get_int(table, text, SIZE_MAX, &wide);
    (void)samqp_table_get_int(table, text, 0, NULL);
}

static void call_samqp_table_get_uint64(void)
{
    (void)samqp_table_get_uint64(NULL, NULL, 0, NULL);
    (void)samqp_table_get_uint64(table, NULL, 0, NULL);
    (void)samqp_table_get_uint64(NULL, text, 0, NULL);
    (void)samqp_table_get_uint64(NULL, bad, 0, NULL);
    (void)samqp_table_get_uint64(NULL, NULL, 1, NULL);
    (void)samqp_table_get_uint64(NULL, NULL, SIZE_MAX, NULL);
    (void)samqp_table_get_uint64(NULL, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_table_get_uint64(NULL, NULL, 16777217, NULL);
    (void)samqp_table_get_uint64(NULL, NULL, 0, &tag);
    (void)samqp_table_get_uint64(table, text, 0, &tag);
    (void)samqp_table_get_uint64(NULL, text, 0, &tag);
    (void)samqp_table_get_uint64(table, NULL, 0, &tag);
    (void)samqp_table_get_uint64(table, bad, 0, &tag);
    (void)samqp_table_get_uint64(table, text, 1, &tag);
    (void)samqp_table_get_uint64(table, text, SIZE_MAX, &tag);
    (void)samqp_table_get_uint64(table, text, 0, NULL);
}

static void call_samqp_table_get_double(void)
{
    (void)samqp_table_get_double(NULL, NULL, 0, NULL);
    (void)samqp_table_get_double(table, NULL, 0, NULL);
    (void)samqp_table_get_double(NULL, text, 0, NULL);
    (void)samqp_table_get_double(NULL, bad, 0, NULL);
    (void)samqp_table_get_double(NULL, NULL, 1, NULL);
    (void)samqp_table_get_double(NULL, NULL, SIZE_MAX, NULL);
    (void)samqp_table_get_double(NULL, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_table_get_double(NULL, NULL, 16777217, NULL);
    (void)samqp_table_get_double(NULL, NULL, 0, &real);
    (void)samqp_table_get_double(table, text, 0, &real);
    (void)samqp_table_get_double(NULL, text, 0, &real);
    (void)samqp_table_get_double(table, NULL, 0, &real);
    (void)samqp_table_get_double(table, bad, 0, &real);
    (void)samqp_table_get_double(table, text, 1, &real);
    (void)samqp_table_get_double(table, text, SIZE_MAX, &real);
    (void)samqp_table_get_double(table, text, 0, NULL);
}

static void call_samqp_table_get_decimal(void)
{
    (void)samqp_table_get_decimal(NULL, NULL, 0, NULL, NULL);
    (void)samqp_table_get_decimal(table, NULL, 0, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, text, 0, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, bad, 0, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, NULL, 1, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, NULL, SIZE_MAX, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, NULL, SIZE_MAX / 2, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, NULL, 16777217, NULL, NULL);
    (void)samqp_table_get_decimal(NULL, NULL, 0, &byte, NULL);
    (void)samqp_table_get_decimal(NULL, NULL, 0, NULL, &word);
    (void)samqp_table_get_decimal(table, text, 0, &byte, &word);
    (void)samqp_table_get_decimal(NULL, text, 0, &byte, &word);
    (void)samqp_table_get_decimal(table, NULL, 0, &byte, &word);
    (void)samqp_table_get_decimal(table, bad, 0, &byte, &word);
    (void)samqp_table_get_decimal(table, text, 1, &byte, &word);
    (void)samqp_table_get_decimal(table, text, SIZE_MAX, &byte, &word);
    (void)samqp_table_get_decimal(table, text, 0, NULL, &word);
    (void)samqp_table_get_decimal(table, text, 0, &byte, NULL);
}

static void call_samqp_table_get_string(void)
{
    (void)samqp_table_get_string(NULL, NULL, 0, NULL, NULL);
    (void)samqp_table_get_string(table, NULL, 0, NULL, NULL);
    (void)samqp_table_get_string(NULL, text, 0, NULL, NULL);
    (void)samqp_table_get_string(NULL, bad, 0, NULL, NULL);
    (void)samqp_table_get_string(NULL, NULL, 1, NULL, NULL);
    (void)samqp_table_get_string(NULL, NULL, SIZE_MAX, NULL, NULL);
    (void)samqp_table_get_string(NULL, NULL, SIZE_MAX / 2, NULL, NULL);
    (void)samqp_table_get_string(NULL, NULL, 16777217, NULL, NULL);
    (void)samqp_table_get_string(NULL, NULL, 0, &string, NULL);
    (void)samqp_table_get_string(NULL, NULL, 0, NULL, &length);
    (void)samqp_table_get_string(table, text, 0, &string, &length);
    (void)samqp_table_get_string(NULL, text, 0, &string, &length);
    (void)samqp_table_get_string(table, NULL, 0, &string, &length);
    (void)samqp_table_get_string(table, bad, 0, &string, &length);
    (void)samqp_table_get_string(table, text, 1, &string, &length);
    (void)samqp_table_get_string(table, text, SIZE_MAX, &string, &length);
    (void)samqp_table_get_string(table, text, 0, NULL, &length);
    (void)samqp_table_get_string(table, text, 0, &string, NULL);
}

static void call_samqp_table_get_bytes(void)
{
    (void)samqp_table_get_bytes(NULL, NULL, 0, NULL, NULL);
    (void)samqp_table_get_bytes(table, NULL, 0, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, text, 0, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, bad, 0, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, NULL, 1, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, NULL, SIZE_MAX, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, NULL, SIZE_MAX / 2, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, NULL, 16777217, NULL, NULL);
    (void)samqp_table_get_bytes(NULL, NULL, 0, &bytes, NULL);
    (void)samqp_table_get_bytes(NULL, NULL, 0, NULL, &length);
    (void)samqp_table_get_bytes(table, text, 0, &bytes, &length);
    (void)samqp_table_get_bytes(NULL, text, 0, &bytes, &length);
    (void)samqp_table_get_bytes(table, NULL, 0, &bytes, &length);
    (void)samqp_table_get_bytes(table, bad, 0, &bytes, &length);
    (void)samqp_table_get_bytes(table, text, 1, &bytes, &length);
    (void)samqp_table_get_bytes(table, text, SIZE_MAX, &bytes, &length);
    (void)samqp_table_get_bytes(table, text, 0, NULL, &length);
    (void)samqp_table_get_bytes(table, text, 0, &bytes, NULL);
}

static void call_samqp_table_get_timestamp(void)
{
    (void)samqp_table_get_timestamp(NULL, NULL, 0, NULL);
    (void)samqp_table_get_timestamp(table, NULL, 0, NULL);
    (void)samqp_table_get_timestamp(NULL, text, 0, NULL);
    (void)samqp_table_get_timestamp(NULL, bad, 0, NULL);
    (void)samqp_table_get_timestamp(NULL, NULL, 1, NULL);
    (void)samqp_table_get_timestamp(NULL, NULL, SIZE_MAX, NULL);
    (void)samqp_table_get_timestamp(NULL, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_table_get_timestamp(NULL, NULL, 16777217, NULL);
    (void)samqp_table_get_timestamp(NULL, NULL, 0, &tag);
    (void)samqp_table_get_timestamp(table, text, 0, &tag);
    (void)samqp_table_get_timestamp(NULL, text, 0, &tag);
    (void)samqp_table_get_timestamp(table, NULL, 0, &tag);
    (void)samqp_table_get_timestamp(table, bad, 0, &tag);
    (void)samqp_table_get_timestamp(table, text, 1, &tag);
    (void)samqp_table_get_timestamp(table, text, SIZE_MAX, &tag);
    (void)samqp_table_get_timestamp(table, text, 0, NULL);
}

static void call_samqp_table_get_table(void)
{
    (void)samqp_table_get_table(NULL, NULL, 0, NULL);
    (void)samqp_table_get_table(table, NULL, 0, NULL);
    (void)samqp_table_get_table(NULL, text, 0, NULL);
    (void)samqp_table_get_table(NULL, bad, 0, NULL);
    (void)samqp_table_get_table(NULL, NULL, 1, NULL);
    (void)samqp_table_get_table(NULL, NULL, SIZE_MAX, NULL);
    (void)samqp_table_get_table(NULL, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_table_get_table(NULL, NULL, 16777217, NULL);
    (void)samqp_table_get_table(NULL, NULL, 0, &borrowed);
    (void)samqp_table_get_table(table, text, 0, &borrowed);
    (void)samqp_table_get_table(NULL, text, 0, &borrowed);
    (void)samqp_table_get_table(table, NULL, 0, &borrowed);
    (void)samqp_table_get_table(table, bad, 0, &borrowed);
    (void)samqp_table_get_table(table, text, 1, &borrowed);
    (void)samqp_table_get_table(table, text, SIZE_MAX, &borrowed);
    (void)samqp_table_get_table(table, text, 0, NULL);
}

static void call_samqp_options_new(void)
{
    samqp_options_free(samqp_options_new());
}

static void call_samqp_options_copy(void)
{
    samqp_options_free(samqp_options_copy(NULL));
    samqp_options_free(samqp_options_copy(options));
}

static void call_samqp_options_free(void)
{
    samqp_options_free(NULL);
}

static void call_samqp_options_set(void)
{
    (void)samqp_options_set(NULL, NULL, NULL, NULL);
    (void)samqp_options_set(options, NULL, NULL, NULL);
    (void)samqp_options_set(NULL, text, NULL, NULL);
    (void)samqp_options_set(NULL, bad, NULL, NULL);
    (void)samqp_options_set(NULL, NULL, text, NULL);
    (void)samqp_options_set(NULL, NULL, bad, NULL);
    (void)samqp_options_set(NULL, NULL, NULL, &error);
    forget(&error);
    (void)samqp_options_set(options, text, text, &error);
    forget(&error);
    (void)samqp_options_set(NULL, text, text, &error);
    forget(&error);
    (void)samqp_options_set(options, NULL, text, &error);
    forget(&error);
    (void)samqp_options_set(options, bad, text, &error);
    forget(&error);
    (void)samqp_options_set(options, text, NULL, &error);
    forget(&error);
    (void)samqp_options_set(options, text, bad, &error);
    forget(&error);
    (void)samqp_options_set(options, text, text, NULL);
}

static void call_samqp_options_set_int(void)
{
    (void)samqp_options_set_int(NULL, NULL, 0, NULL);
    (void)samqp_options_set_int(options, NULL, 0, NULL);
    (void)samqp_options_set_int(NULL, text, 0, NULL);
    (void)samqp_options_set_int(NULL, bad, 0, NULL);
    (void)samqp_options_set_int(NULL, NULL, -1, NULL);
    (void)samqp_options_set_int(NULL, NULL, 1, NULL);
    (void)samqp_options_set_int(NULL, NULL, INT64_MIN, NULL);
    (void)samqp_options_set_int(NULL, NULL, INT64_MAX, NULL);
    (void)samqp_options_set_int(NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_options_set_int(options, text, 0, &error);
    forget(&error);
    (void)samqp_options_set_int(NULL, text, 0, &error);
    forget(&error);
    (void)samqp_options_set_int(options, NULL, 0, &error);
    forget(&error);
    (void)samqp_options_set_int(options, bad, 0, &error);
    forget(&error);
    (void)samqp_options_set_int(options, text, -1, &error);
    forget(&error);
    (void)samqp_options_set_int(options, text, 1, &error);
    forget(&error);
    (void)samqp_options_set_int(options, text, INT64_MIN, &error);
    forget(&error);
    (void)samqp_options_set_int(options, text, INT64_MAX, &error);
    forget(&error);
    (void)samqp_options_set_int(options, text, 0, NULL);
}

static void call_samqp_options_set_table(void)
{
    (void)samqp_options_set_table(NULL, NULL, NULL, NULL);
    (void)samqp_options_set_table(options, NULL, NULL, NULL);
    (void)samqp_options_set_table(NULL, text, NULL, NULL);
    (void)samqp_options_set_table(NULL, bad, NULL, NULL);
    (void)samqp_options_set_table(NULL, NULL, table, NULL);
    (void)samqp_options_set_table(NULL, NULL, NULL, &error);
    forget(&error);
    (void)samqp_options_set_table(options, text, table, &error);
    forget(&error);
    (void)samqp_options_set_table(NULL, text, table, &error);
    forget(&error);
    (void)samqp_options_set_table(options, NULL, table, &error);
    forget(&error);
    (void)samqp_options_set_table(options, bad, table, &error);
    forget(&error);
    (void)samqp_options_set_table(options, text, NULL, &error);
    forget(&error);
    (void)samqp_options_set_table(options, text, table, NULL);
}

static void call_samqp_options_add_endpoint(void)
{
    (void)samqp_options_add_endpoint(NULL, NULL, NULL);
    (void)samqp_options_add_endpoint(options, NULL, NULL);
    (void)samqp_options_add_endpoint(NULL, text, NULL);
    (void)samqp_options_add_endpoint(NULL, bad, NULL);
    (void)samqp_options_add_endpoint(NULL, NULL, &error);
    forget(&error);
    (void)samqp_options_add_endpoint(options, text, &error);
    forget(&error);
    (void)samqp_options_add_endpoint(NULL, text, &error);
    forget(&error);
    (void)samqp_options_add_endpoint(options, NULL, &error);
    forget(&error);
    (void)samqp_options_add_endpoint(options, bad, &error);
    forget(&error);
    (void)samqp_options_add_endpoint(options, text, NULL);
}

static void call_samqp_options_key(void)
{
    (void)samqp_options_key(0);
    (void)samqp_options_key(1);
    (void)samqp_options_key(SIZE_MAX);
    (void)samqp_options_key(SIZE_MAX / 2);
    (void)samqp_options_key(16777217);
}

static void call_samqp_options_help(void)
{
    (void)samqp_options_help(NULL);
    (void)samqp_options_help(text);
    (void)samqp_options_help(bad);
}

static void call_samqp_events_new(void)
{
    samqp_events_free(samqp_events_new(0));
    samqp_events_free(samqp_events_new(1));
    samqp_events_free(samqp_events_new(SIZE_MAX));
    samqp_events_free(samqp_events_new(SIZE_MAX / 2));
    samqp_events_free(samqp_events_new(16777217));
}

static void call_samqp_events_fd(void)
{
    (void)samqp_events_fd(NULL);
    (void)samqp_events_fd(events);
}

static void call_samqp_events_poll(void)
{
    (void)samqp_events_poll(NULL, 0, NULL);
    (void)samqp_events_poll(events, 0, NULL);
    (void)samqp_events_poll(NULL, -1, NULL);
    (void)samqp_events_poll(NULL, 1, NULL);
    (void)samqp_events_poll(NULL, INT64_MIN, NULL);
    (void)samqp_events_poll(NULL, INT64_MAX, NULL);
    (void)samqp_events_poll(events, 1, NULL);
}

static void call_samqp_events_poll_batch(void)
{
    (void)samqp_events_poll_batch(NULL, 0, NULL, 0);
    (void)samqp_events_poll_batch(events, 0, NULL, 0);
    (void)samqp_events_poll_batch(NULL, -1, NULL, 0);
    (void)samqp_events_poll_batch(NULL, 1, NULL, 0);
    (void)samqp_events_poll_batch(NULL, INT64_MIN, NULL, 0);
    (void)samqp_events_poll_batch(NULL, INT64_MAX, NULL, 0);
    (void)samqp_events_poll_batch(NULL, 0, NULL, 1);
    (void)samqp_events_poll_batch(NULL, 0, NULL, SIZE_MAX);
    (void)samqp_events_poll_batch(NULL, 0, NULL, SIZE_MAX / 2);
    (void)samqp_events_poll_batch(NULL, 0, NULL, 16777217);
    (void)samqp_events_poll_batch(events, 1, NULL, 0);
    (void)samqp_events_poll_batch(events, 0, NULL, 1);
    (void)samqp_events_poll_batch(events, 0, NULL, SIZE_MAX / 2);
    (void)samqp_events_poll_batch(events, 0, NULL, 16777217);
}

static void call_samqp_events_wakeup(void)
{
    (void)samqp_events_wakeup(NULL);
    (void)samqp_events_wakeup(events);
}

static void call_samqp_events_count(void)
{
    (void)samqp_events_count(NULL);
    (void)samqp_events_count(events);
}

static void call_samqp_events_set_notify(void)
{
    (void)samqp_events_set_notify(NULL, NULL, NULL);
    (void)samqp_events_set_notify(events, NULL, NULL);
    (void)samqp_events_set_notify(NULL, NULL, text);
    (void)samqp_events_set_notify(events, NULL, text);
}

static void call_samqp_events_dispatch(void)
{
    (void)samqp_events_dispatch(NULL, NULL, NULL, NULL);
    (void)samqp_events_dispatch(events, NULL, NULL, NULL);
    (void)samqp_events_dispatch(NULL, NULL, text, NULL);
    (void)samqp_events_dispatch(NULL, NULL, NULL, &error);
    forget(&error);
    (void)samqp_events_dispatch(events, NULL, text, &error);
    forget(&error);
    (void)samqp_events_dispatch(NULL, NULL, text, &error);
    forget(&error);
    (void)samqp_events_dispatch(events, NULL, NULL, &error);
    forget(&error);
    (void)samqp_events_dispatch(events, NULL, text, NULL);
}

static void call_samqp_events_stop(void)
{
    (void)samqp_events_stop(NULL);
    (void)samqp_events_stop(events);
}

static void call_samqp_events_free(void)
{
    samqp_events_free(NULL);
}

static void call_samqp_event_get_type(void)
{
    (void)samqp_event_get_type(NULL);
}

static void call_samqp_event_tag(void)
{
    (void)samqp_event_tag(NULL);
}

static void call_samqp_event_user(void)
{
    (void)samqp_event_user(NULL);
}

static void call_samqp_event_status(void)
{
    (void)samqp_event_status(NULL);
}

static void call_samqp_event_int(void)
{
    (void)samqp_event_int(NULL);
}

static void call_samqp_event_text(void)
{
    (void)samqp_event_text(NULL);
}

static void call_samqp_event_error(void)
{
    (void)samqp_event_error(NULL);
}

static void call_samqp_event_take_delivery(void)
{
    (void)samqp_event_take_delivery(NULL);
}

static void call_samqp_event_free(void)
{
    samqp_event_free(NULL);
}

static void call_samqp_topology_new(void)
{
    samqp_topology_free(samqp_topology_new());
}

static void call_samqp_topology_free(void)
{
    samqp_topology_free(NULL);
}

static void call_samqp_topology_add_exchange(void)
{
    (void)samqp_topology_add_exchange(NULL, NULL, NULL, 0, NULL);
    (void)samqp_topology_add_exchange(topology, NULL, NULL, 0, NULL);
    (void)samqp_topology_add_exchange(NULL, text, NULL, 0, NULL);
    (void)samqp_topology_add_exchange(NULL, bad, NULL, 0, NULL);
    (void)samqp_topology_add_exchange(NULL, NULL, text, 0, NULL);
    (void)samqp_topology_add_exchange(NULL, NULL, bad, 0, NULL);
    (void)samqp_topology_add_exchange(NULL, NULL, NULL, 1, NULL);
    (void)samqp_topology_add_exchange(NULL, NULL, NULL, 0xffffffffu, NULL);
    (void)samqp_topology_add_exchange(NULL, NULL, NULL, 0, table);
    (void)samqp_topology_add_exchange(topology, text, text, 0, table);
    (void)samqp_topology_add_exchange(NULL, text, text, 0, table);
    (void)samqp_topology_add_exchange(topology, NULL, text, 0, table);
    (void)samqp_topology_add_exchange(topology, bad, text, 0, table);
    (void)samqp_topology_add_exchange(topology, text, NULL, 0, table);
    (void)samqp_topology_add_exchange(topology, text, bad, 0, table);
    (void)samqp_topology_add_exchange(topology, text, text, 1, table);
    (void)samqp_topology_add_exchange(topology, text, text, 0xffffffffu, table);
    (void)samqp_topology_add_exchange(topology, text, text, 0, NULL);
}

static void call_samqp_topology_add_queue(void)
{
    (void)samqp_topology_add_queue(NULL, NULL, 0, NULL);
    (void)samqp_topology_add_queue(topology, NULL, 0, NULL);
    (void)samqp_topology_add_queue(NULL, text, 0, NULL);
    (void)samqp_topology_add_queue(NULL, bad, 0, NULL);
    (void)samqp_topology_add_queue(NULL, NULL, 1, NULL);
    (void)samqp_topology_add_queue(NULL, NULL, 0xffffffffu, NULL);
    (void)samqp_topology_add_queue(NULL, NULL, 0, table);
    (void)samqp_topology_add_queue(topology, text, 0, table);
    (void)samqp_topology_add_queue(NULL, text, 0, table);
    (void)samqp_topology_add_queue(topology, NULL, 0, table);
    (void)samqp_topology_add_queue(topology, bad, 0, table);
    (void)samqp_topology_add_queue(topology, text, 1, table);
    (void)samqp_topology_add_queue(topology, text, 0xffffffffu, table);
    (void)samqp_topology_add_queue(topology, text, 0, NULL);
}

static void call_samqp_topology_add_binding(void)
{
    (void)samqp_topology_add_binding(NULL, NULL, NULL, NULL, NULL);
    (void)samqp_topology_add_binding(topology, NULL, NULL, NULL, NULL);
    (void)samqp_topology_add_binding(NULL, text, NULL, NULL, NULL);
    (void)samqp_topology_add_binding(NULL, bad, NULL, NULL, NULL);
    (void)samqp_topology_add_binding(NULL, NULL, text, NULL, NULL);
    (void)samqp_topology_add_binding(NULL, NULL, bad, NULL, NULL);
    (void)samqp_topology_add_binding(NULL, NULL, NULL, text, NULL);
    (void)samqp_topology_add_binding(NULL, NULL, NULL, bad, NULL);
    (void)samqp_topology_add_binding(NULL, NULL, NULL, NULL, table);
    (void)samqp_topology_add_binding(topology, text, text, text, table);
    (void)samqp_topology_add_binding(NULL, text, text, text, table);
    (void)samqp_topology_add_binding(topology, NULL, text, text, table);
    (void)samqp_topology_add_binding(topology, bad, text, text, table);
    (void)samqp_topology_add_binding(topology, text, NULL, text, table);
    (void)samqp_topology_add_binding(topology, text, bad, text, table);
    (void)samqp_topology_add_binding(topology, text, text, NULL, table);
    (void)samqp_topology_add_binding(topology, text, text, bad, table);
    (void)samqp_topology_add_binding(topology, text, text, text, NULL);
}

static void call_samqp_topology_add_exchange_binding(void)
{
    (void)samqp_topology_add_exchange_binding(NULL, NULL, NULL, NULL, NULL);
    (void)samqp_topology_add_exchange_binding(topology, NULL, NULL, NULL, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, text, NULL, NULL, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, bad, NULL, NULL, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, NULL, text, NULL, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, NULL, bad, NULL, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, NULL, NULL, text, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, NULL, NULL, bad, NULL);
    (void)samqp_topology_add_exchange_binding(NULL, NULL, NULL, NULL, table);
    (void)samqp_topology_add_exchange_binding(topology, text, text, text, table);
    (void)samqp_topology_add_exchange_binding(NULL, text, text, text, table);
    (void)samqp_topology_add_exchange_binding(topology, NULL, text, text, table);
    (void)samqp_topology_add_exchange_binding(topology, bad, text, text, table);
    (void)samqp_topology_add_exchange_binding(topology, text, NULL, text, table);
    (void)samqp_topology_add_exchange_binding(topology, text, bad, text, table);
    (void)samqp_topology_add_exchange_binding(topology, text, text, NULL, table);
    (void)samqp_topology_add_exchange_binding(topology, text, text, bad, table);
    (void)samqp_topology_add_exchange_binding(topology, text, text, text, NULL);
}

static void call_samqp_options_set_topology(void)
{
    (void)samqp_options_set_topology(NULL, NULL);
    (void)samqp_options_set_topology(options, NULL);
    (void)samqp_options_set_topology(NULL, topology);
    (void)samqp_options_set_topology(options, topology);
}

static void call_samqp_state_name(void)
{
    (void)samqp_state_name(0);
    (void)samqp_state_name(1);
    (void)samqp_state_name(7);
    (void)samqp_state_name(8);
    (void)samqp_state_name(INT32_MIN);
    (void)samqp_state_name(INT32_MAX);
}

static void call_samqp_client_open(void)
{
    (void)samqp_client_open(NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_client_open(NULL, options, NULL, NULL, 0, NULL);
    (void)samqp_client_open(NULL, NULL, events, NULL, 0, NULL);
    (void)samqp_client_open(NULL, NULL, NULL, text, 0, NULL);
    (void)samqp_client_open(NULL, NULL, NULL, NULL, -1, NULL);
    (void)samqp_client_open(NULL, NULL, NULL, NULL, 1, NULL);
    (void)samqp_client_open(NULL, NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_client_open(NULL, NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_client_open(NULL, NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, text, 0, &error);
    forget(&error);
    (void)samqp_client_open(NULL, NULL, events, text, 0, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, NULL, text, 0, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, NULL, 0, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, text, -1, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, text, 1, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, text, INT64_MIN, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, text, INT64_MAX, &error);
    forget(&error);
    (void)samqp_client_open(NULL, options, events, text, 0, NULL);
}

static void call_samqp_client_start(void)
{
    (void)samqp_client_start(NULL, NULL, NULL, NULL, NULL);
    (void)samqp_client_start(NULL, options, NULL, NULL, NULL);
    (void)samqp_client_start(NULL, NULL, events, NULL, NULL);
    (void)samqp_client_start(NULL, NULL, NULL, text, NULL);
    (void)samqp_client_start(NULL, NULL, NULL, NULL, &error);
    forget(&error);
    (void)samqp_client_start(NULL, options, events, text, &error);
    forget(&error);
    (void)samqp_client_start(NULL, NULL, events, text, &error);
    forget(&error);
    (void)samqp_client_start(NULL, options, NULL, text, &error);
    forget(&error);
    (void)samqp_client_start(NULL, options, events, NULL, &error);
    forget(&error);
    (void)samqp_client_start(NULL, options, events, text, NULL);
}

static void call_samqp_client_state(void)
{
    (void)samqp_client_state(NULL);
    (void)samqp_client_state(client);
}

static void call_samqp_client_wait(void)
{
    (void)samqp_client_wait(NULL, 0, NULL);
    (void)samqp_client_wait(client, 0, NULL);
    (void)samqp_client_wait(NULL, -1, NULL);
    (void)samqp_client_wait(NULL, 1, NULL);
    (void)samqp_client_wait(NULL, INT64_MIN, NULL);
    (void)samqp_client_wait(NULL, INT64_MAX, NULL);
    (void)samqp_client_wait(NULL, 0, &error);
    forget(&error);
    (void)samqp_client_wait(client, 0, &error);
    forget(&error);
    (void)samqp_client_wait(client, -1, &error);
    forget(&error);
    (void)samqp_client_wait(client, 1, &error);
    forget(&error);
    (void)samqp_client_wait(client, INT64_MIN, &error);
    forget(&error);
    (void)samqp_client_wait(client, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_client_health(void)
{
    (void)samqp_client_health(NULL, NULL);
    (void)samqp_client_health(client, NULL);
    (void)samqp_client_health(NULL, &error);
    forget(&error);
    (void)samqp_client_health(client, &error);
    forget(&error);
}

static void call_samqp_client_is_live(void)
{
    (void)samqp_client_is_live(NULL, 0);
    (void)samqp_client_is_live(client, 0);
    (void)samqp_client_is_live(NULL, -1);
    (void)samqp_client_is_live(NULL, 1);
    (void)samqp_client_is_live(NULL, INT64_MIN);
    (void)samqp_client_is_live(NULL, INT64_MAX);
    (void)samqp_client_is_live(client, -1);
    (void)samqp_client_is_live(client, 1);
    (void)samqp_client_is_live(client, INT64_MIN);
    (void)samqp_client_is_live(client, INT64_MAX);
}

static void call_samqp_client_stats(void)
{
    (void)samqp_client_stats(NULL, NULL);
    (void)samqp_client_stats(client, NULL);
}

static void call_samqp_client_drain(void)
{
    (void)samqp_client_drain(NULL, 0, NULL, NULL);
    (void)samqp_client_drain(NULL, -1, NULL, NULL);
    (void)samqp_client_drain(NULL, 1, NULL, NULL);
    (void)samqp_client_drain(NULL, INT64_MIN, NULL, NULL);
    (void)samqp_client_drain(NULL, INT64_MAX, NULL, NULL);
    (void)samqp_client_drain(NULL, 0, NULL, &error);
    forget(&error);
}

static void call_samqp_client_close(void)
{
    (void)samqp_client_close(NULL, NULL);
    (void)samqp_client_close(NULL, &error);
    forget(&error);
}

static void call_samqp_client_free(void)
{
    samqp_client_free(NULL);
}

static void call_samqp_declare_exchange(void)
{
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, NULL, 0, NULL);
    (void)samqp_declare_exchange(client, NULL, NULL, 0, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, text, NULL, 0, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, bad, NULL, 0, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, NULL, text, 0, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, NULL, bad, 0, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 1, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0xffffffffu, NULL, 0, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, table, 0, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, NULL, -1, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, NULL, 1, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, NULL, INT64_MIN, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, NULL, INT64_MAX, NULL);
    (void)samqp_declare_exchange(NULL, NULL, NULL, 0, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(NULL, text, text, 0, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, NULL, text, 0, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, bad, text, 0, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, NULL, 0, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, bad, 0, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 1, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0xffffffffu, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, table, -1, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, table, 1, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, table, INT64_MIN, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, table, INT64_MAX, &error);
    forget(&error);
    (void)samqp_declare_exchange(client, text, text, 0, table, 0, NULL);
}

static void call_samqp_declare_queue(void)
{
    (void)samqp_declare_queue(NULL, NULL, 0, NULL, NULL, 0, NULL);
    (void)samqp_declare_queue(client, NULL, 0, NULL, NULL, 0, NULL);
    (void)samqp_declare_queue(NULL, text, 0, NULL, NULL, 0, NULL);
    (void)samqp_declare_queue(NULL, bad, 0, NULL, NULL, 0, NULL);
    (void)samqp_declare_queue(NULL, NULL, 1, NULL, NULL, 0, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0xffffffffu, NULL, NULL, 0, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0, table, NULL, 0, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0, NULL, NULL, -1, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0, NULL, NULL, 1, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_declare_queue(NULL, NULL, 0, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, table, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(NULL, text, 0, table, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, NULL, 0, table, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, bad, 0, table, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 1, table, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0xffffffffu, table, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, table, NULL, -1, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, table, NULL, 1, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, table, NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, table, NULL, INT64_MAX, &error);
    forget(&error);
    (void)samqp_declare_queue(client, text, 0, table, NULL, 0, NULL);
}

static void call_samqp_declare_binding(void)
{
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_binding(client, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, text, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, bad, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, NULL, text, NULL, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, NULL, bad, NULL, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, text, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, bad, NULL, 0, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, table, 0, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, NULL, -1, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, NULL, 1, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_declare_binding(NULL, NULL, NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(NULL, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, NULL, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, bad, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, NULL, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, bad, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, NULL, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, bad, table, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, table, -1, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, table, 1, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, table, INT64_MIN, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, table, INT64_MAX, &error);
    forget(&error);
    (void)samqp_declare_binding(client, text, text, text, table, 0, NULL);
}

static void call_samqp_declare_exchange_binding(void)
{
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(client, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, text, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, bad, NULL, NULL, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, text, NULL, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, bad, NULL, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, text, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, bad, NULL, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, table, 0, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, NULL, -1, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, NULL, 1, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_declare_exchange_binding(NULL, NULL, NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(NULL, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, NULL, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, bad, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, NULL, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, bad, text, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, NULL, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, bad, table, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, table, -1, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, table, 1, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, table, INT64_MIN, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, table, INT64_MAX, &error);
    forget(&error);
    (void)samqp_declare_exchange_binding(client, text, text, text, table, 0, NULL);
}

static void call_samqp_delete_binding(void)
{
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_binding(client, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, text, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, bad, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, NULL, text, NULL, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, NULL, bad, NULL, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, text, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, bad, NULL, 0, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, table, 0, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, NULL, -1, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, NULL, 1, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_delete_binding(NULL, NULL, NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(NULL, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, NULL, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, bad, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, NULL, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, bad, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, NULL, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, bad, table, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, table, -1, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, table, 1, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, table, INT64_MIN, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, table, INT64_MAX, &error);
    forget(&error);
    (void)samqp_delete_binding(client, text, text, text, table, 0, NULL);
}

static void call_samqp_delete_exchange_binding(void)
{
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(client, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, text, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, bad, NULL, NULL, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, text, NULL, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, bad, NULL, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, text, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, bad, NULL, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, table, 0, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, NULL, -1, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, NULL, 1, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_delete_exchange_binding(NULL, NULL, NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(NULL, text, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, NULL, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, bad, text, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, NULL, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, bad, text, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, NULL, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, bad, table, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, table, -1, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, table, 1, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, table, INT64_MIN, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, table, INT64_MAX, &error);
    forget(&error);
    (void)samqp_delete_exchange_binding(client, text, text, text, table, 0, NULL);
}

static void call_samqp_delete_queue(void)
{
    (void)samqp_delete_queue(NULL, NULL, 0, NULL, 0, NULL);
    (void)samqp_delete_queue(client, NULL, 0, NULL, 0, NULL);
    (void)samqp_delete_queue(NULL, text, 0, NULL, 0, NULL);
    (void)samqp_delete_queue(NULL, bad, 0, NULL, 0, NULL);
    (void)samqp_delete_queue(NULL, NULL, 1, NULL, 0, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0xffffffffu, NULL, 0, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0, &tag, 0, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0, NULL, -1, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0, NULL, 1, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0, NULL, INT64_MIN, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0, NULL, INT64_MAX, NULL);
    (void)samqp_delete_queue(NULL, NULL, 0, NULL, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, &tag, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(NULL, text, 0, &tag, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, NULL, 0, &tag, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, bad, 0, &tag, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 1, &tag, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0xffffffffu, &tag, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, NULL, 0, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, &tag, -1, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, &tag, 1, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, &tag, INT64_MIN, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, &tag, INT64_MAX, &error);
    forget(&error);
    (void)samqp_delete_queue(client, text, 0, &tag, 0, NULL);
}

static void call_samqp_delete_exchange(void)
{
    (void)samqp_delete_exchange(NULL, NULL, 0, 0, NULL);
    (void)samqp_delete_exchange(client, NULL, 0, 0, NULL);
    (void)samqp_delete_exchange(NULL, text, 0, 0, NULL);
    (void)samqp_delete_exchange(NULL, bad, 0, 0, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 1, 0, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 0xffffffffu, 0, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 0, -1, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 0, 1, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 0, INT64_MIN, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 0, INT64_MAX, NULL);
    (void)samqp_delete_exchange(NULL, NULL, 0, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(NULL, text, 0, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, NULL, 0, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, bad, 0, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 1, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0xffffffffu, 0, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0, -1, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0, 1, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0, INT64_MIN, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0, INT64_MAX, &error);
    forget(&error);
    (void)samqp_delete_exchange(client, text, 0, 0, NULL);
}

static void call_samqp_purge_queue(void)
{
    (void)samqp_purge_queue(NULL, NULL, NULL, 0, NULL);
    (void)samqp_purge_queue(client, NULL, NULL, 0, NULL);
    (void)samqp_purge_queue(NULL, text, NULL, 0, NULL);
    (void)samqp_purge_queue(NULL, bad, NULL, 0, NULL);
    (void)samqp_purge_queue(NULL, NULL, &tag, 0, NULL);
    (void)samqp_purge_queue(NULL, NULL, NULL, -1, NULL);
    (void)samqp_purge_queue(NULL, NULL, NULL, 1, NULL);
    (void)samqp_purge_queue(NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_purge_queue(NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_purge_queue(NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, &tag, 0, &error);
    forget(&error);
    (void)samqp_purge_queue(NULL, text, &tag, 0, &error);
    forget(&error);
    (void)samqp_purge_queue(client, NULL, &tag, 0, &error);
    forget(&error);
    (void)samqp_purge_queue(client, bad, &tag, 0, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, &tag, -1, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, &tag, 1, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, &tag, INT64_MIN, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, &tag, INT64_MAX, &error);
    forget(&error);
    (void)samqp_purge_queue(client, text, &tag, 0, NULL);
}

static void call_samqp_queue_status(void)
{
    (void)samqp_queue_status(NULL, NULL, NULL, 0, NULL);
    (void)samqp_queue_status(client, NULL, NULL, 0, NULL);
    (void)samqp_queue_status(NULL, text, NULL, 0, NULL);
    (void)samqp_queue_status(NULL, bad, NULL, 0, NULL);
    (void)samqp_queue_status(NULL, NULL, NULL, -1, NULL);
    (void)samqp_queue_status(NULL, NULL, NULL, 1, NULL);
    (void)samqp_queue_status(NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_queue_status(NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_queue_status(NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_queue_status(client, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_queue_status(NULL, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_queue_status(client, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_queue_status(client, bad, NULL, 0, &error);
    forget(&error);
    (void)samqp_queue_status(client, text, NULL, -1, &error);
    forget(&error);
    (void)samqp_queue_status(client, text, NULL, 1, &error);
    forget(&error);
    (void)samqp_queue_status(client, text, NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_queue_status(client, text, NULL, INT64_MAX, &error);
    forget(&error);
    (void)samqp_queue_status(client, text, NULL, 0, NULL);
}

static void call_samqp_current_queue_name(void)
{
    (void)samqp_current_queue_name(NULL, NULL, NULL);
    (void)samqp_current_queue_name(client, NULL, NULL);
    (void)samqp_current_queue_name(NULL, text, NULL);
    (void)samqp_current_queue_name(NULL, bad, NULL);
    (void)samqp_current_queue_name(client, text, NULL);
    (void)samqp_current_queue_name(client, bad, NULL);
}

static void call_samqp_topology_apply(void)
{
    (void)samqp_topology_apply(NULL, NULL, NULL, 0, NULL);
    (void)samqp_topology_apply(client, NULL, NULL, 0, NULL);
    (void)samqp_topology_apply(NULL, topology, NULL, 0, NULL);
    (void)samqp_topology_apply(NULL, NULL, &length, 0, NULL);
    (void)samqp_topology_apply(NULL, NULL, NULL, -1, NULL);
    (void)samqp_topology_apply(NULL, NULL, NULL, 1, NULL);
    (void)samqp_topology_apply(NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_topology_apply(NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_topology_apply(NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, &length, 0, &error);
    forget(&error);
    (void)samqp_topology_apply(NULL, topology, &length, 0, &error);
    forget(&error);
    (void)samqp_topology_apply(client, NULL, &length, 0, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, NULL, 0, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, &length, -1, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, &length, 1, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, &length, INT64_MIN, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, &length, INT64_MAX, &error);
    forget(&error);
    (void)samqp_topology_apply(client, topology, &length, 0, NULL);
}

static void call_samqp_topology_plan(void)
{
    (void)samqp_topology_plan(NULL, NULL, NULL, 0, NULL);
    (void)samqp_topology_plan(NULL, client, NULL, 0, NULL);
    (void)samqp_topology_plan(NULL, NULL, topology, 0, NULL);
    (void)samqp_topology_plan(NULL, NULL, NULL, -1, NULL);
    (void)samqp_topology_plan(NULL, NULL, NULL, 1, NULL);
    (void)samqp_topology_plan(NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_topology_plan(NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_topology_plan(NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, topology, 0, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, NULL, topology, 0, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, NULL, 0, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, topology, -1, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, topology, 1, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, topology, INT64_MIN, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, topology, INT64_MAX, &error);
    forget(&error);
    (void)samqp_topology_plan(NULL, client, topology, 0, NULL);
}

static void call_samqp_plan_count(void)
{
    (void)samqp_plan_count(NULL);
}

static void call_samqp_plan_finding(void)
{
    (void)samqp_plan_finding(NULL, 0);
    (void)samqp_plan_finding(NULL, 1);
    (void)samqp_plan_finding(NULL, SIZE_MAX);
    (void)samqp_plan_finding(NULL, SIZE_MAX / 2);
    (void)samqp_plan_finding(NULL, 16777217);
}

static void call_samqp_plan_text(void)
{
    (void)samqp_plan_text(NULL, 0);
    (void)samqp_plan_text(NULL, 1);
    (void)samqp_plan_text(NULL, SIZE_MAX);
    (void)samqp_plan_text(NULL, SIZE_MAX / 2);
    (void)samqp_plan_text(NULL, 16777217);
}

static void call_samqp_plan_is_applicable(void)
{
    (void)samqp_plan_is_applicable(NULL);
}

static void call_samqp_plan_free(void)
{
    samqp_plan_free(NULL);
}

static void call_samqp_publisher_open(void)
{
    (void)samqp_publisher_open(NULL, NULL, NULL, NULL, NULL, NULL);
    (void)samqp_publisher_open(NULL, client, NULL, NULL, NULL, NULL);
    (void)samqp_publisher_open(NULL, NULL, options, NULL, NULL, NULL);
    (void)samqp_publisher_open(NULL, NULL, NULL, events, NULL, NULL);
    (void)samqp_publisher_open(NULL, NULL, NULL, NULL, text, NULL);
    (void)samqp_publisher_open(NULL, NULL, NULL, NULL, NULL, &error);
    forget(&error);
    (void)samqp_publisher_open(NULL, client, options, events, text, &error);
    forget(&error);
    (void)samqp_publisher_open(NULL, NULL, options, events, text, &error);
    forget(&error);
    (void)samqp_publisher_open(NULL, client, NULL, events, text, &error);
    forget(&error);
    (void)samqp_publisher_open(NULL, client, options, NULL, text, &error);
    forget(&error);
    (void)samqp_publisher_open(NULL, client, options, events, NULL, &error);
    forget(&error);
    (void)samqp_publisher_open(NULL, client, options, events, text, NULL);
}

static void call_samqp_publish(void)
{
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(publisher, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, text, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, bad, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, text, NULL, NULL, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, bad, NULL, NULL, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, text, 0, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 1, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, SIZE_MAX, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, SIZE_MAX / 2, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 16777217, 0, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 0, 1, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 0, 0xffffffffu, NULL, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, text, NULL, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, &tag, NULL);
    (void)samqp_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(NULL, text, text, NULL, text, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, NULL, text, NULL, text, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, bad, text, NULL, text, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, NULL, NULL, text, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, bad, NULL, text, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, NULL, 0, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 1, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, SIZE_MAX, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 0, 1, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 0, 0xffffffffu, text, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 0, 0, NULL, &tag, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 0, 0, text, NULL, &error);
    forget(&error);
    (void)samqp_publish(publisher, text, text, NULL, text, 0, 0, text, &tag, NULL);
}

static void call_samqp_publish_nocopy(void)
{
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(publisher, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, text, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, bad, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, text, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, bad, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, text, 0, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, SIZE_MAX, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, SIZE_MAX / 2, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 16777217, NULL, NULL, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, text, 0, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 1, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0xffffffffu, NULL, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, text, NULL, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, &tag, NULL);
    (void)samqp_publish_nocopy(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(NULL, text, text, NULL, text, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, NULL, text, NULL, text, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, bad, text, NULL, text, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, NULL, NULL, text, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, bad, NULL, text, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, NULL, 0, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 1, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, SIZE_MAX, NULL, text, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, NULL, 0, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, text, 1, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, text, 0xffffffffu, text, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, text, 0, NULL, &tag, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, text, 0, text, NULL, &error);
    forget(&error);
    (void)samqp_publish_nocopy(publisher, text, text, NULL, text, 0, NULL, text, 0, text, &tag, NULL);
}

static void call_samqp_publish_wait(void)
{
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_publish_wait(publisher, NULL, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, text, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, bad, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, text, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, bad, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, text, 0, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 1, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, SIZE_MAX, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, SIZE_MAX / 2, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 16777217, 0, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 1, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0xffffffffu, 0, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0, -1, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0, 1, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0, INT64_MIN, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0, INT64_MAX, NULL);
    (void)samqp_publish_wait(NULL, NULL, NULL, NULL, NULL, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(NULL, text, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, NULL, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, bad, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, NULL, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, bad, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, NULL, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 1, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, SIZE_MAX, 0, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 1, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0xffffffffu, 0, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0, -1, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0, 1, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0, INT64_MIN, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0, INT64_MAX, &error);
    forget(&error);
    (void)samqp_publish_wait(publisher, text, text, NULL, text, 0, 0, 0, NULL);
}

static void call_samqp_publisher_flush(void)
{
    (void)samqp_publisher_flush(NULL, 0, NULL, NULL);
    (void)samqp_publisher_flush(publisher, 0, NULL, NULL);
    (void)samqp_publisher_flush(NULL, -1, NULL, NULL);
    (void)samqp_publisher_flush(NULL, 1, NULL, NULL);
    (void)samqp_publisher_flush(NULL, INT64_MIN, NULL, NULL);
    (void)samqp_publisher_flush(NULL, INT64_MAX, NULL, NULL);
    (void)samqp_publisher_flush(NULL, 0, &tag, NULL);
    (void)samqp_publisher_flush(NULL, 0, NULL, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, 0, &tag, &error);
    forget(&error);
    (void)samqp_publisher_flush(NULL, 0, &tag, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, -1, &tag, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, 1, &tag, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, INT64_MIN, &tag, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, INT64_MAX, &tag, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, 0, NULL, &error);
    forget(&error);
    (void)samqp_publisher_flush(publisher, 0, &tag, NULL);
}

static void call_samqp_publisher_unconfirmed(void)
{
    (void)samqp_publisher_unconfirmed(NULL);
    (void)samqp_publisher_unconfirmed(publisher);
}

static void call_samqp_publisher_free(void)
{
    samqp_publisher_free(NULL);
}

static void call_samqp_consume(void)
{
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_consume(NULL, client, NULL, NULL, NULL, NULL, 0, NULL);
    (void)samqp_consume(NULL, NULL, text, NULL, NULL, NULL, 0, NULL);
    (void)samqp_consume(NULL, NULL, bad, NULL, NULL, NULL, 0, NULL);
    (void)samqp_consume(NULL, NULL, NULL, options, NULL, NULL, 0, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, events, NULL, 0, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, text, 0, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, NULL, -1, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_consume(NULL, NULL, NULL, NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, text, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, NULL, text, options, events, text, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, NULL, options, events, text, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, bad, options, events, text, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, NULL, events, text, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, NULL, text, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, NULL, 0, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, text, -1, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, text, 1, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, text, INT64_MIN, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, text, INT64_MAX, &error);
    forget(&error);
    (void)samqp_consume(NULL, client, text, options, events, text, 0, NULL);
}

static void call_samqp_consume_handler(void)
{
    (void)samqp_consume_handler(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    (void)samqp_consume_handler(NULL, client, NULL, NULL, NULL, NULL, NULL, NULL);
    (void)samqp_consume_handler(NULL, NULL, text, NULL, NULL, NULL, NULL, NULL);
    (void)samqp_consume_handler(NULL, NULL, bad, NULL, NULL, NULL, NULL, NULL);
    (void)samqp_consume_handler(NULL, NULL, NULL, options, NULL, NULL, NULL, NULL);
    (void)samqp_consume_handler(NULL, NULL, NULL, NULL, NULL, events, NULL, NULL);
    (void)samqp_consume_handler(NULL, NULL, NULL, NULL, NULL, NULL, text, NULL);
    (void)samqp_consume_handler(NULL, NULL, NULL, NULL, NULL, NULL, NULL, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, text, options, NULL, events, text, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, NULL, text, options, NULL, events, text, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, NULL, options, NULL, events, text, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, bad, options, NULL, events, text, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, text, NULL, NULL, events, text, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, text, options, NULL, NULL, text, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, text, options, NULL, events, NULL, &error);
    forget(&error);
    (void)samqp_consume_handler(NULL, client, text, options, NULL, events, text, NULL);
}

static void call_samqp_consumer_poll(void)
{
    (void)samqp_consumer_poll(NULL, 0, NULL, NULL);
    (void)samqp_consumer_poll(NULL, -1, NULL, NULL);
    (void)samqp_consumer_poll(NULL, 1, NULL, NULL);
    (void)samqp_consumer_poll(NULL, INT64_MIN, NULL, NULL);
    (void)samqp_consumer_poll(NULL, INT64_MAX, NULL, NULL);
    (void)samqp_consumer_poll(NULL, 0, NULL, &error);
    forget(&error);
    (void)samqp_consumer_poll(NULL, -1, NULL, &error);
    forget(&error);
    (void)samqp_consumer_poll(NULL, 1, NULL, &error);
    forget(&error);
    (void)samqp_consumer_poll(NULL, INT64_MIN, NULL, &error);
    forget(&error);
    (void)samqp_consumer_poll(NULL, INT64_MAX, NULL, &error);
    forget(&error);
}

static void call_samqp_consumer_poll_batch(void)
{
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, 0, NULL);
    (void)samqp_consumer_poll_batch(NULL, -1, NULL, 0, NULL);
    (void)samqp_consumer_poll_batch(NULL, 1, NULL, 0, NULL);
    (void)samqp_consumer_poll_batch(NULL, INT64_MIN, NULL, 0, NULL);
    (void)samqp_consumer_poll_batch(NULL, INT64_MAX, NULL, 0, NULL);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, 1, NULL);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, SIZE_MAX, NULL);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, SIZE_MAX / 2, NULL);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, 16777217, NULL);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, 0, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, -1, NULL, 0, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, 1, NULL, 0, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, INT64_MIN, NULL, 0, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, INT64_MAX, NULL, 0, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, 1, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, SIZE_MAX, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, SIZE_MAX / 2, &error);
    forget(&error);
    (void)samqp_consumer_poll_batch(NULL, 0, NULL, 16777217, &error);
    forget(&error);
}

static void call_samqp_consumer_tag(void)
{
    (void)samqp_consumer_tag(NULL);
}

static void call_samqp_consumer_cancel(void)
{
    (void)samqp_consumer_cancel(NULL, 0, NULL);
    (void)samqp_consumer_cancel(NULL, -1, NULL);
    (void)samqp_consumer_cancel(NULL, 1, NULL);
    (void)samqp_consumer_cancel(NULL, INT64_MIN, NULL);
    (void)samqp_consumer_cancel(NULL, INT64_MAX, NULL);
    (void)samqp_consumer_cancel(NULL, 0, &error);
    forget(&error);
    (void)samqp_consumer_cancel(NULL, -1, &error);
    forget(&error);
    (void)samqp_consumer_cancel(NULL, 1, &error);
    forget(&error);
    (void)samqp_consumer_cancel(NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_consumer_cancel(NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_consumer_free(void)
{
    samqp_consumer_free(NULL);
}

static void call_samqp_delivery_body(void)
{
    (void)samqp_delivery_body(NULL, NULL);
    (void)samqp_delivery_body(NULL, &length);
}

static void call_samqp_delivery_properties(void)
{
    (void)samqp_delivery_properties(NULL, NULL);
}

static void call_samqp_delivery_exchange(void)
{
    (void)samqp_delivery_exchange(NULL);
}

static void call_samqp_delivery_routing_key(void)
{
    (void)samqp_delivery_routing_key(NULL);
}

static void call_samqp_delivery_consumer_tag(void)
{
    (void)samqp_delivery_consumer_tag(NULL);
}

static void call_samqp_delivery_tag(void)
{
    (void)samqp_delivery_tag(NULL);
}

static void call_samqp_delivery_redelivered(void)
{
    (void)samqp_delivery_redelivered(NULL);
}

static void call_samqp_delivery_retry_count(void)
{
    (void)samqp_delivery_retry_count(NULL);
}

static void call_samqp_delivery_is_stale(void)
{
    (void)samqp_delivery_is_stale(NULL);
}

static void call_samqp_delivery_is_cancelled(void)
{
    (void)samqp_delivery_is_cancelled(NULL);
}

static void call_samqp_delivery_ack(void)
{
    (void)samqp_delivery_ack(NULL, 0);
    (void)samqp_delivery_ack(NULL, 1);
    (void)samqp_delivery_ack(NULL, 0xffffffffu);
}

static void call_samqp_delivery_nack(void)
{
    (void)samqp_delivery_nack(NULL, 0);
    (void)samqp_delivery_nack(NULL, 1);
    (void)samqp_delivery_nack(NULL, 0xffffffffu);
}

static void call_samqp_delivery_free(void)
{
    samqp_delivery_free(NULL);
}

static void call_samqp_channel_open(void)
{
    (void)samqp_channel_open(NULL, NULL, 0, NULL);
    (void)samqp_channel_open(NULL, client, 0, NULL);
    (void)samqp_channel_open(NULL, NULL, -1, NULL);
    (void)samqp_channel_open(NULL, NULL, 1, NULL);
    (void)samqp_channel_open(NULL, NULL, INT64_MIN, NULL);
    (void)samqp_channel_open(NULL, NULL, INT64_MAX, NULL);
    (void)samqp_channel_open(NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_open(NULL, client, 0, &error);
    forget(&error);
    (void)samqp_channel_open(NULL, client, -1, &error);
    forget(&error);
    (void)samqp_channel_open(NULL, client, 1, &error);
    forget(&error);
    (void)samqp_channel_open(NULL, client, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_open(NULL, client, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_is_open(void)
{
    (void)samqp_channel_is_open(NULL);
}

static void call_samqp_channel_get(void)
{
    (void)samqp_channel_get(NULL, NULL, 0, 0, NULL, NULL);
    (void)samqp_channel_get(NULL, text, 0, 0, NULL, NULL);
    (void)samqp_channel_get(NULL, bad, 0, 0, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 1, 0, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 0xffffffffu, 0, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 0, -1, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 0, 1, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 0, INT64_MIN, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 0, INT64_MAX, NULL, NULL);
    (void)samqp_channel_get(NULL, NULL, 0, 0, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 0, 0, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, bad, 0, 0, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 1, 0, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 0xffffffffu, 0, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 0, -1, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 0, 1, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 0, INT64_MIN, NULL, &error);
    forget(&error);
    (void)samqp_channel_get(NULL, text, 0, INT64_MAX, NULL, &error);
    forget(&error);
}

static void call_samqp_channel_publish(void)
{
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, text, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, bad, NULL, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, text, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, bad, NULL, NULL, 0, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, text, 0, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 1, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, SIZE_MAX, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, SIZE_MAX / 2, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 16777217, 0, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 1, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0xffffffffu, 0, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, -1, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, 1, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, INT64_MIN, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, INT64_MAX, NULL);
    (void)samqp_channel_publish(NULL, NULL, NULL, NULL, NULL, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, NULL, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, bad, text, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, NULL, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, bad, NULL, text, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, NULL, 0, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 1, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, SIZE_MAX, 0, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 1, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0xffffffffu, 0, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0, -1, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0, 1, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0, INT64_MAX, &error);
    forget(&error);
    (void)samqp_channel_publish(NULL, text, text, NULL, text, 0, 0, 0, NULL);
}

static void call_samqp_channel_check_queue(void)
{
    (void)samqp_channel_check_queue(NULL, NULL, NULL, 0, NULL);
    (void)samqp_channel_check_queue(NULL, text, NULL, 0, NULL);
    (void)samqp_channel_check_queue(NULL, bad, NULL, 0, NULL);
    (void)samqp_channel_check_queue(NULL, NULL, NULL, -1, NULL);
    (void)samqp_channel_check_queue(NULL, NULL, NULL, 1, NULL);
    (void)samqp_channel_check_queue(NULL, NULL, NULL, INT64_MIN, NULL);
    (void)samqp_channel_check_queue(NULL, NULL, NULL, INT64_MAX, NULL);
    (void)samqp_channel_check_queue(NULL, NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_check_queue(NULL, text, NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_check_queue(NULL, bad, NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_check_queue(NULL, text, NULL, -1, &error);
    forget(&error);
    (void)samqp_channel_check_queue(NULL, text, NULL, 1, &error);
    forget(&error);
    (void)samqp_channel_check_queue(NULL, text, NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_check_queue(NULL, text, NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_check_exchange(void)
{
    (void)samqp_channel_check_exchange(NULL, NULL, 0, NULL);
    (void)samqp_channel_check_exchange(NULL, text, 0, NULL);
    (void)samqp_channel_check_exchange(NULL, bad, 0, NULL);
    (void)samqp_channel_check_exchange(NULL, NULL, -1, NULL);
    (void)samqp_channel_check_exchange(NULL, NULL, 1, NULL);
    (void)samqp_channel_check_exchange(NULL, NULL, INT64_MIN, NULL);
    (void)samqp_channel_check_exchange(NULL, NULL, INT64_MAX, NULL);
    (void)samqp_channel_check_exchange(NULL, NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_check_exchange(NULL, text, 0, &error);
    forget(&error);
    (void)samqp_channel_check_exchange(NULL, bad, 0, &error);
    forget(&error);
    (void)samqp_channel_check_exchange(NULL, text, -1, &error);
    forget(&error);
    (void)samqp_channel_check_exchange(NULL, text, 1, &error);
    forget(&error);
    (void)samqp_channel_check_exchange(NULL, text, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_check_exchange(NULL, text, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_recover(void)
{
    (void)samqp_channel_recover(NULL, 0, NULL);
    (void)samqp_channel_recover(NULL, -1, NULL);
    (void)samqp_channel_recover(NULL, 1, NULL);
    (void)samqp_channel_recover(NULL, INT64_MIN, NULL);
    (void)samqp_channel_recover(NULL, INT64_MAX, NULL);
    (void)samqp_channel_recover(NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_recover(NULL, -1, &error);
    forget(&error);
    (void)samqp_channel_recover(NULL, 1, &error);
    forget(&error);
    (void)samqp_channel_recover(NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_recover(NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_tx_select(void)
{
    (void)samqp_channel_tx_select(NULL, 0, NULL);
    (void)samqp_channel_tx_select(NULL, -1, NULL);
    (void)samqp_channel_tx_select(NULL, 1, NULL);
    (void)samqp_channel_tx_select(NULL, INT64_MIN, NULL);
    (void)samqp_channel_tx_select(NULL, INT64_MAX, NULL);
    (void)samqp_channel_tx_select(NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_tx_select(NULL, -1, &error);
    forget(&error);
    (void)samqp_channel_tx_select(NULL, 1, &error);
    forget(&error);
    (void)samqp_channel_tx_select(NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_tx_select(NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_tx_commit(void)
{
    (void)samqp_channel_tx_commit(NULL, 0, NULL);
    (void)samqp_channel_tx_commit(NULL, -1, NULL);
    (void)samqp_channel_tx_commit(NULL, 1, NULL);
    (void)samqp_channel_tx_commit(NULL, INT64_MIN, NULL);
    (void)samqp_channel_tx_commit(NULL, INT64_MAX, NULL);
    (void)samqp_channel_tx_commit(NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_tx_commit(NULL, -1, &error);
    forget(&error);
    (void)samqp_channel_tx_commit(NULL, 1, &error);
    forget(&error);
    (void)samqp_channel_tx_commit(NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_tx_commit(NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_tx_rollback(void)
{
    (void)samqp_channel_tx_rollback(NULL, 0, NULL);
    (void)samqp_channel_tx_rollback(NULL, -1, NULL);
    (void)samqp_channel_tx_rollback(NULL, 1, NULL);
    (void)samqp_channel_tx_rollback(NULL, INT64_MIN, NULL);
    (void)samqp_channel_tx_rollback(NULL, INT64_MAX, NULL);
    (void)samqp_channel_tx_rollback(NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_tx_rollback(NULL, -1, &error);
    forget(&error);
    (void)samqp_channel_tx_rollback(NULL, 1, &error);
    forget(&error);
    (void)samqp_channel_tx_rollback(NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_tx_rollback(NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_close(void)
{
    (void)samqp_channel_close(NULL, 0, NULL);
    (void)samqp_channel_close(NULL, -1, NULL);
    (void)samqp_channel_close(NULL, 1, NULL);
    (void)samqp_channel_close(NULL, INT64_MIN, NULL);
    (void)samqp_channel_close(NULL, INT64_MAX, NULL);
    (void)samqp_channel_close(NULL, 0, &error);
    forget(&error);
    (void)samqp_channel_close(NULL, -1, &error);
    forget(&error);
    (void)samqp_channel_close(NULL, 1, &error);
    forget(&error);
    (void)samqp_channel_close(NULL, INT64_MIN, &error);
    forget(&error);
    (void)samqp_channel_close(NULL, INT64_MAX, &error);
    forget(&error);
}

static void call_samqp_channel_free(void)
{
    samqp_channel_free(NULL);
}

int main(void)
{
    begin();
    call_samqp_version();
    call_samqp_version_string();
    call_samqp_status_name();
    call_samqp_error_code();
    call_samqp_error_cause();
    call_samqp_error_message();
    call_samqp_error_reply_code();
    call_samqp_error_errno();
    call_samqp_error_endpoint();
    call_samqp_error_is_retriable();
    call_samqp_error_free();
    call_samqp_table_new();
    call_samqp_table_copy();
    call_samqp_table_free();
    call_samqp_table_set_bool();
    call_samqp_table_set_int();
    call_samqp_table_set_uint64();
    call_samqp_table_set_double();
    call_samqp_table_set_decimal();
    call_samqp_table_set_string();
    call_samqp_table_set_bytes();
    call_samqp_table_set_timestamp();
    call_samqp_table_set_void();
    call_samqp_table_set_table();
    call_samqp_table_set_array();
    call_samqp_table_remove();
    call_samqp_table_count();
    call_samqp_table_key_at();
    call_samqp_table_kind_at();
    call_samqp_table_kind();
    call_samqp_table_get_bool();
    call_samqp_table_get_int();
    call_samqp_table_get_uint64();
    call_samqp_table_get_double();
    call_samqp_table_get_decimal();
    call_samqp_table_get_string();
    call_samqp_table_get_bytes();
    call_samqp_table_get_timestamp();
    call_samqp_table_get_table();
    call_samqp_options_new();
    call_samqp_options_copy();
    call_samqp_options_free();
    call_samqp_options_set();
    call_samqp_options_set_int();
    call_samqp_options_set_table();
    call_samqp_options_add_endpoint();
    call_samqp_options_key();
    call_samqp_options_help();
    call_samqp_events_new();
    call_samqp_events_fd();
    call_samqp_events_poll();
    call_samqp_events_poll_batch();
    call_samqp_events_wakeup();
    call_samqp_events_count();
    call_samqp_events_set_notify();
    call_samqp_events_dispatch();
    call_samqp_events_stop();
    call_samqp_events_free();
    call_samqp_event_get_type();
    call_samqp_event_tag();
    call_samqp_event_user();
    call_samqp_event_status();
    call_samqp_event_int();
    call_samqp_event_text();
    call_samqp_event_error();
    call_samqp_event_take_delivery();
    call_samqp_event_free();
    call_samqp_topology_new();
    call_samqp_topology_free();
    call_samqp_topology_add_exchange();
    call_samqp_topology_add_queue();
    call_samqp_topology_add_binding();
    call_samqp_topology_add_exchange_binding();
    call_samqp_options_set_topology();
    call_samqp_state_name();
    call_samqp_client_open();
    call_samqp_client_start();
    call_samqp_client_state();
    call_samqp_client_wait();
    call_samqp_client_health();
    call_samqp_client_is_live();
    call_samqp_client_stats();
    call_samqp_client_drain();
    call_samqp_client_close();
    call_samqp_client_free();
    call_samqp_declare_exchange();
    call_samqp_declare_queue();
    call_samqp_declare_binding();
    call_samqp_declare_exchange_binding();
    call_samqp_delete_binding();
    call_samqp_delete_exchange_binding();
    call_samqp_delete_queue();
    call_samqp_delete_exchange();
    call_samqp_purge_queue();
    call_samqp_queue_status();
    call_samqp_current_queue_name();
    call_samqp_topology_apply();
    call_samqp_topology_plan();
    call_samqp_plan_count();
    call_samqp_plan_finding();
    call_samqp_plan_text();
    call_samqp_plan_is_applicable();
    call_samqp_plan_free();
    call_samqp_publisher_open();
    call_samqp_publish();
    call_samqp_publish_nocopy();
    call_samqp_publish_wait();
    call_samqp_publisher_flush();
    call_samqp_publisher_unconfirmed();
    call_samqp_publisher_free();
    call_samqp_consume();
    call_samqp_consume_handler();
    call_samqp_consumer_poll();
    call_samqp_consumer_poll_batch();
    call_samqp_consumer_tag();
    call_samqp_consumer_cancel();
    call_samqp_consumer_free();
    call_samqp_delivery_body();
    call_samqp_delivery_properties();
    call_samqp_delivery_exchange();
    call_samqp_delivery_routing_key();
    call_samqp_delivery_consumer_tag();
    call_samqp_delivery_tag();
    call_samqp_delivery_redelivered();
    call_samqp_delivery_retry_count();
    call_samqp_delivery_is_stale();
    call_samqp_delivery_is_cancelled();
    call_samqp_delivery_ack();
    call_samqp_delivery_nack();
    call_samqp_delivery_free();
    call_samqp_channel_open();
    call_samqp_channel_is_open();
    call_samqp_channel_get();
    call_samqp_channel_publish();
    call_samqp_channel_check_queue();
    call_samqp_channel_check_exchange();
    call_samqp_channel_recover();
    call_samqp_channel_tx_select();
    call_samqp_channel_tx_commit();
    call_samqp_channel_tx_rollback();
    call_samqp_channel_close();
    call_samqp_channel_free();
    end();
    return finish();
}
