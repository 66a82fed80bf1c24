/* Runs: broker asan valgrind. What runs out, descriptors and channel numbers, is said by its code, and is no end of anything. */
#include "session.h"

#include <errno.h>
#include <sys/resource.h>

/* No descriptor is to be had from now on. Gives what the limit was. */
static struct rlimit forbid_descriptors(void)
{
    struct rlimit before, now;
    int lowest = dup(2);
    CHECK(lowest >= 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(close(lowest) == 0);
    now = before;
    now.rlim_cur = (rlim_t)lowest;
    CHECK(setrlimit(RLIMIT_NOFILE, &now) == 0);
    return before;
}

/* Before there is a client: libdispatch ends a process whose thread pool is busy and cannot open a file of /proc. */
static void no_descriptors(void)
{
    struct rlimit before = forbid_descriptors();
    samqp_events *events;
    errno = 0;
    events = samqp_events_new(0);
    CHECK(events == NULL && errno == EMFILE);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    events = samqp_events_new(0);
    CHECK(events != NULL);
    samqp_events_free(events);
}

static void no_channels(void)
{
    samqp_options *options = broker_options();
    samqp_client *client = NULL;
    samqp_channel *channels[8], *one = (samqp_channel *)1;
    samqp_error *error = NULL;
    int count = 0;
    CHECK(samqp_options_set_int(options, "connection.channel_max", 4, NULL) == SAMQP_OK);
    CHECK_STATUS(samqp_client_open(&client, options, NULL, NULL, LONG_MS, &error), SAMQP_OK, error);
    while (count < 8 && samqp_channel_open(&channels[count], client, LONG_MS, &error) == SAMQP_OK) count++;
    CHECK(count == 4 && channels[count] == NULL && samqp_error_code(error) == SAMQP_ERR_NO_MEMORY);
    samqp_error_free(error);
    CHECK_STATUS(samqp_channel_close(channels[0], LONG_MS, &error), SAMQP_OK, error);
    samqp_channel_free(channels[0]);
    /* A number that is free is given again. */
    CHECK_STATUS(samqp_channel_open(&one, client, LONG_MS, &error), SAMQP_OK, error);
    samqp_channel_free(one);
    while (--count > 0) samqp_channel_free(channels[count]);
    samqp_client_free(client);
    samqp_options_free(options);
}

static void bad_sizes(void)
{
    samqp_events *events;
    errno = 0;
    CHECK(samqp_events_new(16777217) == NULL && errno == EINVAL);
    CHECK(samqp_events_new(SIZE_MAX) == NULL && errno == EINVAL);
    events = samqp_events_new(16777216);
    CHECK(events != NULL && samqp_events_count(events) == 0);
    samqp_events_free(events);
}

int main(void)
{
    watchdog(60);
    bad_sizes();
    no_descriptors();
    no_channels();
    return finish();
}
