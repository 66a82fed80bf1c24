#include <stdio.h>
#include <stdlib.h>

#include "sink.h"

static void answer_empty(struct connection *c, uint16_t channel, uint32_t method) {
    frame_end(&c->out, method_begin(&c->out, channel, method));
}

static void put_table_text(struct buffer *b, const char *key, const char *text) {
    put_short_string(b, key, strlen(key));
    put8(b, 'S');
    put_long_string(b, text);
}

void handshake_start(struct connection *c) {
    static const char *const capabilities[] = {
        "publisher_confirms", "exchange_exchange_bindings",   "basic.nack",       "consumer_cancel_notify",
        "connection.blocked", "authentication_failure_close", "per_consumer_qos",
    };
    struct buffer *b = &c->out;
    size_t frame = method_begin(b, 0, METHOD(10, 10));
    put8(b, 0);
    put8(b, 9);
    size_t properties = table_begin(b);
    put_short_string(b, "capabilities", 12);
    put8(b, 'F');
    size_t table = table_begin(b);
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        put_short_string(b, capabilities[i], strlen(capabilities[i]));
        put8(b, 't');
        put8(b, 1);
    }
    table_end(b, table);
    put_table_text(b, "product", "amqp-sink");
    put_table_text(b, "version", "1.0.0");
    put_table_text(b, "platform", "C");
    table_end(b, properties);
    put_long_string(b, "AMQPLAIN PLAIN");
    put_long_string(b, "en_US");
    frame_end(b, frame);
    c->stage = STAGE_START_OK;
}

static void malformed(struct connection *c, uint32_t method) {
    connection_fail(c, 502, method, "SYNTAX_ERROR - malformed arguments");
}

static void out_of_place(struct connection *c, uint32_t method) {
    connection_fail(c, 503, method, "COMMAND_INVALID - not now");
}

static void unknown(struct connection *c, uint32_t method) {
    connection_fail(c, 540, method, "NOT_IMPLEMENTED - the sink does not know this method");
}

void channel_fail(struct channel *ch, uint16_t code, uint32_t method, const char *text) {
    struct buffer *b = &ch->connection->out;
    fprintf(stderr, "amqp-sink: channel %u closed: %u %s\n", ch->id, code, text);
    consumers_release(ch);
    ch->closing = true;
    ch->content = CONTENT_NONE;
    size_t frame = method_begin(b, ch->id, METHOD(20, 40));
    put16(b, code);
    put_short_string(b, text, strlen(text));
    put32(b, method);
    frame_end(b, frame);
}

void channel_release(struct channel *ch) {
    struct connection *c = ch->connection;
    consumers_release(ch);
    for (struct channel **link = &c->ack_due; *link; link = &(*link)->next_ack_due) {
        if (*link == ch) {
            *link = ch->next_ack_due;
            break;
        }
    }
    if (c->last == ch) c->last = NULL;
    if (c->skip_channel == ch) c->skip_channel = NULL;
    c->channels[ch->id] = NULL;
    free(ch);
}

static void handle_connection_method(struct connection *c, uint32_t method, struct reader *r) {
    struct buffer *b = &c->out;
    switch (method) {
    case METHOD(10, 11): {  // start-ok: anybody may come in
        if (c->stage != STAGE_START_OK) return out_of_place(c, method);
        read_long_string(r);
        read_short_string(r);
        read_long_string(r);
        read_short_string(r);
        if (r->bad) return malformed(c, method);
        size_t frame = method_begin(b, 0, METHOD(10, 30));
        put16(b, CHANNEL_MAX);
        put32(b, FRAME_MAX);
        put16(b, 0);  // heartbeats: as the client likes
        frame_end(b, frame);
        c->stage = STAGE_TUNE_OK;
        return;
    }
    case METHOD(10, 31): {  // tune-ok
        if (c->stage != STAGE_TUNE_OK) return out_of_place(c, method);
        read16(r);
        uint32_t frame_max = read32(r);
        c->heartbeat = read16(r);
        if (r->bad) return malformed(c, method);
        if (frame_max && (frame_max < 4096 || frame_max > FRAME_MAX))
            return connection_fail(c, 530, method, "NOT_ALLOWED - frame_max");
        if (frame_max) c->frame_max = frame_max;
        c->stage = STAGE_OPEN;
        return;
    }
    case METHOD(10, 40): {  // open
        if (c->stage != STAGE_OPEN) return out_of_place(c, method);
        size_t frame = method_begin(b, 0, METHOD(10, 41));
        put_short_string(b, "", 0);
        frame_end(b, frame);
        c->stage = STAGE_RUNNING;
        return;
    }
    case METHOD(10, 50):  // close
        answer_empty(c, 0, METHOD(10, 51));
        c->stage = STAGE_CLOSING;
        c->finish = true;
        return;
    case METHOD(10, 70):  // update-secret
        answer_empty(c, 0, METHOD(10, 71));
        return;
    default:
        unknown(c, method);
    }
}

static void handle_channel_open(struct connection *c, uint16_t id) {
    if (id == 0 || id > CHANNEL_MAX) return connection_fail(c, 504, METHOD(20, 10), "CHANNEL_ERROR - channel id");
    if (c->channels[id]) return connection_fail(c, 504, METHOD(20, 10), "CHANNEL_ERROR - second channel.open");
    struct channel *ch = must_allocate(sizeof *ch);
    ch->connection = c;
    ch->id = id;
    ch->next_tag = ch->low_tag = 1;
    c->channels[id] = ch;
    size_t frame = method_begin(&c->out, id, METHOD(20, 11));
    put32(&c->out, 0);
    frame_end(&c->out, frame);
}

static void handle_declare(struct connection *c, struct channel *ch, struct reader *r) {
    static uint32_t names;
    struct buffer *b = &c->out;
    read16(r);
    struct text name = read_short_string(r);
    uint8_t bits = read8(r);
    read_long_string(r);
    if (r->bad) return malformed(c, METHOD(50, 10));
    if (bits & 16) return;  // no-wait

    char made_up[32];
    if (name.length == 0) {
        int n = snprintf(made_up, sizeof made_up, "amq.gen-sink-%u", ++names);
        name = (struct text){(const uint8_t *)made_up, (size_t)n};
    }
    const bool asks = text_is(name, "sink:stats");
    size_t frame = method_begin(b, ch->id, METHOD(50, 11));
    put_short_string(b, name.bytes, name.length);
    put32(b, asks ? (uint32_t)statistics.published : 0);
    put32(b, asks ? (uint32_t)statistics.settled : 0);
    frame_end(b, frame);
}

static void handle_consume(struct connection *c, struct channel *ch, struct reader *r) {
    static uint32_t names;
    struct buffer *b = &c->out;
    read16(r);
    struct text queue = read_short_string(r);
    struct text tag = read_short_string(r);
    uint8_t bits = read8(r);
    read_long_string(r);
    if (r->bad) return malformed(c, METHOD(60, 20));

    struct pour pour = {0, 0};
    if (queue.length >= 5 && memcmp(queue.bytes, "pour:", 5) == 0 && !parse_pour_name(queue, &pour))
        return channel_fail(ch, 404, METHOD(60, 20), "NOT_FOUND - a pouring queue is called pour:COUNT:BODYSIZE");
    char made_up[32];
    if (tag.length == 0) {
        int n = snprintf(made_up, sizeof made_up, "amq.ctag-sink-%u", ++names);
        tag = (struct text){(const uint8_t *)made_up, (size_t)n};
    }
    if (consumer_find(ch, tag))
        return connection_fail(c, 530, METHOD(60, 20), "NOT_ALLOWED - this consumer tag is taken");
    if (!consumer_start(ch, tag, bits & 2, pour))
        return channel_fail(ch, 506, METHOD(60, 20), "RESOURCE_ERROR - too many consumers on this channel");
    if (bits & 8) return;  // no-wait
    size_t frame = method_begin(b, ch->id, METHOD(60, 21));
    put_short_string(b, tag.bytes, tag.length);
    frame_end(b, frame);
}

static void handle_channel_method(struct connection *c, struct channel *ch, uint32_t method, struct reader *r) {
    struct buffer *b = &c->out;
    const uint16_t id = ch->id;
    switch (method) {
    case METHOD(20, 20): {  // flow
        uint8_t active = read8(r);
        size_t frame = method_begin(b, id, METHOD(20, 21));
        put8(b, active);
        frame_end(b, frame);
        return;
    }

    case METHOD(85, 10): {  // confirm.select
        uint8_t no_wait = read8(r);
        if (r->bad) return malformed(c, method);
        ch->confirms = true;
        if (!(no_wait & 1)) answer_empty(c, id, METHOD(85, 11));
        return;
    }

    case METHOD(40, 10): {  // exchange.declare
        read16(r);
        read_short_string(r);
        read_short_string(r);
        uint8_t bits = read8(r);
        if (r->bad) return malformed(c, method);
        if (!(bits & 16)) answer_empty(c, id, METHOD(40, 11));
        return;
    }
    case METHOD(40, 20): {  // exchange.delete
        read16(r);
        read_short_string(r);
        uint8_t bits = read8(r);
        if (r->bad) return malformed(c, method);
        if (!(bits & 2)) answer_empty(c, id, METHOD(40, 21));
        return;
    }
    case METHOD(40, 30):    // exchange.bind
    case METHOD(40, 40):    // exchange.unbind
    case METHOD(50, 20): {  // queue.bind
        read16(r);
        read_short_string(r);
        read_short_string(r);
        read_short_string(r);
        uint8_t no_wait = read8(r);
        if (r->bad) return malformed(c, method);
        uint32_t ok = method == METHOD(40, 30)   ? METHOD(40, 31)
                      : method == METHOD(40, 40) ? METHOD(40, 51)
                                                 : METHOD(50, 21);
        if (!(no_wait & 1)) answer_empty(c, id, ok);
        return;
    }

    case METHOD(50, 10):
        return handle_declare(c, ch, r);
    case METHOD(50, 50):  // queue.unbind
        answer_empty(c, id, METHOD(50, 51));
        return;
    case METHOD(50, 30):    // queue.purge
    case METHOD(50, 40): {  // queue.delete
        const bool purge = method == METHOD(50, 30);
        uint32_t count = 0;
        read16(r);
        struct text name = read_short_string(r);
        uint8_t bits = read8(r);
        if (r->bad) return malformed(c, method);
        if (purge && text_is(name, "sink:stats")) {
            count = (uint32_t)statistics.published;
            statistics.published = statistics.settled = 0;
        }
        if (bits & (purge ? 1 : 4)) return;  // no-wait
        size_t frame = method_begin(b, id, method + 1);
        put32(b, count);
        frame_end(b, frame);
        return;
    }

    case METHOD(60, 10): {  // basic.qos
        read32(r);
        uint16_t prefetch = read16(r);
        uint8_t global = read8(r);
        if (r->bad) return malformed(c, method);
        if (global & 1)
            ch->shared_window = prefetch;
        else
            ch->prefetch = prefetch;
        answer_empty(c, id, METHOD(60, 11));
        return;
    }
    case METHOD(60, 20):
        return handle_consume(c, ch, r);
    case METHOD(60, 30): {  // basic.cancel
        struct text tag = read_short_string(r);
        uint8_t no_wait = read8(r);
        if (r->bad) return malformed(c, method);
        struct consumer *consumer = consumer_find(ch, tag);
        if (consumer) consumer_cancel(consumer);
        if (no_wait & 1) return;
        size_t frame = method_begin(b, id, METHOD(60, 31));
        put_short_string(b, tag.bytes, tag.length);
        frame_end(b, frame);
        return;
    }
    case METHOD(60, 70): {  // basic.get
        size_t frame = method_begin(b, id, METHOD(60, 72));
        put_short_string(b, "", 0);
        frame_end(b, frame);
        return;
    }
    case METHOD(60, 80):  // basic.ack
    case METHOD(60, 90):  // basic.reject
    case METHOD(60, 120): {  // basic.nack
        uint64_t tag = read64(r);
        uint8_t bits = read8(r);
        if (r->bad) return malformed(c, method);
        const bool multiple = method != METHOD(60, 90) && (bits & 1);
        const bool requeue = (method == METHOD(60, 90) && (bits & 1)) || (method == METHOD(60, 120) && (bits & 2));
        return settle(ch, tag, multiple, requeue, method);
    }
    case METHOD(60, 110):  // basic.recover
        answer_empty(c, id, METHOD(60, 111));
        return;

    default:
        unknown(c, method);
    }
}

void handle_method(struct connection *c, uint16_t id, const uint8_t *payload, size_t size) {
    struct reader r = {payload + 4, payload + size, false};
    const uint32_t method = get32(payload);

    if (id == 0) return handle_connection_method(c, method, &r);
    if (c->stage != STAGE_RUNNING) return out_of_place(c, method);
    if (method == METHOD(20, 10)) return handle_channel_open(c, id);

    struct channel *ch = id <= CHANNEL_MAX ? c->channels[id] : NULL;
    if (!ch) {
        connection_fail(c, 504, method, "CHANNEL_ERROR - this channel is not open");
    } else if (method == METHOD(20, 40)) {  // close, also when it crosses ours
        channel_release(ch);
        answer_empty(c, id, METHOD(20, 41));
    } else if (method == METHOD(20, 41)) {
        if (!ch->closing) return out_of_place(c, method);
        channel_release(ch);
    } else if (!ch->closing) {
        handle_channel_method(c, ch, method, &r);
    }
}
