// What a connection of the sink is made of, and who does what with it:
//   main.c        options, listener, the epoll loop
//   connection.c  reading and frames: the hot path of publishing
//   methods.c     everything that is asked and answered
//   pour.c        consumers: deliveries from a prebuilt image, credit, settling
#ifndef AMQP_SINK_SINK_H
#define AMQP_SINK_SINK_H

#include "wire.h"

enum { CHANNEL_MAX = 2047, CONSUMERS_PER_CHANNEL = 255 };

enum content { CONTENT_NONE, CONTENT_HEADER, CONTENT_BODY };

struct connection;
struct channel;

struct consumer {
    struct channel *channel;
    uint8_t tag[255];
    uint8_t tag_length;
    uint8_t owner;       // index in the channel + 1: what the settle ring remembers
    bool no_ack;
    bool cancelled;      // its deliveries can still be settled
    bool ready;          // in the connection's list of those that can pour
    struct consumer *next_ready;
    uint64_t remaining;  // deliveries yet to pour
    uint32_t window;     // prefetch, 0 = no limit
    uint32_t in_flight;

    uint8_t *image;      // `image_count` encoded deliveries of `delivery_size` octets; only the tags get patched
    size_t delivery_size, tag_offset;
    uint32_t image_count;
};

struct channel {
    struct connection *connection;
    uint16_t id;
    bool closing;  // we sent channel.close and wait for its ok
    uint8_t content;
    uint64_t body_left;

    bool confirms;
    bool ack_due;
    struct channel *next_ack_due;
    uint64_t published;  // complete publishes since confirm.select

    uint16_t prefetch;       // for the consumers that come
    uint16_t shared_window;  // basic.qos with global: over all consumers of the channel
    uint64_t next_tag, low_tag;  // tags under low_tag are all settled
    uint8_t *ring;               // ring[tag & ring_mask] = owner, 0 = settled
    uint64_t ring_mask;
    uint32_t outstanding;
    struct consumer *consumers[CONSUMERS_PER_CHANNEL];
};

enum stage { STAGE_HEADER, STAGE_START_OK, STAGE_TUNE_OK, STAGE_OPEN, STAGE_RUNNING, STAGE_CLOSING };

struct connection {
    int fd;
    uint8_t stage;
    bool finish;  // nothing counts any more but to send what waits
    bool dead;    // to be released at the end of the turn
    uint32_t interest;
    uint32_t frame_max;
    uint16_t heartbeat;
    struct connection *previous, *next;

    uint8_t *rest;  // the beginning of a frame that is not complete (never of a body: those are skipped as they come)
    size_t rest_length, rest_capacity;
    size_t skip;            // octets of a body frame yet to come, its end octet included
    struct channel *skip_channel;
    bool large_bodies;      // read little at a time, drop the bodies inside the kernel

    struct channel *last;   // the channel of the last frame
    struct channel *ack_due;
    struct channel *channels[CHANNEL_MAX + 1];

    struct buffer out;            // answers and confirms
    const uint8_t *image;         // a piece of an image that is half sent: goes before `out`
    size_t image_left;
    struct consumer *image_owner;
    struct consumer *ready_first, *ready_last;
};

struct statistics {
    uint64_t published, confirms_sent, delivered, settled, reads, writes, octets_read, octets_written;
};

extern struct statistics statistics;

// connection.c
void connection_read(struct connection *c);
void connection_write(struct connection *c);
void connection_release(struct connection *c);
void connection_fail(struct connection *c, uint16_t code, uint32_t method, const char *text);

// methods.c
void handshake_start(struct connection *c);
void handle_method(struct connection *c, uint16_t channel_id, const uint8_t *payload, size_t size);
void channel_fail(struct channel *ch, uint16_t code, uint32_t method, const char *text);
void channel_release(struct channel *ch);

// pour.c
struct pour {
    uint64_t count;
    uint32_t body_size;
};
bool parse_pour_name(struct text queue, struct pour *pour);  // "pour:COUNT:BODYSIZE"
struct consumer *consumer_start(struct channel *ch, struct text tag, bool no_ack, struct pour pour);
struct consumer *consumer_find(struct channel *ch, struct text tag);
void consumer_cancel(struct consumer *consumer);
void consumers_release(struct channel *ch);
void settle(struct channel *ch, uint64_t tag, bool multiple, bool requeue, uint32_t method);
bool pour_next(struct connection *c);  // prepares the next piece of image, or says that there is none

#endif
