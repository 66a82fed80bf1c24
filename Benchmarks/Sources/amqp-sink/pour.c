#include <stdlib.h>

#include "sink.h"

enum { IMAGE_SIZE = 128 * 1024, BODY_MAX = 16 * 1024 * 1024 };

static const char exchange[] = "bench";
static const char routing_key[] = "bench.key";

static bool read_number(struct text *t, uint64_t most, uint64_t *number) {
    uint64_t v = 0;
    size_t digits = 0;
    while (digits < t->length && t->bytes[digits] >= '0' && t->bytes[digits] <= '9') {
        v = v * 10 + (uint64_t)(t->bytes[digits] - '0');
        if (v > most) return false;
        digits++;
    }
    t->bytes += digits;
    t->length -= digits;
    *number = v;
    return digits > 0;
}

bool parse_pour_name(struct text queue, struct pour *pour) {
    uint64_t body_size;
    if (queue.length < 5 || memcmp(queue.bytes, "pour:", 5) != 0) return false;
    queue.bytes += 5;
    queue.length -= 5;
    if (!read_number(&queue, UINT64_MAX / 16, &pour->count)) return false;
    if (queue.length == 0 || queue.bytes[0] != ':') return false;
    queue.bytes++;
    queue.length--;
    if (!read_number(&queue, BODY_MAX, &body_size) || queue.length != 0) return false;
    pour->body_size = (uint32_t)body_size;
    return true;
}

// One delivery as it goes over the wire, then copies of it until the image is big enough for one good send.
static void build_image(struct consumer *consumer, struct pour pour) {
    const struct channel *ch = consumer->channel;
    struct buffer b = {0};

    size_t frame = method_begin(&b, ch->id, METHOD(60, 60));
    put_short_string(&b, consumer->tag, consumer->tag_length);
    consumer->tag_offset = buffer_length(&b);
    put64(&b, 0);
    put8(&b, 0);  // redelivered
    put_short_string(&b, exchange, strlen(exchange));
    put_short_string(&b, routing_key, strlen(routing_key));
    frame_end(&b, frame);

    frame = frame_begin(&b, FRAME_HEADER, ch->id);
    put16(&b, 60);
    put16(&b, 0);
    put64(&b, pour.body_size);
    put16(&b, 1 << 12);  // delivery mode, alone
    put8(&b, 2);
    frame_end(&b, frame);

    const size_t most = ch->connection->frame_max - FRAME_OVERHEAD;
    for (size_t left = pour.body_size; left > 0;) {
        size_t size = left < most ? left : most;
        frame = frame_begin(&b, FRAME_BODY, ch->id);
        memset(buffer_reserve(&b, size), 'x', size);
        b.end += size;
        frame_end(&b, frame);
        left -= size;
    }

    const size_t size = buffer_length(&b);
    uint64_t count = size < IMAGE_SIZE ? IMAGE_SIZE / size : 1;
    if (!consumer->no_ack && consumer->window && count > consumer->window) count = consumer->window;
    if (count > pour.count) count = pour.count;
    consumer->delivery_size = size;
    consumer->image_count = (uint32_t)count;
    consumer->image = must_allocate(size * count);
    for (uint64_t i = 0; i < count; i++) memcpy(consumer->image + i * size, b.data + b.start, size);
    buffer_free(&b);
}

static uint32_t credit(const struct consumer *consumer) {
    const struct channel *ch = consumer->channel;
    uint32_t n = UINT32_MAX;
    if (consumer->no_ack) return n;
    if (consumer->window) n = consumer->in_flight < consumer->window ? consumer->window - consumer->in_flight : 0;
    if (ch->shared_window) {
        uint32_t shared = ch->outstanding < ch->shared_window ? ch->shared_window - ch->outstanding : 0;
        if (shared < n) n = shared;
    }
    return n;
}

static void mark_ready(struct consumer *consumer) {
    struct connection *c = consumer->channel->connection;
    if (consumer->ready || consumer->cancelled || consumer->remaining == 0 || credit(consumer) == 0) return;
    consumer->ready = true;
    consumer->next_ready = NULL;
    if (c->ready_last)
        c->ready_last->next_ready = consumer;
    else
        c->ready_first = consumer;
    c->ready_last = consumer;
}

static void unmark_ready(struct consumer *consumer) {
    struct connection *c = consumer->channel->connection;
    if (!consumer->ready) return;
    struct consumer **link = &c->ready_first, *before = NULL;
    while (*link != consumer) {
        before = *link;
        link = &before->next_ready;
    }
    *link = consumer->next_ready;
    if (c->ready_last == consumer) c->ready_last = before;
    consumer->ready = false;
}

struct consumer *consumer_start(struct channel *ch, struct text tag, bool no_ack, struct pour pour) {
    unsigned i = 0;
    while (i < CONSUMERS_PER_CHANNEL && ch->consumers[i]) i++;
    if (i == CONSUMERS_PER_CHANNEL) return NULL;
    struct consumer *consumer = must_allocate(sizeof *consumer);
    consumer->channel = ch;
    consumer->owner = (uint8_t)(i + 1);
    consumer->tag_length = (uint8_t)tag.length;
    memcpy(consumer->tag, tag.bytes, tag.length);
    consumer->no_ack = no_ack;
    consumer->window = ch->prefetch;
    consumer->remaining = pour.count;
    if (pour.count) build_image(consumer, pour);
    ch->consumers[i] = consumer;
    mark_ready(consumer);
    return consumer;
}

struct consumer *consumer_find(struct channel *ch, struct text tag) {
    for (unsigned i = 0; i < CONSUMERS_PER_CHANNEL; i++) {
        struct consumer *consumer = ch->consumers[i];
        if (consumer && !consumer->cancelled && consumer->tag_length == tag.length &&
            memcmp(consumer->tag, tag.bytes, tag.length) == 0)
            return consumer;
    }
    return NULL;
}

static void consumer_release(struct consumer *consumer) {
    struct connection *c = consumer->channel->connection;
    unmark_ready(consumer);
    if (c->image_left && c->image_owner == consumer) {
        // Half a delivery is on its way: keep the rest of the piece, in front of all answers.
        struct buffer out = {0};
        buffer_append(&out, c->image, c->image_left);
        buffer_append(&out, c->out.data + c->out.start, buffer_length(&c->out));
        buffer_free(&c->out);
        c->out = out;
        c->image_left = 0;
    }
    consumer->channel->consumers[consumer->owner - 1] = NULL;
    free(consumer->image);
    free(consumer);
}

void consumer_cancel(struct consumer *consumer) {
    unmark_ready(consumer);
    consumer->cancelled = true;
    if (consumer->in_flight == 0) consumer_release(consumer);
}

void consumers_release(struct channel *ch) {
    for (unsigned i = 0; i < CONSUMERS_PER_CHANNEL; i++)
        if (ch->consumers[i]) consumer_release(ch->consumers[i]);
    free(ch->ring);
    ch->ring = NULL;
}

// Room for `count` more tags from next_tag on.
static void ring_reserve(struct channel *ch, uint64_t count) {
    uint64_t used = ch->next_tag - ch->low_tag;
    if (ch->ring && used + count <= ch->ring_mask + 1) return;
    uint64_t size = ch->ring ? ch->ring_mask + 1 : 1024;
    while (size < used + count) size *= 2;
    uint8_t *ring = must_allocate(size);
    for (uint64_t tag = ch->low_tag; tag < ch->next_tag; tag++)
        ring[tag & (size - 1)] = ch->ring[tag & ch->ring_mask];
    free(ch->ring);
    ch->ring = ring;
    ch->ring_mask = size - 1;
}

static void ring_fill(struct channel *ch, uint64_t count, uint8_t owner) {
    ring_reserve(ch, count);
    uint64_t at = ch->next_tag & ch->ring_mask, size = ch->ring_mask + 1;
    uint64_t first = count < size - at ? count : size - at;
    memset(ch->ring + at, owner, first);
    memset(ch->ring, owner, count - first);
}

bool pour_next(struct connection *c) {
    struct consumer *consumer;
    uint64_t count;
    do {
        consumer = c->ready_first;
        if (!consumer) return false;
        unmark_ready(consumer);
        count = consumer->image_count;
        uint32_t allowed = credit(consumer);
        if (count > consumer->remaining) count = consumer->remaining;
        if (count > allowed) count = allowed;
        // The shared window may have filled up since the consumer was marked; settling marks it again.
    } while (count == 0);
    struct channel *ch = consumer->channel;

    uint8_t *tag_at = consumer->image + consumer->tag_offset;
    for (uint64_t i = 0; i < count; i++, tag_at += consumer->delivery_size) set64(tag_at, ch->next_tag + i);

    if (!consumer->no_ack) {
        ring_fill(ch, count, consumer->owner);
        consumer->in_flight += (uint32_t)count;
        ch->outstanding += (uint32_t)count;
    } else if (ch->outstanding) {
        ring_fill(ch, count, 0);
    } else {
        ch->low_tag = ch->next_tag + count;
    }
    ch->next_tag += count;
    consumer->remaining -= count;
    statistics.delivered += count;
    c->image = consumer->image;
    c->image_left = count * consumer->delivery_size;
    c->image_owner = consumer;
    mark_ready(consumer);
    return true;
}

static void settle_one(struct channel *ch, uint64_t tag, bool requeue) {
    uint8_t *owner = &ch->ring[tag & ch->ring_mask];
    if (*owner == 0) return;
    struct consumer *consumer = ch->consumers[*owner - 1];
    *owner = 0;
    ch->outstanding--;
    statistics.settled++;
    consumer->in_flight--;
    if (requeue) consumer->remaining++;
    if (consumer->cancelled) {
        if (consumer->in_flight == 0) consumer_release(consumer);
    } else {
        mark_ready(consumer);
    }
}

void settle(struct channel *ch, uint64_t tag, bool multiple, bool requeue, uint32_t method) {
    const bool all = multiple && tag == 0;
    if (all) tag = ch->next_tag - 1;
    const bool known = tag >= ch->low_tag && tag < ch->next_tag && ch->outstanding &&
                       (multiple || ch->ring[tag & ch->ring_mask] != 0);
    if (!known) {
        if (!all) channel_fail(ch, 406, method, "PRECONDITION_FAILED - unknown delivery tag");
        return;
    }
    if (multiple) {
        for (uint64_t t = ch->low_tag; t <= tag; t++) settle_one(ch, t, requeue);
        ch->low_tag = tag + 1;
    } else {
        settle_one(ch, tag, requeue);
    }
    while (ch->low_tag < ch->next_tag && ch->ring[ch->low_tag & ch->ring_mask] == 0) ch->low_tag++;
    if (ch->shared_window) {
        for (unsigned i = 0; i < CONSUMERS_PER_CHANNEL; i++)
            if (ch->consumers[i]) mark_ready(ch->consumers[i]);
    }
}
