#include <stdlib.h>
#include <string.h>

#include "peer.h"

struct publisher {
    struct run *run;
    amqp_bytes_t exchange, routing_key, body;
    amqp_basic_properties_t properties;

    // Confirms: published up to `last`; all up to `settled` are confirmed, and of the others those that `done` says.
    uint64_t last, settled;
    unsigned outstanding;
    uint8_t *done;
    uint64_t mask;
};

static void publisher_open(struct publisher *p, struct run *run, bool confirms) {
    *p = (struct publisher){.run = run};
    p->exchange = amqp_cstring_bytes(run->exchange);
    p->routing_key = amqp_cstring_bytes(run->routing_key);
    p->body.len = run->body_size;
    p->body.bytes = must_allocate(run->body_size);
    memset(p->body.bytes, 'x', run->body_size);
    p->properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    p->properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    if (!confirms) return;
    amqp_confirm_select(run->connection, CHANNEL);
    check_reply(amqp_get_rpc_reply(run->connection), "confirm.select");
    uint64_t size = 1;
    while (size < (uint64_t)run->window + 1) size *= 2;
    p->done = must_allocate(size);
    p->mask = size - 1;
}

static void publisher_close(struct publisher *p) {
    free(p->body.bytes);
    free(p->done);
}

static inline void publish_one(struct publisher *p) {
    check_status(amqp_basic_publish(p->run->connection, CHANNEL, p->exchange, p->routing_key, 0, 0, &p->properties,
                                    p->body),
                 "basic.publish");
    p->last++;
    p->outstanding++;
}

static void confirmed(struct publisher *p, uint64_t tag, bool multiple) {
    if (tag <= p->settled || tag > p->last) die("a confirm for nothing that was published");
    if (multiple) {
        while (p->settled < tag) {
            uint8_t *done = &p->done[++p->settled & p->mask];
            if (!*done) p->outstanding--;
            *done = 0;
        }
    } else {
        p->done[tag & p->mask] = 1;
        p->outstanding--;
    }
    while (p->settled < p->last && p->done[(p->settled + 1) & p->mask]) p->done[++p->settled & p->mask] = 0;
}

// One frame from the broker: sleeps until there is one.
static void take_confirm(struct publisher *p) {
    amqp_frame_t frame;
    check_status(amqp_simple_wait_frame(p->run->connection, &frame), "waiting for a confirm");
    if (frame.frame_type != AMQP_FRAME_METHOD) die("a frame that is no method");
    if (frame.payload.method.id != AMQP_BASIC_ACK_METHOD) die("a method that is no basic.ack");
    const amqp_basic_ack_t *ack = frame.payload.method.decoded;
    confirmed(p, ack->delivery_tag, ack->multiple);
    amqp_maybe_release_buffers(p->run->connection);
}

void publish(struct run *run) {
    struct publisher p;
    publisher_open(&p, run, false);
    run_starts(run);
    for (uint64_t i = 0; i < run->count; i++) publish_one(&p);
    queue_depth(run);
    run_ends(run);
    publisher_close(&p);
}

// Fill the window; when it is full, take confirms until half of it is free again. That beats a look for confirms
// after each publish, which costs a system call each time.
void publish_confirm(struct run *run) {
    struct publisher p;
    publisher_open(&p, run, true);
    run_starts(run);
    while (p.last < run->count) {
        while (p.outstanding < run->window && p.last < run->count) publish_one(&p);
        while (p.outstanding > run->window / 2) take_confirm(&p);
    }
    while (p.outstanding > 0) take_confirm(&p);
    run_ends(run);
    publisher_close(&p);
}

void publish_await(struct run *run) {
    struct publisher p;
    publisher_open(&p, run, true);
    run->latencies = must_allocate(run->count * sizeof *run->latencies);
    run_starts(run);
    for (uint64_t i = 0; i < run->count; i++) {
        double begin = now();
        publish_one(&p);
        while (p.outstanding > 0) take_confirm(&p);
        run->latencies[i] = (uint32_t)((now() - begin) * 1e9);
    }
    run_ends(run);
    publisher_close(&p);
}
