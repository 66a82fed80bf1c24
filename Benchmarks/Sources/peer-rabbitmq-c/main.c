#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "peer.h"

static const struct work {
    const char *name;
    void (*perform)(struct run *);
    bool publishes;
    unsigned window;
    const char *peer;
} works[] = {
    {"publish", publish, true, 0, "rabbitmq-c"},
    {"publish-confirm", publish_confirm, true, 1000, "rabbitmq-c"},
    {"publish-await", publish_await, true, 1, "rabbitmq-c"},
    {"consume-ack", consume_ack, false, 256, "rabbitmq-c"},
    {"consume-autoack", consume_autoack, false, 0, "rabbitmq-c"},
    {"raw-publish", raw_publish, true, 0, "raw"},
    {"raw-consume", raw_consume, false, 0, "raw"},
};

void die(const char *what) {
    fprintf(stderr, "peer-rabbitmq-c: %s\n", what);
    exit(1);
}

void check_status(int status, const char *what) {
    if (status == AMQP_STATUS_OK) return;
    fprintf(stderr, "peer-rabbitmq-c: %s: %s\n", what, amqp_error_string2(status));
    exit(1);
}

void check_reply(amqp_rpc_reply_t reply, const char *what) {
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) check_status(reply.library_error, what);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_t *m = reply.reply.decoded;
        fprintf(stderr, "peer-rabbitmq-c: %s: %u %.*s\n", what, m->reply_code, (int)m->reply_text.len,
                (const char *)m->reply_text.bytes);
        exit(1);
    }
    die(what);
}

void *must_allocate(size_t size) {
    void *p = calloc(1, size ? size : 1);
    if (!p) die("out of memory");
    return p;
}

double now(void) {
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

void run_starts(struct run *run) {
    run->cpu_started = cpu_now();
    run->started = now();
}

void run_ends(struct run *run) {
    run->finished = now();
    run->cpu_finished = cpu_now();
}

uint32_t queue_depth(struct run *run) {
    amqp_queue_declare_ok_t *ok =
        amqp_queue_declare(run->connection, CHANNEL, amqp_cstring_bytes(run->queue), 1, 0, 0, 0, amqp_empty_table);
    check_reply(amqp_get_rpc_reply(run->connection), "queue.declare, passive");
    return ok->message_count;
}

static void open_connection(struct run *run, const char *host, int port) {
    run->connection = amqp_new_connection();
    amqp_socket_t *socket = run->connection ? amqp_tcp_socket_new(run->connection) : NULL;
    if (!socket) die("out of memory");
    check_status(amqp_socket_open(socket, host, port), "connect");
    check_reply(amqp_login(run->connection, "/", 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
    amqp_channel_open(run->connection, CHANNEL);
    check_reply(amqp_get_rpc_reply(run->connection), "channel.open");
}

static void close_connection(struct run *run) {
    // No channel.close, no look at the reply: an unfinished consumer may still be pouring, and what counted is done.
    struct timeval patience = {1, 0};
    amqp_set_rpc_timeout(run->connection, &patience);
    amqp_connection_close(run->connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(run->connection);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_result(const struct run *run, const struct work *work) {
    const double took = run->finished - run->started;
    printf("{\"peer\":\"%s\",\"work\":\"%s\",\"messages\":%llu,\"body_bytes\":%zu,\"seconds\":%.6f,\"rate\":%.0f,"
           "\"cpu_seconds\":%.6f",
           work->peer, work->name, (unsigned long long)run->count, run->body_size, took, (double)run->count / took,
           run->cpu_finished - run->cpu_started);
    if (run->window) printf(",\"window\":%u", run->window);
    if (run->latencies) {
        qsort(run->latencies, run->count, sizeof *run->latencies, by_size);
        printf(",\"latency_p50_us\":%.1f,\"latency_p99_us\":%.1f", run->latencies[run->count / 2] / 1e3,
               run->latencies[run->count - 1 - run->count / 100] / 1e3);
    }
    puts("}");
}

_Noreturn static void usage(void) {
    fputs("usage: peer-rabbitmq-c HOST PORT WORK COUNT BODYSIZE [WINDOW]\n"
          "                       [--queue Q] [--exchange E] [--routing-key K]\n"
          "works:",
          stderr);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) fprintf(stderr, " %s", works[i].name);
    fputs("\n"
          "WINDOW: most unconfirmed publishes (1000), prefetch of a consumer (256)\n"
          "Q: consumed from, and asked for as a barrier (publishing: sink:stats; consuming: pour:COUNT:BODYSIZE)\n"
          "E, K: published to (bench, bench.key)\n",
          stderr);
    exit(2);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most) {
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    if (end == text || *end || *text == '-' || v < least || v > most) usage();
    return v;
}

int main(int argc, char **argv) {
    const char *words[6] = {0};
    int count = 0;
    struct run run = {.exchange = "bench", .routing_key = "bench.key"};
    for (int i = 1; i < argc; i++) {
        const char **option = strcmp(argv[i], "--queue") == 0         ? &run.queue
                              : strcmp(argv[i], "--exchange") == 0    ? &run.exchange
                              : strcmp(argv[i], "--routing-key") == 0 ? &run.routing_key
                                                                      : NULL;
        if (option && i + 1 < argc)
            *option = argv[++i];
        else if (!option && count < 6)
            words[count++] = argv[i];
        else
            usage();
    }
    if (count < 5) usage();

    const struct work *work = NULL;
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (strcmp(words[2], works[i].name) == 0) work = &works[i];
    if (!work) usage();
    run.count = number(words[3], 1, UINT32_MAX);
    run.body_size = number(words[4], 0, 16 * 1024 * 1024);
    run.window = words[5] && work->window > 1 ? (unsigned)number(words[5], 1, 65535) : work->window;

    char pour[64];
    snprintf(pour, sizeof pour, "pour:%llu:%zu", (unsigned long long)run.count, run.body_size);
    if (!run.queue) run.queue = work->publishes ? "sink:stats" : pour;
    const bool sink = strncmp(run.queue, "sink:", 5) == 0 || strncmp(run.queue, "pour:", 5) == 0;

    open_connection(&run, words[0], (int)number(words[1], 1, 65535));
    const uint32_t before = queue_depth(&run);
    if (!work->publishes && !sink && before < run.count) die("there are not that many messages in the queue");

    work->perform(&run);

    // The sink says how many publishes it saw: a figure with losses is no figure.
    if (work->publishes && sink && (uint32_t)(queue_depth(&run) - before) != (uint32_t)run.count)
        die("the sink did not see every publish, or has other clients");
    close_connection(&run);
    print_result(&run, work);
    free(run.latencies);
    return 0;
}
