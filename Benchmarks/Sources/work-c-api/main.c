// The works over the C ABI, as a C programmer would write them. The same options, works and output as peer-rabbitmq-c.
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "swiftamqp.h"

// A round fits into "client.max_bytes", which counts 512 and the body for each message: no publish finds the publisher full.
enum { BATCH = 256, EVENTS_A_ROUND = 20000 };

struct run {
    uint64_t count;
    size_t body_size;
    unsigned window;
    const char *exchange, *routing_key, *queue, *url;
    double started, finished, cpu_started, cpu_finished;
    uint32_t *latencies;  // ns, `count` of them, where the work has any
    double mean_ns;       // in place of them, where it is no more than that
    samqp_client *client;
    char *body;
};

_Noreturn static void die(const char *what) {
    fprintf(stderr, "work-c-api: %s\n", what);
    exit(1);
}

static void check(samqp_status status, const char *what, samqp_error *error) {
    if (status == SAMQP_OK) return;
    fprintf(stderr, "work-c-api: %s: %s: %s\n", what, samqp_status_name(status), samqp_error_message(error));
    exit(1);
}

static void *must_allocate(size_t size) {
    void *p = calloc(1, size ? size : 1);
    if (!p) die("out of memory");
    return p;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_now(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run_starts(struct run *run) {
    run->cpu_started = cpu_now();
    run->started = now();
}

static void run_ends(struct run *run) {
    run->finished = now();
    run->cpu_finished = cpu_now();
}

static samqp_publisher *open_publisher(struct run *run, samqp_events *events, int64_t window) {
    samqp_options *options = samqp_options_new();
    samqp_publisher *publisher = NULL;
    samqp_error *error = NULL;
    check(samqp_options_set_int(options, "publisher.window", window, &error), "publisher.window", error);
    check(samqp_publisher_open(&publisher, run->client, options, events, NULL, &error), "publisher", error);
    samqp_options_free(options);
    return publisher;
}

// Takes confirms until there are no more than `most`.
static void take_confirms(samqp_events *events, uint64_t *outstanding, uint64_t most) {
    samqp_event *taken[BATCH];
    while (*outstanding > most) {
        int64_t count = samqp_events_poll_batch(events, 10000, taken, BATCH);
        if (count <= 0) die("no confirms came");
        for (int64_t i = 0; i < count; i++) {
            if (samqp_event_get_type(taken[i]) == SAMQP_EVENT_CONFIRM) {
                if (samqp_event_status(taken[i]) != SAMQP_OK) die("a publish failed");
                --*outstanding;
            }
            samqp_event_free(taken[i]);
        }
    }
}

static void publish_one(struct run *run, samqp_publisher *publisher) {
    samqp_error *error = NULL;
    check(samqp_publish(publisher, run->exchange, run->routing_key, NULL, run->body, run->body_size,
                        SAMQP_PUBLISH_UNROUTABLE_OK, NULL, NULL, &error),
          "publish", error);
}

// Fill the window; when it is full, take confirms until half of it is free again.
static void publish_confirm(struct run *run) {
    samqp_events *events = samqp_events_new(0);
    // The supervised publisher may hold twice the window: what waits for room would be counted as published.
    samqp_publisher *publisher = open_publisher(run, events, (int64_t)run->window * 2);
    uint64_t outstanding = 0;
    run_starts(run);
    for (uint64_t i = 0; i < run->count; i++) {
        publish_one(run, publisher);
        if (++outstanding >= run->window) take_confirms(events, &outstanding, run->window / 2);
    }
    take_confirms(events, &outstanding, 0);
    run_ends(run);
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

static void publish_await(struct run *run) {
    samqp_publisher *publisher = open_publisher(run, NULL, 1000);
    samqp_error *error = NULL;
    run->latencies = must_allocate(run->count * sizeof *run->latencies);
    run_starts(run);
    for (uint64_t i = 0; i < run->count; i++) {
        double begin = now();
        check(samqp_publish_wait(publisher, run->exchange, run->routing_key, NULL, run->body, run->body_size,
                                 SAMQP_PUBLISH_UNROUTABLE_OK, 10000, &error),
              "publish_wait", error);
        run->latencies[i] = (uint32_t)((now() - begin) * 1e9);
    }
    run_ends(run);
    samqp_publisher_free(publisher);
}

static void consume_ack(struct run *run) {
    samqp_options *options = samqp_options_new();
    samqp_consumer *consumer = NULL;
    samqp_error *error = NULL;
    samqp_delivery *taken[BATCH];
    check(samqp_options_set_int(options, "consumer.prefetch", run->window, &error), "consumer.prefetch", error);
    run_starts(run);
    check(samqp_consume(&consumer, run->client, run->queue, options, NULL, NULL, 10000, &error), "consume", error);
    for (uint64_t got = 0; got < run->count;) {
        int64_t count = samqp_consumer_poll_batch(consumer, 10000, taken, BATCH, &error);
        if (count <= 0) check(count ? (samqp_status)count : SAMQP_ERR_TIMEOUT, "poll", error);
        for (int64_t i = 0; i < count; i++) {
            size_t length;
            if (!samqp_delivery_body(taken[i], &length) || length != run->body_size) die("a body of another size");
            check(samqp_delivery_ack(taken[i], 0), "ack", NULL);
            samqp_delivery_free(taken[i]);
        }
        got += (uint64_t)count;
    }
    // The last acks are there, too.
    check(samqp_consumer_cancel(consumer, 10000, &error), "cancel", error);
    run_ends(run);
    samqp_consumer_free(consumer);
    samqp_options_free(options);
}

// What it costs to take an event and to let it go, when many are there.
static void events(struct run *run) {
    samqp_events *events = samqp_events_new(0);
    samqp_publisher *publisher = open_publisher(run, events, EVENTS_A_ROUND + 1);
    samqp_event *taken[BATCH];
    double spent = 0;
    run_starts(run);
    for (uint64_t done = 0; done < run->count;) {
        uint64_t round = run->count - done < EVENTS_A_ROUND ? run->count - done : EVENTS_A_ROUND;
        for (uint64_t i = 0; i < round; i++) publish_one(run, publisher);
        struct timespec pause = {0, 1000000};
        while (samqp_events_count(events) < round) nanosleep(&pause, NULL);
        double begin = now();
        for (uint64_t left = round; left > 0;) {
            int64_t count = samqp_events_poll_batch(events, 0, taken, BATCH);
            if (count <= 0) die("an event is missing");
            for (int64_t i = 0; i < count; i++) {
                if (samqp_event_status(taken[i]) != SAMQP_OK) die("a publish failed");
                samqp_event_free(taken[i]);
            }
            left -= (uint64_t)count;
        }
        spent += now() - begin;
        done += round;
    }
    run_ends(run);
    run->mean_ns = spent / (double)run->count * 1e9;
    samqp_publisher_free(publisher);
    samqp_events_free(events);
}

static const struct work {
    const char *name;
    void (*perform)(struct run *);
    bool publishes;
    unsigned window;
} works[] = {
    {"publish-confirm", publish_confirm, true, 1000},
    {"publish-await", publish_await, true, 1},
    {"consume-ack", consume_ack, false, 256},
    {"events", events, true, 1},
};

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_result(const struct run *run, const struct work *work) {
    const double took = run->finished - run->started;
    printf("{\"peer\":\"SwiftAMQP in C\",\"work\":\"%s\",\"messages\":%llu,\"body_bytes\":%zu,\"seconds\":%.6f,"
           "\"rate\":%.0f,\"cpu_seconds\":%.6f",
           work->name, (unsigned long long)run->count, run->body_size, took, (double)run->count / took,
           run->cpu_finished - run->cpu_started);
    if (run->latencies) {
        qsort(run->latencies, run->count, sizeof *run->latencies, by_size);
        printf(",\"latency_p50_us\":%.1f,\"latency_p99_us\":%.1f", run->latencies[run->count / 2] / 1e3,
               run->latencies[run->count - 1 - run->count / 100] / 1e3);
    } else if (run->mean_ns > 0) {
        printf(",\"latency_p50_us\":%.4f,\"latency_p99_us\":%.4f", run->mean_ns / 1e3, run->mean_ns / 1e3);
    }
    puts("}");
}

_Noreturn static void usage(void) {
    fputs("usage: work-c-api WORK [--port P] [--count N] [--body B] [--window W] [--queue Q]\nworks:", stderr);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) fprintf(stderr, " %s", works[i].name);
    fputs("\nas for peer-rabbitmq-c\n", stderr);
    exit(2);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most) {
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    if (end == text || *end || *text == '-' || v < least || v > most) usage();
    return v;
}

static uint64_t queue_depth(struct run *run) {
    samqp_queue_info info = {.struct_size = sizeof info};
    samqp_error *error = NULL;
    check(samqp_queue_status(run->client, run->queue, &info, 10000, &error), "queue.declare, passive", error);
    return info.messages;
}

int main(int argc, char **argv) {
    struct run run = {.count = 100000, .body_size = 16};
    const struct work *work = NULL;
    const char *queue = NULL;
    unsigned window = 0;
    char url[64] = "";
    for (size_t i = 0; argc > 1 && i < sizeof works / sizeof *works; i++)
        if (strcmp(argv[1], works[i].name) == 0) work = &works[i];
    if (!work || argc % 2 != 0) usage();
    for (int i = 2; i < argc; i += 2) {
        const char *option = argv[i], *value = argv[i + 1];
        if (strcmp(option, "--port") == 0)
            snprintf(url, sizeof url, "amqp://guest:guest@127.0.0.1:%u/", (unsigned)number(value, 1, 65535));
        else if (strcmp(option, "--count") == 0)
            run.count = number(value, 1, UINT32_MAX);
        else if (strcmp(option, "--body") == 0)
            run.body_size = number(value, 0, 16 * 1024 * 1024);
        else if (strcmp(option, "--window") == 0)
            window = (unsigned)number(value, 1, 65535);
        else if (strcmp(option, "--queue") == 0)
            queue = value;
        else
            usage();
    }
    run.window = window && work->window > 1 ? window : work->window;
    run.url = *url ? url : getenv("AMQP_URL");
    if (!run.url) die("neither --port nor AMQP_URL says where to connect to");
    char pour[64];
    snprintf(pour, sizeof pour, "pour:%llu:%zu", (unsigned long long)run.count, run.body_size);
    run.exchange = queue ? "" : "bench";
    run.routing_key = queue ? queue : "bench.key";
    run.queue = queue ? queue : work->publishes ? "sink:stats" : pour;
    run.body = must_allocate(run.body_size);
    memset(run.body, 'x', run.body_size);

    samqp_options *options = samqp_options_new();
    samqp_error *error = NULL;
    check(samqp_options_add_endpoint(options, run.url, &error), "endpoint", error);
    // Like for like: the peers give no message ids.
    check(samqp_options_set(options, "client.assign_message_ids", "false", &error), "client.assign_message_ids", error);
    check(samqp_client_open(&run.client, options, NULL, NULL, 10000, &error), "connect", error);
    samqp_options_free(options);
    const uint64_t before = queue_depth(&run);
    if (!work->publishes && queue && before < run.count) die("there are not that many messages in the queue");

    work->perform(&run);

    if (work->publishes && !queue && queue_depth(&run) - before != run.count)
        die("the sink did not see every publish, or has other clients");
    check(samqp_client_close(run.client, &error), "close", error);
    samqp_client_free(run.client);
    print_result(&run, work);
    free(run.latencies);
    free(run.body);
    return 0;
}
