#include <dlfcn.h>
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
    {"idle", idle, false, 0, "rabbitmq-c"},
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

// What the interposer (Sources/allocation-counter) has counted, where it was loaded before this program.
static int64_t allocations_now(void) {
    uint64_t (*value)(void) = (uint64_t (*)(void))dlsym(RTLD_DEFAULT, "allocation_counter_value");
    return value ? (int64_t)value() : -1;
}

void run_starts(struct run *run) {
    run->allocations = allocations_now();
    run->cpu_started = cpu_now();
    run->started = now();
}

void run_ends(struct run *run) {
    run->finished = now();
    run->cpu_finished = cpu_now();
    if (run->allocations >= 0) run->allocations = allocations_now() - run->allocations;
}

uint32_t queue_depth(struct run *run) {
    amqp_queue_declare_ok_t *ok =
        amqp_queue_declare(run->connection, CHANNEL, amqp_cstring_bytes(run->queue), 1, 0, 0, 0, amqp_empty_table);
    check_reply(amqp_get_rpc_reply(run->connection), "queue.declare, passive");
    return ok->message_count;
}

amqp_connection_state_t open_connection(const struct amqp_connection_info *to) {
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = connection ? amqp_tcp_socket_new(connection) : NULL;
    if (!socket) die("out of memory");
    check_status(amqp_socket_open(socket, to->host, to->port), "connect");
    check_reply(amqp_login(connection, to->vhost, 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN, to->user, to->password),
                "login");
    return connection;
}

static void open_channel(struct run *run) {
    run->connection = open_connection(&run->to);
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
    if (run->allocations >= 0) printf(",\"allocations\":%lld", (long long)run->allocations);
    if (run->latencies) {
        qsort(run->latencies, run->count, sizeof *run->latencies, by_size);
        printf(",\"latency_p50_us\":%.1f,\"latency_p99_us\":%.1f", run->latencies[run->count / 2] / 1e3,
               run->latencies[run->count - 1 - run->count / 100] / 1e3);
    }
    puts("}");
}

_Noreturn static void usage(void) {
    fputs("usage: peer-rabbitmq-c WORK [--port P] [--count N] [--body B] [--window W] [--queue Q] [--connections N]\n"
          "works:",
          stderr);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) fprintf(stderr, " %s", works[i].name);
    fputs("\n"
          "P: of a sink on 127.0.0.1; without it, the broker of AMQP_URL\n"
          "W: most unconfirmed publishes (1000), prefetch of a consumer (256)\n"
          "Q: published to and consumed from, on a broker\n",
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
    struct run run = {.count = 100000, .body_size = 16, .connections = 1};
    const struct work *work = NULL;
    const char *queue = NULL;
    unsigned window = 0;
    int port = 0;
    for (size_t i = 0; argc > 1 && i < sizeof works / sizeof *works; i++)
        if (strcmp(argv[1], works[i].name) == 0) work = &works[i];
    if (!work || argc % 2 != 0) usage();
    for (int i = 2; i < argc; i += 2) {
        const char *option = argv[i], *value = argv[i + 1];
        if (strcmp(option, "--port") == 0)
            port = (int)number(value, 1, 65535);
        else if (strcmp(option, "--count") == 0)
            run.count = number(value, 1, UINT32_MAX);
        else if (strcmp(option, "--body") == 0)
            run.body_size = number(value, 0, 16 * 1024 * 1024);
        else if (strcmp(option, "--window") == 0)
            window = (unsigned)number(value, 1, 65535);
        else if (strcmp(option, "--connections") == 0)
            run.connections = (unsigned)number(value, 1, 10000);
        else if (strcmp(option, "--queue") == 0)
            queue = value;
        else
            usage();
    }
    run.window = window && work->window > 1 ? window : work->window;

    amqp_default_connection_info(&run.to);
    char url[1024];
    if (port) {
        run.to.host = "127.0.0.1";
        run.to.port = port;
    } else {
        const char *given = getenv("AMQP_URL");
        if (!given) die("neither --port nor AMQP_URL says where to connect to");
        // The parser writes into the text.
        if ((size_t)snprintf(url, sizeof url, "%s", given) >= sizeof url) die("AMQP_URL is too long");
        check_status(amqp_parse_url(url, &run.to), "AMQP_URL");
    }
    if (work->perform == idle) {
        idle(&run);
        return 0;
    }

    char pour[64];
    snprintf(pour, sizeof pour, "pour:%llu:%zu", (unsigned long long)run.count, run.body_size);
    run.exchange = queue ? "" : "bench";
    run.routing_key = queue ? queue : "bench.key";
    run.queue = queue ? queue : work->publishes ? "sink:stats" : pour;

    open_channel(&run);
    const uint32_t before = queue_depth(&run);
    if (!work->publishes && queue && before < run.count) die("there are not that many messages in the queue");

    work->perform(&run);

    // The sink says how many publishes it saw: a figure with losses is no figure.
    if (work->publishes && !queue && (uint32_t)(queue_depth(&run) - before) != (uint32_t)run.count)
        die("the sink did not see every publish, or has other clients");
    close_connection(&run);
    print_result(&run, work);
    free(run.latencies);
    return 0;
}
