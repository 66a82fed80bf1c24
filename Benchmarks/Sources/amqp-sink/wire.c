#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

void *must_reallocate(void *old, size_t size) {
    void *p = realloc(old, size ? size : 1);
    if (!p) {
        fputs("amqp-sink: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

void *must_allocate(size_t size) { return memset(must_reallocate(NULL, size), 0, size); }

uint8_t *buffer_reserve(struct buffer *b, size_t size) {
    if (b->start == b->end) b->start = b->end = 0;
    if (b->capacity - b->end < size && b->start > 0) {
        memmove(b->data, b->data + b->start, buffer_length(b));
        b->end -= b->start;
        b->start = 0;
    }
    if (b->capacity - b->end < size) {
        size_t capacity = b->capacity ? b->capacity : 512;
        while (capacity - b->end < size) capacity *= 2;
        b->data = must_reallocate(b->data, capacity);
        b->capacity = capacity;
    }
    return b->data + b->end;
}

void buffer_append(struct buffer *b, const void *bytes, size_t size) {
    if (!size) return;
    memcpy(buffer_reserve(b, size), bytes, size);
    b->end += size;
}

void buffer_free(struct buffer *b) {
    free(b->data);
    *b = (struct buffer){0};
}

void put8(struct buffer *b, uint8_t v) { buffer_append(b, &v, 1); }

void put16(struct buffer *b, uint16_t v) {
    v = htobe16(v);
    buffer_append(b, &v, sizeof v);
}

void put32(struct buffer *b, uint32_t v) {
    v = htobe32(v);
    buffer_append(b, &v, sizeof v);
}

void put64(struct buffer *b, uint64_t v) {
    v = htobe64(v);
    buffer_append(b, &v, sizeof v);
}

void put_short_string(struct buffer *b, const void *bytes, size_t size) {
    put8(b, (uint8_t)size);
    buffer_append(b, bytes, size);
}

void put_long_string(struct buffer *b, const char *text) {
    put32(b, (uint32_t)strlen(text));
    buffer_append(b, text, strlen(text));
}

size_t frame_begin(struct buffer *b, uint8_t type, uint16_t channel) {
    size_t frame = buffer_length(b);
    put8(b, type);
    put16(b, channel);
    put32(b, 0);
    return frame;
}

size_t method_begin(struct buffer *b, uint16_t channel, uint32_t method) {
    size_t frame = frame_begin(b, FRAME_METHOD, channel);
    put32(b, method);
    return frame;
}

void frame_end(struct buffer *b, size_t frame) {
    set32(b->data + b->start + frame + 3, (uint32_t)(buffer_length(b) - frame - FRAME_HEAD));
    put8(b, FRAME_END);
}

size_t table_begin(struct buffer *b) {
    size_t table = buffer_length(b);
    put32(b, 0);
    return table;
}

void table_end(struct buffer *b, size_t table) {
    set32(b->data + b->start + table, (uint32_t)(buffer_length(b) - table - 4));
}

static const uint8_t *take(struct reader *r, size_t size) {
    if (r->bad || (size_t)(r->end - r->p) < size) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += size;
    return p;
}

uint8_t read8(struct reader *r) {
    const uint8_t *p = take(r, 1);
    return p ? *p : 0;
}

uint16_t read16(struct reader *r) {
    const uint8_t *p = take(r, 2);
    return p ? get16(p) : 0;
}

uint32_t read32(struct reader *r) {
    const uint8_t *p = take(r, 4);
    return p ? get32(p) : 0;
}

uint64_t read64(struct reader *r) {
    const uint8_t *p = take(r, 8);
    return p ? get64(p) : 0;
}

struct text read_short_string(struct reader *r) {
    size_t length = read8(r);
    const uint8_t *p = take(r, length);
    return (struct text){p ? p : (const uint8_t *)"", p ? length : 0};
}

struct text read_long_string(struct reader *r) {
    size_t length = read32(r);
    const uint8_t *p = take(r, length);
    return (struct text){p ? p : (const uint8_t *)"", p ? length : 0};
}
