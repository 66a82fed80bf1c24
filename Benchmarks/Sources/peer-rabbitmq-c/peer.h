// rabbitmq-c as its documentation shows it: a TCP socket, one connection, one channel, blocking calls.
#ifndef PEER_RABBITMQ_C_PEER_H
#define PEER_RABBITMQ_C_PEER_H

// The headers moved into a folder of their own in rabbitmq-c 0.12.
#if defined(__has_include)
#if __has_include(<rabbitmq-c/amqp.h>)
#define HEADERS_HAVE_A_FOLDER 1
#endif
#endif
#ifdef HEADERS_HAVE_A_FOLDER
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHANNEL = 1, FRAME_MAX = 131072 };

struct run {
    struct amqp_connection_info to;
    amqp_connection_state_t connection;
    uint64_t count;
    size_t body_size;
    unsigned window;  // unconfirmed publishes, or prefetch
    unsigned connections;
    const char *exchange, *routing_key, *queue;

    // Results
    double started, finished;
    double cpu_started, cpu_finished;
    int64_t allocations;  // -1: nobody counts
    uint32_t *latencies;  // ns, `count` of them, where the work has any
};

_Noreturn void die(const char *what);
void check_status(int status, const char *what);
void check_reply(amqp_rpc_reply_t reply, const char *what);
void *must_allocate(size_t size);
double now(void);

void run_starts(struct run *run);
void run_ends(struct run *run);
uint32_t queue_depth(struct run *run);  // a passive declare, which also is the barrier behind everything sent

void publish(struct run *run);
void publish_confirm(struct run *run);
void publish_await(struct run *run);
void consume_ack(struct run *run);
void consume_autoack(struct run *run);

amqp_connection_state_t open_connection(const struct amqp_connection_info *to);
void idle(struct run *run);  // prints its own figures

// No client at all: what the server at the other end can take and give. Against the sink only.
void raw_publish(struct run *run);
void raw_consume(struct run *run);

#endif
