/* Runs: broker no-pie. Row 38 of the fault matrix: a wall clock that jumps by a day each time it is read costs nothing: no connection,
 * no deadline. */
#include "session.h"

#include <sys/syscall.h>
#include <sys/time.h>

static _Atomic uint64_t monotonic_reads, jumps;

/* The library asks these and not the C library's: the program's names come first. */

static time_t jump(void) { return (jumps++ & 1 ? -1 : 1) * 86400; }

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI)
        now->tv_sec += jump();
    else
        ++monotonic_reads;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    const int result = (int)syscall(SYS_gettimeofday, now, zone);
    now->tv_sec += jump();
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) *out = now.tv_sec;
    return now.tv_sec;
}

/* What the library takes the time for: waits that end, publishes that do not time out, deliveries. */
static void traffic(samqp_client *client, const char *queue)
{
    samqp_publisher *publisher = NULL;
    samqp_consumer *consumer;
    samqp_delivery *delivery = NULL;
    samqp_error *error = NULL;
    CHECK_STATUS(samqp_publisher_open(&publisher, client, NULL, NULL, NULL, &error), SAMQP_OK, error);
    for (int i = 0; i < 20; ++i)
        CHECK_STATUS(samqp_publish_wait(publisher, "", queue, NULL, "x", 1, 0, LONG_MS, &error), SAMQP_OK, error);
    samqp_publisher_free(publisher);
    CHECK_STATUS(samqp_consume(&consumer, client, queue, NULL, NULL, NULL, LONG_MS, &error), SAMQP_OK, error);
    for (int i = 0; i < 20; ++i) {
        delivery = poll_delivery(consumer);
        CHECK(samqp_delivery_ack(delivery, 0) == SAMQP_OK);
        samqp_delivery_free(delivery);
    }
    /* A wait for what does not come lasts as long as it should. */
    const double begin = seconds();
    CHECK(samqp_consumer_poll(consumer, 200, &delivery, &error) == 0);
    CHECK(seconds() - begin >= 0.199);
    CHECK_STATUS(samqp_consumer_cancel(consumer, LONG_MS, &error), SAMQP_OK, error);
    samqp_consumer_free(consumer);
}

int main(void)
{
    samqp_client *client = NULL;
    samqp_error *error = NULL;
    char queue[64];
    watchdog(120);
    samqp_options *options = broker_options();
    CHECK_STATUS(samqp_options_set_int(options, "connection.heartbeat_ms", 1000, &error), SAMQP_OK, error);
    CHECK_STATUS(samqp_client_open(&client, options, NULL, NULL, LONG_MS, &error), SAMQP_OK, error);
    samqp_options_free(options);
    declare(client, queue_name(queue, "wallclock"));
    CHECK(monotonic_reads > 0);
    traffic(client, queue);
    /* Longer than two heartbeat timeouts: time is the fault. */
    for (int i = 0; i < 300; ++i) {
        time(NULL);
        nap(10);
    }
    traffic(client, queue);
    /* One to publish with, one for everything else. */
    CHECK(stats_of(client).connections == 2);
    delete_queue(client, queue);
    CHECK_STATUS(samqp_client_close(client, &error), SAMQP_OK, error);
    samqp_client_free(client);
    puts("ok");
    return 0;
}
