#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "peer.h"

enum { WRITE_SIZE = 64 * 1024, READ_SIZE = 256 * 1024, BODY_FRAME_MAX = FRAME_MAX - 8 };

// Encodes into `p` when there is one, and counts in any case.
struct encoder {
    uint8_t *p;
    size_t length;
};

static void put(struct encoder *e, const void *bytes, size_t size) {
    if (e->p) memcpy(e->p + e->length, bytes, size);
    e->length += size;
}

static void put8(struct encoder *e, uint8_t v) { put(e, &v, 1); }

static void put16(struct encoder *e, uint16_t v) {
    v = htobe16(v);
    put(e, &v, sizeof v);
}

static void put32(struct encoder *e, uint32_t v) {
    v = htobe32(v);
    put(e, &v, sizeof v);
}

static void put64(struct encoder *e, uint64_t v) {
    v = htobe64(v);
    put(e, &v, sizeof v);
}

static void put_text(struct encoder *e, const char *text) {
    put8(e, (uint8_t)strlen(text));
    put(e, text, strlen(text));
}

static void put_frame_head(struct encoder *e, uint8_t type, size_t size) {
    put8(e, type);
    put16(e, CHANNEL);
    put32(e, (uint32_t)size);
}

static void put_content(struct encoder *e, const uint8_t *body, size_t size) {
    put_frame_head(e, AMQP_FRAME_HEADER, 15);
    put16(e, AMQP_BASIC_CLASS);
    put16(e, 0);
    put64(e, size);
    put16(e, AMQP_BASIC_DELIVERY_MODE_FLAG);
    put8(e, 2);
    put8(e, AMQP_FRAME_END);
    while (size > 0) {
        size_t part = size < BODY_FRAME_MAX ? size : BODY_FRAME_MAX;
        put_frame_head(e, AMQP_FRAME_BODY, part);
        put(e, body, part);
        put8(e, AMQP_FRAME_END);
        size -= part;
    }
}

static void put_publish(struct encoder *e, const struct run *run, const uint8_t *body) {
    put_frame_head(e, AMQP_FRAME_METHOD, 4 + 2 + 1 + strlen(run->exchange) + 1 + strlen(run->routing_key) + 1);
    put32(e, AMQP_BASIC_PUBLISH_METHOD);
    put16(e, 0);
    put_text(e, run->exchange);
    put_text(e, run->routing_key);
    put8(e, 0);
    put8(e, AMQP_FRAME_END);
    put_content(e, body, run->body_size);
}

// rabbitmq-c made the socket non-blocking.
static bool try_again(int fd, short events) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN) return false;
    struct pollfd wanted = {fd, events, 0};
    return poll(&wanted, 1, -1) >= 0 || errno == EINTR;
}

static void send_all(int fd, const uint8_t *p, size_t size) {
    while (size > 0) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n < 0 && try_again(fd, POLLOUT)) continue;
        if (n < 0) die(strerror(errno));
        p += n;
        size -= (size_t)n;
    }
}

void raw_publish(struct run *run) {
    const int fd = amqp_get_sockfd(run->connection);
    uint8_t *body = must_allocate(run->body_size);
    struct encoder e = {0};
    put_publish(&e, run, body);
    const size_t size = e.length;
    const uint64_t batch = size < WRITE_SIZE ? WRITE_SIZE / size : 1;
    e = (struct encoder){must_allocate(batch * size), 0};
    for (uint64_t i = 0; i < batch; i++) put_publish(&e, run, body);

    run_starts(run);
    for (uint64_t left = run->count; left > 0;) {
        uint64_t n = left < batch ? left : batch;
        send_all(fd, e.p, n * size);
        left -= n;
    }
    queue_depth(run);
    run_ends(run);
    free(e.p);
    free(body);
}

// The sink gives deliveries of one size, and nothing else may come on the way: so counting octets counts messages.
void raw_consume(struct run *run) {
    const int fd = amqp_get_sockfd(run->connection);
    uint8_t *input = must_allocate(READ_SIZE), *body = must_allocate(run->body_size);

    struct encoder delivery = {0};
    put_content(&delivery, body, run->body_size);
    delivery.length += 8 + 4 + 1 + strlen("raw") + 8 + 1 + 1 + strlen("bench") + 1 + strlen("bench.key");

    uint8_t request[512];
    struct encoder e = {request, 0};
    put_frame_head(&e, AMQP_FRAME_METHOD, 4 + 2 + 1 + strlen(run->queue) + 1 + strlen("raw") + 1 + 4);
    put32(&e, AMQP_BASIC_CONSUME_METHOD);
    put16(&e, 0);
    put_text(&e, run->queue);
    put_text(&e, "raw");
    put8(&e, 2 | 8);  // no-ack, no-wait
    put32(&e, 0);
    put8(&e, AMQP_FRAME_END);

    run_starts(run);
    send_all(fd, e.p, e.length);
    for (uint64_t left = run->count * delivery.length; left > 0;) {
        ssize_t n = recv(fd, input, left < READ_SIZE ? left : READ_SIZE, 0);
        if (n < 0 && try_again(fd, POLLIN)) continue;
        if (n <= 0) die("the sink closed the connection");
        left -= (uint64_t)n;
        if (left == 0 && input[n - 1] != AMQP_FRAME_END) die("what came were no deliveries");
    }
    run_ends(run);
    queue_depth(run);  // the stream is in step: nothing was left over
    free(input);
    free(body);
}
