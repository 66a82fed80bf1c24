// Bytes on the wire: big-endian access, a growing output buffer with frames in it, a bounded argument reader.
#ifndef AMQP_SINK_WIRE_H
#define AMQP_SINK_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FRAME_METHOD = 1, FRAME_HEADER = 2, FRAME_BODY = 3, FRAME_HEARTBEAT = 8, FRAME_END = 0xCE };
enum { FRAME_HEAD = 7, FRAME_OVERHEAD = 8, FRAME_MAX = 131072 };

#define METHOD(class_id, method_id) ((uint32_t)(class_id) << 16 | (uint32_t)(method_id))

static inline uint16_t get16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return be16toh(v);
}

static inline uint32_t get32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return be32toh(v);
}

static inline uint64_t get64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return be64toh(v);
}

static inline void set32(uint8_t *p, uint32_t v) {
    v = htobe32(v);
    memcpy(p, &v, sizeof v);
}

static inline void set64(uint8_t *p, uint64_t v) {
    v = htobe64(v);
    memcpy(p, &v, sizeof v);
}

// Memory that is not there ends the process: this is a tool, and a half-served benchmark is worth nothing.
void *must_allocate(size_t size);
void *must_reallocate(void *old, size_t size);

// Octets from `start` to `end` wait to be sent.
struct buffer {
    uint8_t *data;
    size_t start, end, capacity;
};

static inline size_t buffer_length(const struct buffer *b) { return b->end - b->start; }
uint8_t *buffer_reserve(struct buffer *b, size_t size);
void buffer_append(struct buffer *b, const void *bytes, size_t size);
void buffer_free(struct buffer *b);

void put8(struct buffer *b, uint8_t v);
void put16(struct buffer *b, uint16_t v);
void put32(struct buffer *b, uint32_t v);
void put64(struct buffer *b, uint64_t v);
void put_short_string(struct buffer *b, const void *bytes, size_t size);
void put_long_string(struct buffer *b, const char *text);

// Both give the offset from `b->start` that the matching end call needs.
size_t frame_begin(struct buffer *b, uint8_t type, uint16_t channel);
size_t method_begin(struct buffer *b, uint16_t channel, uint32_t method);
void frame_end(struct buffer *b, size_t frame);

size_t table_begin(struct buffer *b);
void table_end(struct buffer *b, size_t table);

struct text {
    const uint8_t *bytes;
    size_t length;
};

static inline bool text_is(struct text t, const char *other) {
    return t.length == strlen(other) && memcmp(t.bytes, other, t.length) == 0;
}

// Reads the arguments of a method. Past the end it gives zeros and remembers that in `bad`.
struct reader {
    const uint8_t *p, *end;
    bool bad;
};

uint8_t read8(struct reader *r);
uint16_t read16(struct reader *r);
uint32_t read32(struct reader *r);
uint64_t read64(struct reader *r);
struct text read_short_string(struct reader *r);
struct text read_long_string(struct reader *r);  // a table too: both are a 32-bit length and that many octets

#endif
