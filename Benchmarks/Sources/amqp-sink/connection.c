#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sink.h"

enum {
    READ_SIZE = 256 * 1024,
    LARGE_BODY = 16 * 1024,  // from here on a body is cheaper to drop in the kernel than to copy
    SMALL_READ = 4 * 1024,
    WRITE_BUDGET = 1024 * 1024,
};

#define BASIC_PUBLISH METHOD(60, 40)
#define BASIC_ACK METHOD(60, 80)

struct statistics statistics;

// One thread reads one connection at a time, so one buffer serves them all and stays in the cache.
static uint8_t input[FRAME_MAX + READ_SIZE];

void connection_fail(struct connection *c, uint16_t code, uint32_t method, const char *text) {
    if (c->stage == STAGE_CLOSING) return;
    fprintf(stderr, "amqp-sink: connection closed: %u %s\n", code, text);
    if (c->stage >= STAGE_TUNE_OK) {
        size_t frame = method_begin(&c->out, 0, METHOD(10, 50));
        put16(&c->out, code);
        put_short_string(&c->out, text, strlen(text));
        put32(&c->out, method);
        frame_end(&c->out, frame);
    }
    c->stage = STAGE_CLOSING;
    c->finish = true;
}

static inline struct channel *find_channel(struct connection *c, uint16_t id) {
    struct channel *ch = c->last;
    if (ch && ch->id == id) return ch;
    ch = id <= CHANNEL_MAX ? c->channels[id] : NULL;
    if (ch) c->last = ch;
    return ch;
}

static inline void content_complete(struct connection *c, struct channel *ch) {
    ch->content = CONTENT_NONE;
    statistics.published++;
    if (!ch->confirms) return;
    ch->published++;
    if (!ch->ack_due) {
        ch->ack_due = true;
        ch->next_ack_due = c->ack_due;
        c->ack_due = ch;
    }
}

static inline bool handle_publish(struct connection *c, struct channel *ch, const uint8_t *p, size_t size) {
    // method 4, reserved 2, exchange, routing key, bits
    size_t exchange = size > 6 ? p[6] : 0;
    size_t key_at = 7 + exchange;
    if (size < key_at + 2 || size != key_at + 1 + p[key_at] + 1) {
        connection_fail(c, 502, BASIC_PUBLISH, "SYNTAX_ERROR - malformed basic.publish");
        return false;
    }
    ch->content = CONTENT_HEADER;
    return true;
}

static inline bool handle_header(struct connection *c, struct channel *ch, const uint8_t *p, size_t size) {
    if (ch->content != CONTENT_HEADER) {
        connection_fail(c, 505, 0, "UNEXPECTED_FRAME - a content header that no method announced");
        return false;
    }
    if (size < 14 || get16(p) != 60 || get16(p + 2) != 0) {
        connection_fail(c, 502, 0, "SYNTAX_ERROR - malformed content header");
        return false;
    }
    ch->body_left = get64(p + 4);
    ch->content = CONTENT_BODY;
    c->large_bodies = ch->body_left >= LARGE_BODY;
    if (ch->body_left == 0) content_complete(c, ch);
    return true;
}

// Takes the announced size off the message as soon as the head of the frame is there.
static inline bool handle_body_head(struct connection *c, struct channel *ch, size_t size) {
    if (ch->content != CONTENT_BODY || size > ch->body_left) {
        connection_fail(c, 505, 0, "UNEXPECTED_FRAME - a body that no header announced");
        return false;
    }
    ch->body_left -= size;
    return true;
}

static bool handle_odd_frame(struct connection *c, uint8_t type, uint16_t id, size_t size) {
    if (type == FRAME_HEARTBEAT && id == 0 && size == 0) return true;
    if (type == FRAME_METHOD || type == FRAME_HEADER || type == FRAME_BODY)
        connection_fail(c, 504, 0, "CHANNEL_ERROR - this channel is not open");
    else
        connection_fail(c, 501, 0, "FRAME_ERROR - unknown type of frame");
    return false;
}

// Goes through what is there; gives how much of it is done with. Stops where the connection fails.
static size_t parse(struct connection *c, const uint8_t *const bytes, size_t length) {
    const uint8_t *p = bytes, *const end = bytes + length;

    if (c->stage == STAGE_HEADER) {
        if (length < 8) return 0;
        if (memcmp(p, "AMQP\0\0\11\1", 8) != 0) {
            buffer_append(&c->out, "AMQP\0\0\11\1", 8);
            c->stage = STAGE_CLOSING;
            c->finish = true;
            return length;
        }
        handshake_start(c);
        p += 8;
    }

    while (!c->finish) {
        if (c->skip) {
            size_t there = (size_t)(end - p);
            if (there < c->skip) {
                c->skip -= there;
                return length;
            }
            p += c->skip;
            c->skip = 0;
            if (p[-1] != FRAME_END) {
                connection_fail(c, 501, 0, "FRAME_ERROR - no end octet");
                break;
            }
            struct channel *ch = c->skip_channel;
            if (ch && !ch->closing && ch->body_left == 0) content_complete(c, ch);
        }

        if (end - p < FRAME_HEAD) break;
        const uint8_t type = p[0];
        const uint16_t id = get16(p + 1);
        const size_t size = get32(p + 3);
        if (size > c->frame_max - FRAME_OVERHEAD) {
            connection_fail(c, 501, 0, "FRAME_ERROR - a frame over frame_max");
            break;
        }

        struct channel *ch = find_channel(c, id);
        if (type == FRAME_BODY && ch) {
            if (!ch->closing && !handle_body_head(c, ch, size)) break;
            c->skip = size + 1;
            c->skip_channel = ch;
            p += FRAME_HEAD;
            continue;
        }

        if ((size_t)(end - p) < size + FRAME_OVERHEAD) break;
        const uint8_t *payload = p + FRAME_HEAD;
        p = payload + size + 1;
        if (p[-1] != FRAME_END) {
            connection_fail(c, 501, 0, "FRAME_ERROR - no end octet");
            break;
        }
        if (type == FRAME_HEADER && ch) {
            if (!ch->closing && !handle_header(c, ch, payload, size)) break;
        } else if (type == FRAME_METHOD) {
            if (size < 4) {
                connection_fail(c, 502, 0, "SYNTAX_ERROR - a method of less than four octets");
                break;
            }
            const uint32_t method = get32(payload);
            if (ch && !ch->closing && ch->content != CONTENT_NONE) {
                // channel.close may come in the midst of a message, nothing else
                if (method != METHOD(20, 40)) {
                    connection_fail(c, 505, method, "UNEXPECTED_FRAME - a method inside of a message");
                    break;
                }
            }
            if (method == BASIC_PUBLISH && ch && !ch->closing && c->stage == STAGE_RUNNING) {
                if (!handle_publish(c, ch, payload, size)) break;
            } else {
                handle_method(c, id, payload, size);
            }
        } else if (!handle_odd_frame(c, type, id, size)) {
            break;
        }
    }
    return c->finish ? length : (size_t)(p - bytes);
}

static void append_confirms(struct connection *c) {
    while (c->ack_due) {
        struct channel *ch = c->ack_due;
        c->ack_due = ch->next_ack_due;
        ch->ack_due = false;
        uint8_t *p = buffer_reserve(&c->out, 21);
        p[0] = FRAME_METHOD;
        p[1] = (uint8_t)(ch->id >> 8);
        p[2] = (uint8_t)ch->id;
        set32(p + 3, 13);
        set32(p + 7, BASIC_ACK);
        set64(p + 11, ch->published);
        p[19] = 1;  // multiple
        p[20] = FRAME_END;
        c->out.end += 21;
        statistics.confirms_sent++;
    }
}

// One turn: one read, whatever it brings, and one confirm for each channel that published in it.
void connection_read(struct connection *c) {
    // All but the end octet of a large body can go without ever leaving the kernel.
    if (c->skip > SMALL_READ) {
        ssize_t n = recv(c->fd, NULL, c->skip - 1, MSG_TRUNC | MSG_DONTWAIT);
        if (n > 0) {
            c->skip -= (size_t)n;
            statistics.reads++;
            statistics.octets_read += (uint64_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            c->dead = true;
        }
        return;
    }

    if (c->rest_length) memcpy(input, c->rest, c->rest_length);
    const size_t room = c->large_bodies ? SMALL_READ : READ_SIZE;
    ssize_t n = recv(c->fd, input + c->rest_length, room, MSG_DONTWAIT);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) c->dead = true;
        return;
    }
    statistics.reads++;
    statistics.octets_read += (uint64_t)n;
    if (c->finish) return;  // what a connection that is being closed still has to say does not matter

    const size_t length = c->rest_length + (size_t)n;
    const size_t done = parse(c, input, length);
    c->rest_length = length - done;
    if (c->rest_length) {
        if (c->rest_capacity < c->rest_length) {
            c->rest_capacity = c->rest_length < 256 ? 256 : c->rest_length;
            c->rest = must_reallocate(c->rest, c->rest_capacity);
        }
        memcpy(c->rest, input + done, c->rest_length);
    }
    append_confirms(c);
}

// How much the socket took; less than `size` means that it is full, or that the connection is dead.
static size_t send_some(struct connection *c, const uint8_t *bytes, size_t size) {
    ssize_t n = send(c->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) c->dead = true;
        return 0;
    }
    statistics.writes++;
    statistics.octets_written += (uint64_t)n;
    return (size_t)n;
}

// Sends, in this order, the piece of image that was begun, the answers, and pieces of image until the socket is
// full, nobody has credit, or other connections are due.
void connection_write(struct connection *c) {
    size_t budget = WRITE_BUDGET;
    for (;;) {
        if (c->image_left) {
            size_t wanted = c->image_left;
            size_t n = send_some(c, c->image, wanted);
            c->image += n;
            c->image_left -= n;
            if (n < wanted) return;
            budget -= n < budget ? n : budget;
        }
        if (buffer_length(&c->out)) {
            size_t wanted = buffer_length(&c->out);
            size_t n = send_some(c, c->out.data + c->out.start, wanted);
            c->out.start += n;
            if (n < wanted) return;
        }
        if (c->finish) {
            // The peer closes; if we did, what it still sends would reset the connection under our last words.
            shutdown(c->fd, SHUT_WR);
            return;
        }
        if (budget == 0 || !pour_next(c)) return;
    }
}

void connection_release(struct connection *c) {
    close(c->fd);
    for (unsigned id = 1; id <= CHANNEL_MAX; id++)
        if (c->channels[id]) channel_release(c->channels[id]);
    buffer_free(&c->out);
    free(c->rest);
    free(c);
}
