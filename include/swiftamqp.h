/*
 * swiftamqp.h - a RabbitMQ (AMQP 0-9-1) client that loses nothing: the C interface of SwiftAMQP.
 *
 * Link with -lswiftamqp (pkg-config --cflags --libs swiftamqp). No Swift toolchain and no initialisation is needed.
 *
 *     samqp_options *options = samqp_options_new();
 *     samqp_client *client = NULL;
 *     samqp_error *error = NULL;
 *     samqp_options_add_endpoint(options, "amqp://guest:guest@localhost/", NULL);
 *     if (samqp_client_open(&client, options, NULL, NULL, 30000, &error) != SAMQP_OK) { puts(samqp_error_message(error)); ... }
 *
 * The client is supervised: it reconnects, puts back what was declared, subscribes its consumers again and sends again what
 * has no confirm. Every publish ends in exactly one outcome, and a delivery of a lost connection cannot be settled by mistake.
 * What is promised, and how it is tested, is in docs/reliability.md.
 *
 * RULES THAT HOLD FOR EVERY FUNCTION
 *
 * Ownership   What a function gives through an out parameter, or a *_new function returns, belongs to the caller, who
 *             releases it once with the *_free function of its type. Handles are freed in any order: what depends on a handle
 *             keeps the thing behind it alive. *_free(NULL) does nothing, and no *_free ever waits. A const pointer that an
 *             accessor returns is borrowed from the handle that was asked, and valid until that handle is freed or changed.
 *             Inputs (strings, tables, bodies) are copied unless the function says otherwise.
 * Strings     UTF-8 with a zero at the end. Names, keys and text properties have 255 bytes at most. A byte sequence that is
 *             not UTF-8 is refused with SAMQP_ERR_INVALID_ARGUMENT. In what comes from the broker, bytes that are not UTF-8
 *             are replaced by U+FFFD, and a text ends at its first zero byte.
 * Errors      A samqp_status: SAMQP_OK, which is 0, or a negative SAMQP_ERR_*. Functions that return a count, or 1 and 0,
 *             return such a negative number in place of it. Where the last parameter is samqp_error **, it may be NULL;
 *             else it is set to NULL on success and to an error, which the caller frees, on failure. There is no errno and no
 *             "last error" of a thread. A NULL handle, or an argument out of its range, gives SAMQP_ERR_INVALID_ARGUMENT.
 * Threads     Every function may be called by any thread at any time, and handles may be shared. The one thing that is not
 *             allowed is to use a handle that is being freed, or was. Handles that only hold values (options, tables,
 *             topologies, errors, events) may be read by many threads, or changed by one.
 * Time        timeout_ms is in milliseconds: 0 does not wait, a negative number waits without a limit. A call that runs out of
 *             time gives SAMQP_ERR_TIMEOUT.
 * Callbacks   Nothing needs one. Where one is offered, its documentation says which thread calls it, and what may be done
 *             there. A call that would have to wait for its own caller gives SAMQP_ERR_WOULD_DEADLOCK. Exceptions and longjmp
 *             must not leave a callback.
 * fork(2)     A child process cannot use the handles of its parent, nor make new ones: every call gives SAMQP_ERR_FORKED,
 *             nothing is written to any socket, and *_free does nothing. A child that calls exec(2) inherits no descriptor.
 * Signals     No signal is used or handled, and none arrives on a thread of the library. SIGPIPE is not raised by it.
 * Versions    Numbers and names of this header do not change their meaning; there will be more. Unknown event types, states
 *             and status codes have to be expected. Structs that begin with struct_size grow at their ends.
 */
#ifndef SWIFTAMQP_H
#define SWIFTAMQP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ Version */

/* The version of this header. */
#define SAMQP_VERSION_MAJOR 0
#define SAMQP_VERSION_MINOR 1
#define SAMQP_VERSION_PATCH 0
/* One number that grows: major * 1000000 + minor * 1000 + patch. */
#define SAMQP_VERSION (SAMQP_VERSION_MAJOR * 1000000 + SAMQP_VERSION_MINOR * 1000 + SAMQP_VERSION_PATCH)

/* The version of the library that is loaded, as SAMQP_VERSION counts. */
uint32_t samqp_version(void);

/* The same as text, for example "0.1.0". It lives as long as the process. */
const char *samqp_version_string(void);

/* ------------------------------------------------------------------------------------------------ Status */

/* SAMQP_OK or one of SAMQP_ERR_*. */
typedef int32_t samqp_status;

#define SAMQP_OK 0
/* An argument is NULL, out of its range, or does not fit into the protocol; an option has an unknown key or a bad value. */
#define SAMQP_ERR_INVALID_ARGUMENT (-1)
/* The time ran out. What was asked for may still happen, unless the function says otherwise. */
#define SAMQP_ERR_TIMEOUT (-2)
/* The operation was given up by this program. */
#define SAMQP_ERR_CANCELLED (-3)
/* The client, publisher, consumer, channel or queue was closed by this program. */
#define SAMQP_ERR_CLOSED (-4)
/* No connection came about: the name was not resolved, nobody answered, or the peer does not speak AMQP 0-9-1. */
#define SAMQP_ERR_CONNECT (-5)
/* TLS failed: the chain, the host name, or the handshake. */
#define SAMQP_ERR_TLS (-6)
/* The broker refused the credentials or the virtual host, or has no SASL mechanism that this side has. */
#define SAMQP_ERR_AUTH (-7)
/* The broker sent bytes that break the protocol or a limit of this client. */
#define SAMQP_ERR_PROTOCOL (-8)
/* The broker closed the connection; samqp_error_reply_code has its number. */
#define SAMQP_ERR_CONNECTION_EXCEPTION (-9)
/* The connection was lost: a reset, the end of the stream, or nothing heard for the heartbeat timeout. */
#define SAMQP_ERR_CONNECTION_LOST (-10)
/* The broker closed the channel because an operation failed (404, 406, ...); samqp_error_reply_code has its number. */
#define SAMQP_ERR_CHANNEL_EXCEPTION (-11)
/* A publish: the broker refused it (basic.nack). That is no proof that no queue has it. */
#define SAMQP_ERR_NACKED (-12)
/* A publish: the broker could route it to no queue (basic.return). It is in no queue. */
#define SAMQP_ERR_RETURNED (-13)
/* A publish: it may or may not be in its queues. Sending it again may duplicate it, not sending it again may lose it. */
#define SAMQP_ERR_UNKNOWN (-14)
/* A publish: nothing of it was sent. It is in no queue. */
#define SAMQP_ERR_NOT_SENT (-15)
/* The broker takes no publishes at present (connection.blocked). */
#define SAMQP_ERR_BLOCKED (-16)
/* There is no room now. SAMQP_EVENT_WRITABLE tells when there is. */
#define SAMQP_ERR_WOULD_BLOCK (-17)
/* The call would wait for its own caller: it was made inside a callback. */
#define SAMQP_ERR_WOULD_DEADLOCK (-18)
/* A delivery: its channel is gone, nothing was written, and the broker delivers the message again. */
#define SAMQP_ERR_STALE (-19)
/* A delivery: it was settled before, or the broker has settled it (automatic acknowledgement). */
#define SAMQP_ERR_ALREADY_SETTLED (-20)
/* The broker ended the consumer, for example because its queue was deleted. */
#define SAMQP_ERR_CONSUMER_CANCELLED (-21)
/* A consumer with automatic acknowledgement fell behind further than its buffer allows. */
#define SAMQP_ERR_OVERFLOW (-22)
/* A message or its properties exceed a limit of the connection. */
#define SAMQP_ERR_TOO_LARGE (-23)
/* This process is a child of fork(2), and the library was in use before. */
#define SAMQP_ERR_FORKED (-24)
/* What was asked for is not supported by this build, for example "amqps" without TLS. */
#define SAMQP_ERR_UNSUPPORTED (-25)
/* A resource ran out: memory, threads, descriptors, channel numbers of a connection. */
#define SAMQP_ERR_NO_MEMORY (-26)
/* A fault of the library. Please report it. */
#define SAMQP_ERR_INTERNAL (-27)
/* A table has no such key, or a list no such index. */
#define SAMQP_ERR_NOT_FOUND (-28)
/* A value of a table is of another kind, or does not fit into the type that was asked for. */
#define SAMQP_ERR_WRONG_TYPE (-29)
/* What was declared is there, but not all of it; it is tried again by itself. */
#define SAMQP_ERR_DEGRADED (-30)

/* The name of a status, for example "SAMQP_ERR_TIMEOUT"; "SAMQP_ERR_?" for a number that has none. Lives as long as the
 * process. */
const char *samqp_status_name(samqp_status status);

/* ------------------------------------------------------------------------------------------------ Errors */

/* What went wrong, for programs and for people. No password and no other secret is ever in it. */
typedef struct samqp_error samqp_error;

/* The status that the failed function returned. SAMQP_OK for NULL. */
samqp_status samqp_error_code(const samqp_error *error);

/* Why, where a publish ended: the status is then one of SAMQP_ERR_NACKED, _RETURNED, _UNKNOWN and _NOT_SENT, and the cause for
 * example SAMQP_ERR_TIMEOUT or SAMQP_ERR_CONNECTION_LOST. For every other error the same as samqp_error_code. */
samqp_status samqp_error_cause(const samqp_error *error);

/* What happened, where, and what to do about it, in a sentence or two. Never NULL; "" for a NULL error. */
const char *samqp_error_message(const samqp_error *error);

/* The broker's reply code (https://www.rabbitmq.com/amqp-0-9-1-reference.html#constants), for example 404; 0 if it said none. */
int32_t samqp_error_reply_code(const samqp_error *error);

/* errno of the system call that failed; 0 if none did. */
int32_t samqp_error_errno(const samqp_error *error);

/* "host:port/vhost" where one is known, else "". */
const char *samqp_error_endpoint(const samqp_error *error);

/* 1 if the same call may succeed later without a change of the program or of the broker's configuration, else 0. It does not
 * say whether a message exists already: see SAMQP_ERR_UNKNOWN. */
int32_t samqp_error_is_retriable(const samqp_error *error);

/* Releases an error. Not for those that samqp_event_error lends. */
void samqp_error_free(samqp_error *error);

/* ------------------------------------------------------------------------------------------------ Tables */

/*
 * Headers, and arguments of queues, exchanges, bindings and consumers: values with names, in an order. A table made by
 * samqp_table_new may also serve as a list: then entries are appended with key NULL and read by their index.
 *
 * Kinds of AMQP 0-9-1 as RabbitMQ has them (https://www.rabbitmq.com/amqp-0-9-1-errata.html#section_3).
 */
typedef struct samqp_table samqp_table;

/* What kind a value has: the letter that it has on the wire. */
typedef int32_t samqp_kind;

#define SAMQP_KIND_BOOL 0x74 /* 't' */
#define SAMQP_KIND_INT8 0x62 /* 'b' */
#define SAMQP_KIND_UINT8 0x42 /* 'B' */
#define SAMQP_KIND_INT16 0x73 /* 's' */
#define SAMQP_KIND_UINT16 0x75 /* 'u' */
#define SAMQP_KIND_INT32 0x49 /* 'I' */
#define SAMQP_KIND_UINT32 0x69 /* 'i' */
#define SAMQP_KIND_INT64 0x6c /* 'l' */
/* RabbitMQ reads it as signed. */
#define SAMQP_KIND_UINT64 0x4c /* 'L' */
#define SAMQP_KIND_FLOAT 0x66 /* 'f' */
#define SAMQP_KIND_DOUBLE 0x64 /* 'd' */
#define SAMQP_KIND_DECIMAL 0x44 /* 'D' */
#define SAMQP_KIND_STRING 0x53 /* 'S' */
#define SAMQP_KIND_BYTES 0x78 /* 'x' */
#define SAMQP_KIND_TIMESTAMP 0x54 /* 'T' */
#define SAMQP_KIND_ARRAY 0x41 /* 'A' */
#define SAMQP_KIND_TABLE 0x46 /* 'F' */
#define SAMQP_KIND_VOID 0x56 /* 'V' */

/* An empty table. */
samqp_table *samqp_table_new(void);

/* A copy, with everything in it. NULL for NULL. */
samqp_table *samqp_table_copy(const samqp_table *table);

/* Releases a table. */
void samqp_table_free(samqp_table *table);

/*
 * Setting. A key that is there keeps its place and gets the new value; key NULL appends an entry without a name, for a table
 * that is meant as a list. Keys have 255 bytes at most.
 */
samqp_status samqp_table_set_bool(samqp_table *table, const char *key, int32_t value);
/* An integer of this kind: any SAMQP_KIND_ of an integer. SAMQP_ERR_INVALID_ARGUMENT if the value does not fit into it. */
samqp_status samqp_table_set_int(samqp_table *table, const char *key, int64_t value, samqp_kind kind);
/* SAMQP_KIND_UINT64: for values that int64_t does not hold. */
samqp_status samqp_table_set_uint64(samqp_table *table, const char *key, uint64_t value);
/* SAMQP_KIND_DOUBLE or SAMQP_KIND_FLOAT. RabbitMQ closes the connection for infinities and NaN: they are refused. */
samqp_status samqp_table_set_double(samqp_table *table, const char *key, double value, samqp_kind kind);
/* value divided by ten to the power of scale. */
samqp_status samqp_table_set_decimal(samqp_table *table, const char *key, uint8_t scale, uint32_t value);
samqp_status samqp_table_set_string(samqp_table *table, const char *key, const char *value);
samqp_status samqp_table_set_bytes(samqp_table *table, const char *key, const void *value, size_t length);
/* Seconds since 1970-01-01T00:00:00Z. */
samqp_status samqp_table_set_timestamp(samqp_table *table, const char *key, uint64_t seconds);
samqp_status samqp_table_set_void(samqp_table *table, const char *key);
/* Copies `value`. Tables nest 32 levels deep at most, and have names for all entries: else SAMQP_ERR_INVALID_ARGUMENT. */
samqp_status samqp_table_set_table(samqp_table *table, const char *key, const samqp_table *value);
/* As samqp_table_set_table, but as a list (SAMQP_KIND_ARRAY): the names of the entries are left out. */
samqp_status samqp_table_set_array(samqp_table *table, const char *key, const samqp_table *value);
/* Takes a key out. SAMQP_ERR_NOT_FOUND if there is none. */
samqp_status samqp_table_remove(samqp_table *table, const char *key);

/* How many entries there are; 0 for NULL. */
size_t samqp_table_count(const samqp_table *table);
/* The name of an entry; "" in a list; NULL if there is no such index. */
const char *samqp_table_key_at(const samqp_table *table, size_t index);
/* The kind of an entry; 0 if there is no such index. */
samqp_kind samqp_table_kind_at(const samqp_table *table, size_t index);
/* The kind of the entry of this name; 0 if there is none. */
samqp_kind samqp_table_kind(const samqp_table *table, const char *key);

/*
 * Getting. By name, or with key NULL by index (which is ignored where a key is given). SAMQP_ERR_NOT_FOUND if there is none,
 * SAMQP_ERR_WRONG_TYPE if the value is of a kind that does not convert without loss; *out is not touched then.
 */
/* SAMQP_KIND_BOOL. */
samqp_status samqp_table_get_bool(const samqp_table *table, const char *key, size_t index, int32_t *out);
/* Every kind of integer that fits. */
samqp_status samqp_table_get_int(const samqp_table *table, const char *key, size_t index, int64_t *out);
/* Every kind of integer that is not negative. */
samqp_status samqp_table_get_uint64(const samqp_table *table, const char *key, size_t index, uint64_t *out);
/* SAMQP_KIND_FLOAT and SAMQP_KIND_DOUBLE. */
samqp_status samqp_table_get_double(const samqp_table *table, const char *key, size_t index, double *out);
samqp_status samqp_table_get_decimal(
    const samqp_table *table, const char *key, size_t index, uint8_t *scale, uint32_t *value);
/* SAMQP_KIND_STRING, borrowed from the table. `length`, which may be NULL, is its bytes without the zero at the end. One of the
 * broker's that has a zero in it ends there; samqp_table_get_bytes gives all of it. */
samqp_status samqp_table_get_string(
    const samqp_table *table, const char *key, size_t index, const char **out, size_t *length);
/* SAMQP_KIND_BYTES and SAMQP_KIND_STRING, borrowed from the table. *out is not NULL, also if there are no bytes. */
samqp_status samqp_table_get_bytes(
    const samqp_table *table, const char *key, size_t index, const void **out, size_t *length);
samqp_status samqp_table_get_timestamp(const samqp_table *table, const char *key, size_t index, uint64_t *seconds);
/* SAMQP_KIND_TABLE and SAMQP_KIND_ARRAY, borrowed from the table: it must not be changed or freed by the caller. */
samqp_status samqp_table_get_table(
    const samqp_table *table, const char *key, size_t index, const samqp_table **out);

/* ------------------------------------------------------------------------------------------------ Options */

/*
 * What a client, a publisher or a consumer is made with. One object may serve for several; it is read when the thing is made.
 * Each function that takes options reads the keys with its prefix and leaves the others alone; NULL takes every default.
 * The keys, their types, ranges and defaults are in docs/c-options.md, and samqp_options_key lists them.
 *
 * Durations are in milliseconds ("..._ms"). Booleans are "true" and "false", or 1 and 0. Where a limit can be left out, "none"
 * or -1 does that.
 */
typedef struct samqp_options samqp_options;

/* Options with nothing set. */
samqp_options *samqp_options_new(void);
/* A copy. NULL for NULL. */
samqp_options *samqp_options_copy(const samqp_options *options);
void samqp_options_free(samqp_options *options);

/* Sets a value from text, as it may stand in a configuration file. SAMQP_ERR_INVALID_ARGUMENT for a key that does not exist,
 * and a value that is not of its type or not in its range. Whether values fit together is looked at when they are used. */
samqp_status samqp_options_set(samqp_options *options, const char *key, const char *value, samqp_error **error);
/* As samqp_options_set, for keys of numbers, durations and Booleans. */
samqp_status samqp_options_set_int(samqp_options *options, const char *key, int64_t value, samqp_error **error);
/* As samqp_options_set, for keys of tables ("consumer.arguments", "connection.properties"); the table is copied. */
samqp_status samqp_options_set_table(
    samqp_options *options, const char *key, const samqp_table *value, samqp_error **error);
/* Adds a broker that the client may connect to: "amqp://user:password@host:port/vhost?heartbeat=20". They are tried in their
 * order. Keys "connection.*" apply to all of them, whatever their URIs say. */
samqp_status samqp_options_add_endpoint(samqp_options *options, const char *uri, samqp_error **error);
/* The name of the key at an index, counted from 0; NULL after the last one. Lives as long as the process. */
const char *samqp_options_key(size_t index);
/* One line that says what a key means, its type, range and default; NULL for an unknown key. Lives as long as the process. */
const char *samqp_options_help(const char *key);

/* ------------------------------------------------------------------------------------------------ Properties */

/*
 * The properties of a message (https://www.rabbitmq.com/docs/publishers#message-properties). NULL, and 0 where a comment says
 * so, is "absent". Set all of it to zero and struct_size to sizeof(samqp_properties), or use SAMQP_PROPERTIES_INIT.
 *
 * The struct grows at its end. A longer one than the library knows is refused if what it does not know is not zero.
 */
typedef struct samqp_properties {
    /* sizeof(samqp_properties) */
    size_t struct_size;
    const char *content_type;
    const char *content_encoding;
    const char *correlation_id;
    const char *reply_to;
    /* The time to live in a queue: milliseconds, as a decimal number. */
    const char *expiration;
    /* A publisher gives one to messages that have none, unless it is told not to. */
    const char *message_id;
    const char *type;
    /* The broker refuses a message whose user id is not the connection's user. */
    const char *user_id;
    const char *app_id;
    const char *cluster_id;
    const samqp_table *headers;
    /* Seconds since 1970-01-01T00:00:00Z; absent where has_timestamp is 0. */
    uint64_t timestamp;
    /* 0 to 255; absent where has_priority is 0. RabbitMQ advises to use up to 10. */
    uint8_t priority;
    /* SAMQP_PERSISTENT, SAMQP_TRANSIENT, or 0: when published, persistent; of a delivery, absent. */
    uint8_t delivery_mode;
    uint8_t has_priority;
    uint8_t has_timestamp;
    /* Zero. */
    uint8_t reserved[4];
} samqp_properties;

#define SAMQP_PROPERTIES_INIT { sizeof(samqp_properties), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0, 0, 0, 0 } }

#define SAMQP_TRANSIENT 1
#define SAMQP_PERSISTENT 2

/* ------------------------------------------------------------------------------------------------ Event queue */

/*
 * What happens, in one queue that a program polls: from a thread that waits, or from its own loop by a descriptor (epoll,
 * libuv, asyncio, a netpoller). Any number of clients, publishers and consumers may share one; any number of threads may poll
 * it, and each event goes to one of them. A queue belongs to nobody: it lives as long as its handle or something that uses it.
 */
typedef struct samqp_events samqp_events;

/* What happened. */
typedef struct samqp_event samqp_event;

typedef int32_t samqp_event_type;

/* The client is in another state. int: a SAMQP_STATE_*; text: the reason, for people, where the state has one (degraded, blocked,
 * closed; samqp_client_health says more); error: why, once it is closed; user: the client's. Only the last of several states
 * that nobody has taken is kept. */
#define SAMQP_EVENT_STATE 1
/* A publish has its outcome. tag: its tag; user: what samqp_publish was given; status: SAMQP_OK, or how it failed; error: more
 * of that; int: how many attempts were begun, 0 if nothing was sent; text: its message id, or "". Never dropped. */
#define SAMQP_EVENT_CONFIRM 2
/* Something was delivered: samqp_event_take_delivery. user: the consumer's; tag: the delivery tag. Never dropped; as many are
 * on their way as the prefetch allows. */
#define SAMQP_EVENT_DELIVERY 3
/* The state of a consumer. int: a SAMQP_CONSUMER_*; text: its tag; user: the consumer's; error: why. SAMQP_CONSUMER_ENDED comes
 * last and is never dropped. */
#define SAMQP_EVENT_CONSUMER 4
/* The broker takes no publishes (int 1; text: the reason), or takes them again (int 0). user: the client's. */
#define SAMQP_EVENT_BLOCKED 6
/* A publisher that gave SAMQP_ERR_WOULD_BLOCK has room again. user: the publisher's. Once for each time, never dropped. */
#define SAMQP_EVENT_WRITABLE 7
/* The topology was put in place, on a new connection, or once more: because something was added, or what had failed is tried
 * again. int: how many entities failed; text: which; user: the client's. */
#define SAMQP_EVENT_TOPOLOGY 8
/* A line for the log. int: a SAMQP_LOG_*; text: the line; user: the client's. */
#define SAMQP_EVENT_LOG 9

#define SAMQP_LOG_DEBUG 1
#define SAMQP_LOG_INFO 2
#define SAMQP_LOG_WARNING 3
#define SAMQP_LOG_ERROR 4

/* The broker has said consume-ok, on a new connection or again. */
#define SAMQP_CONSUMER_SUBSCRIBED 1
/* The broker refused to subscribe it, or ended it. It is tried again, unless SAMQP_CONSUMER_ENDED follows. */
#define SAMQP_CONSUMER_LOST 2
/* It takes nothing for a while, because too many handlers failed. */
#define SAMQP_CONSUMER_PAUSED 3
/* Nothing comes any more. error: why; NULL if this program wanted it. */
#define SAMQP_CONSUMER_ENDED 4

/*
 * A queue.
 *
 * high_water: how many events may be in it, 0 for 65,536, at most 16,777,216. Each publish that waits for its SAMQP_EVENT_CONFIRM
 * takes a place, so that a confirm never finds the queue full: publishing gives SAMQP_ERR_WOULD_BLOCK instead. Deliveries take
 * no places: the prefetch bounds them. STATE, BLOCKED, TOPOLOGY and LOG events that find no place are dropped, and counted in
 * samqp_stats.
 *
 * NULL, with errno, if high_water is more than that (EINVAL), no descriptor is to be had, or this is a child of fork(2).
 */
samqp_events *samqp_events_new(size_t high_water);

/* A descriptor that is readable exactly while there are events, or a wakeup: level-triggered. For poll(2), epoll(7) and their
 * like; it must not be read, written or closed. It lives as long as the handle. SAMQP_ERR_INVALID_ARGUMENT for NULL. */
int32_t samqp_events_fd(const samqp_events *events);

/*
 * Takes the next event. Waits for one for timeout_ms at most.
 *
 * Gives 1 and the event, or 0 if there is none (and NULL in *out), or a status: SAMQP_ERR_CLOSED if the queue is dispatched
 * (samqp_events_dispatch), SAMQP_ERR_WOULD_DEADLOCK if it would have to wait inside a callback. It may give 0 although the
 * descriptor was readable: a delivery can go back to the broker before it is taken.
 */
int32_t samqp_events_poll(samqp_events *events, int64_t timeout_ms, samqp_event **out);

/*
 * As samqp_events_poll, for up to `max` events at once: fewer locks, fewer system calls. Gives how many.
 * It does not wait for more than one event.
 */
int64_t samqp_events_poll_batch(samqp_events *events, int64_t timeout_ms, samqp_event **out, size_t max);

/* Makes one poll that waits now, or the next one, return 0. The descriptor is readable until then. */
samqp_status samqp_events_wakeup(samqp_events *events);

/* How many events are in the queue; deliveries that wait count as one for each consumer. */
size_t samqp_events_count(const samqp_events *events);

/*
 * Has fn(user) called when the queue stops being empty: for loops that have no descriptors. It is called by the thread that
 * adds the event, which serves sockets: it has to be short, must not wait, and must not poll. Calls that would wait give
 * SAMQP_ERR_WOULD_DEADLOCK there. This function itself calls it if there are events already, and samqp_events_poll may, where
 * another thread could have found the queue empty. It may be called once more while this function replaces it. NULL takes it
 * away.
 */
samqp_status samqp_events_set_notify(samqp_events *events, void (*fn)(void *user), void *user);

/*
 * Has fn(event, user) called with every event, in order, by one thread of the library's own, which begins now and ends when
 * samqp_events_stop is called, or the handle is freed. fn owns the event and frees it.
 *
 * Inside fn everything that does not wait may be called, also samqp_publish and samqp_delivery_ack; what waits gives
 * SAMQP_ERR_WOULD_DEADLOCK. SAMQP_ERR_INVALID_ARGUMENT if the queue is dispatched already.
 */
samqp_status samqp_events_dispatch(
    samqp_events *events, void (*fn)(samqp_event *event, void *user), void *user, samqp_error **error);

/* Ends what samqp_events_dispatch began, and waits until fn is not running any more; events that fn has not had stay in the
 * queue. Within fn it only asks for the end: that call is the last. Within any other callback it gives
 * SAMQP_ERR_WOULD_DEADLOCK while the queue is dispatched. */
samqp_status samqp_events_stop(samqp_events *events);

/* Gives the handle up. Events that nobody has taken are dropped; deliveries among them go back to their queues with their
 * consumers. A dispatcher ends after the call that it is in. */
void samqp_events_free(samqp_events *events);

/* What kind of event it is; 0 for NULL. */
samqp_event_type samqp_event_get_type(const samqp_event *event);
/* See the types for what these mean: 0, NULL and "" where a type says nothing. The status is that of the error, if there is
 * one, else SAMQP_OK. */
uint64_t samqp_event_tag(const samqp_event *event);
void *samqp_event_user(const samqp_event *event);
samqp_status samqp_event_status(const samqp_event *event);
int32_t samqp_event_int(const samqp_event *event);
/* Borrowed from the event. Never NULL. */
const char *samqp_event_text(const samqp_event *event);
/* Borrowed from the event; NULL if there is none. */
const samqp_error *samqp_event_error(const samqp_event *event);
/* The delivery of a SAMQP_EVENT_DELIVERY, which is the caller's from then on; NULL the second time, and for other types. One
 * that is never taken goes back to its queue when the event is freed. */
typedef struct samqp_delivery samqp_delivery;
samqp_delivery *samqp_event_take_delivery(samqp_event *event);
void samqp_event_free(samqp_event *event);

/* ------------------------------------------------------------------------------------------------ Topology */

/*
 * Exchanges, queues and bindings that have to be there: as a list, to be given to a client when it is made
 * (samqp_options_set_topology), applied, or compared with what the broker has. The client declares it again on every connection.
 *
 * What stands in it twice in the same way counts once. Two exchanges, or two queues, of one name that differ contradict each
 * other: making a client with it, and applying it, gives SAMQP_ERR_INVALID_ARGUMENT with both of what is said, and declares
 * nothing; a plan says the same (SAMQP_PLAN_REFUSED). Bindings that differ in their arguments are two bindings.
 */
typedef struct samqp_topology samqp_topology;

/* Flags of queues and exchanges. */
#define SAMQP_DURABLE 0x01u
#define SAMQP_EXCLUSIVE 0x02u
#define SAMQP_AUTO_DELETE 0x04u
/* An exchange that no client can publish to. */
#define SAMQP_INTERNAL 0x08u
/* A quorum queue (https://www.rabbitmq.com/docs/quorum-queues): the argument x-queue-type. With SAMQP_DURABLE alone. */
#define SAMQP_QUORUM 0x10u
/* Deletes only what nobody uses (no consumers; no bindings). */
#define SAMQP_IF_UNUSED 0x20u
/* Deletes only what is empty. */
#define SAMQP_IF_EMPTY 0x40u

samqp_topology *samqp_topology_new(void);
void samqp_topology_free(samqp_topology *topology);
/* `type`: "direct", "fanout", "topic", "headers", or one of a plugin. Flags: DURABLE, AUTO_DELETE, INTERNAL. `arguments` may be
 * NULL, here and below. */
samqp_status samqp_topology_add_exchange(
    samqp_topology *topology, const char *name, const char *type, uint32_t flags, const samqp_table *arguments);
/* Flags: DURABLE, EXCLUSIVE, AUTO_DELETE, QUORUM. With a NULL or empty name the broker chooses one: one queue may be such, and
 * bindings name it so, too. */
samqp_status samqp_topology_add_queue(
    samqp_topology *topology, const char *name, uint32_t flags, const samqp_table *arguments);
samqp_status samqp_topology_add_binding(
    samqp_topology *topology, const char *queue, const char *exchange, const char *routing_key,
    const samqp_table *arguments);
/* What `source` routes to `destination`, which is an exchange as well. */
samqp_status samqp_topology_add_exchange_binding(
    samqp_topology *topology, const char *destination, const char *source, const char *routing_key,
    const samqp_table *arguments);

/* Clients made with these options have this topology declared before anything else happens, on every connection. Copied;
 * NULL takes it away. */
samqp_status samqp_options_set_topology(samqp_options *options, const samqp_topology *topology);

/* ------------------------------------------------------------------------------------------------ Client */

/* A supervised client: it connects, comes back when a connection is lost, and puts back what was there. */
typedef struct samqp_client samqp_client;

typedef int32_t samqp_state;

/* Not connected yet. */
#define SAMQP_STATE_CONNECTING 1
/* Connected, and everything that was declared is there. */
#define SAMQP_STATE_OPEN 2
/* A connection was lost, and the client is getting it back. Publishes wait. */
#define SAMQP_STATE_RECOVERING 3
/* Connected, but some of what was declared could not be, or a consumer could not subscribe. It is tried again. */
#define SAMQP_STATE_DEGRADED 4
/* Connected, but the broker takes no publishes at present; they wait. */
#define SAMQP_STATE_BLOCKED 5
/* Being drained or closed: nothing new is taken. */
#define SAMQP_STATE_CLOSING 6
/* Ended, for good. */
#define SAMQP_STATE_CLOSED 7

/* The name of a state, for example "open"; "?" for a number that has none. Lives as long as the process. */
const char *samqp_state_name(samqp_state state);

/* What was counted since the client was made. */
typedef struct samqp_stats {
    /* sizeof(samqp_stats) */
    size_t struct_size;
    /* How publishes ended; `published` is the sum. */
    uint64_t published, confirmed, nacked, returned, unknown, not_sent;
    /* Publishes without an outcome yet, and their bytes, about. */
    uint64_t unconfirmed, unconfirmed_bytes;
    /* What became of deliveries: handled by a handler; acked; given back; rejected; moved to
     * retry and to parking queues; settled after their connection had gone. */
    uint64_t handled, acked, requeued, rejected, retried, parked, failed, stale;
    /* How many connections were opened, and consumers that are there. */
    uint64_t connections, consumers;
    /* Of the client's event queue: events in it, and dropped. */
    uint64_t events_queued, events_dropped;
} samqp_stats;

/* What samqp_client_drain did. */
typedef struct samqp_drain_report {
    /* sizeof(samqp_drain_report) */
    size_t struct_size;
    /* Deliveries: handled; acked; given back to their queues. */
    uint64_t handled, acked, requeued;
    /* Publishes that got their outcome meanwhile: confirmed, and ended as unknown. */
    uint64_t confirmed, unconfirmed;
    /* Publishes that were given up, and handlers that still ran. */
    uint64_t abandoned, unfinished_handlers;
    /* 1 if the time ran out. */
    int32_t timed_out;
    /* Zero. */
    int32_t reserved;
} samqp_drain_report;

/*
 * Makes a client and connects, and waits until it is usable: connected, and everything declared or reported as failed.
 *
 * events may be NULL; then nothing is told, and samqp_client_state and its kin have to be asked. `user` is in the client's
 * events. When timeout_ms has passed without a connection, the client is closed, and the error says why the last attempt failed;
 * with a negative one, "client.first_connect_ms" decides.
 *
 * SAMQP_ERR_INVALID_ARGUMENT for options that cannot be; SAMQP_ERR_CONNECT, _AUTH, _TIMEOUT, ... for why it did not connect.
 */
samqp_status samqp_client_open(
    samqp_client **out, const samqp_options *options, samqp_events *events, void *user, int64_t timeout_ms,
    samqp_error **error);

/* As samqp_client_open, but does not wait: connects in the background, for as long as it takes ("client.first_connect_ms").
 * Publishes wait meanwhile. */
samqp_status samqp_client_start(
    samqp_client **out, const samqp_options *options, samqp_events *events, void *user, samqp_error **error);

/* What the client is in; SAMQP_ERR_* for NULL and the like. */
samqp_state samqp_client_state(const samqp_client *client);

/* Waits until the client is usable (open, degraded or blocked). SAMQP_ERR_CLOSED and its kin if it never will be. */
samqp_status samqp_client_wait(samqp_client *client, int64_t timeout_ms, samqp_error **error);

/*
 * For probes. SAMQP_OK if work that is handed in now is done now; SAMQP_ERR_DEGRADED, SAMQP_ERR_BLOCKED, SAMQP_ERR_CLOSED, or
 * SAMQP_ERR_CONNECT while it has no connection; the error says more. Asks nobody and does not wait.
 */
samqp_status samqp_client_health(const samqp_client *client, samqp_error **error);

/* 0 only if nothing but a restart of the program can help: the client has ended, or has been without a connection for longer
 * than tolerance_ms. Else 1. For liveness probes. */
int32_t samqp_client_is_live(const samqp_client *client, int64_t tolerance_ms);

/* Fills *out: as much of it as the caller's struct_size covers. */
samqp_status samqp_client_stats(const samqp_client *client, samqp_stats *out);

/*
 * Ends the client in good order: consumers are cancelled, what was not given out goes back to its queue, deliveries that were
 * given out can still be settled; then nothing new is taken, publishes get their outcomes, and the connections are closed.
 *
 * Returns within timeout_ms and a quarter of a second, whatever the broker does; a negative one counts as 30,000. What is not
 * settled by then goes back to its queue, and publishes without an outcome end as unknown or not sent. `out`, which may be
 * NULL, is filled in any case. SAMQP_ERR_TIMEOUT if the time ran out. Later calls wait for the first one and give its report.
 */
samqp_status samqp_client_drain(
    samqp_client *client, int64_t timeout_ms, samqp_drain_report *out, samqp_error **error);

/* As samqp_client_drain with no time to wait: ends the client at once. */
samqp_status samqp_client_close(samqp_client *client, samqp_error **error);

/* Gives the handle up. A client that nothing uses any more ends at once: drain it first, where that matters. */
void samqp_client_free(samqp_client *client);

/*
 * Declares, now and again on every connection from then on. While the client has no connection it waits for one, up to
 * timeout_ms. What the broker refuses is not kept. SAMQP_ERR_CHANNEL_EXCEPTION with the broker's reply code, for example 406
 * where a queue of that name is another one. SAMQP_ERR_CONNECTION_EXCEPTION where the broker closes the connection for it, for
 * example for an exchange type that it does not know (503): it is asked twice, on two connections, and then given up.
 */
samqp_status samqp_declare_exchange(
    samqp_client *client, const char *name, const char *type, uint32_t flags, const samqp_table *arguments,
    int64_t timeout_ms, samqp_error **error);

/* What is known of a queue. */
typedef struct samqp_queue_info {
    /* sizeof(samqp_queue_info) */
    size_t struct_size;
    /* Messages that are ready, and consumers. */
    uint64_t messages, consumers;
    /* Its name: what the broker chose, for a queue that was declared without one. */
    char name[256];
} samqp_queue_info;

/* As samqp_declare_exchange. With a NULL or empty name the broker chooses one, anew on every connection;
 * samqp_current_queue_name has the present one. `info` may be NULL. */
samqp_status samqp_declare_queue(
    samqp_client *client, const char *name, uint32_t flags, const samqp_table *arguments, samqp_queue_info *info,
    int64_t timeout_ms, samqp_error **error);
samqp_status samqp_declare_binding(
    samqp_client *client, const char *queue, const char *exchange, const char *routing_key,
    const samqp_table *arguments, int64_t timeout_ms, samqp_error **error);
samqp_status samqp_declare_exchange_binding(
    samqp_client *client, const char *destination, const char *source, const char *routing_key,
    const samqp_table *arguments, int64_t timeout_ms, samqp_error **error);
/* Takes back what was declared, at the broker and for later connections. */
samqp_status samqp_delete_binding(
    samqp_client *client, const char *queue, const char *exchange, const char *routing_key,
    const samqp_table *arguments, int64_t timeout_ms, samqp_error **error);
samqp_status samqp_delete_exchange_binding(
    samqp_client *client, const char *destination, const char *source, const char *routing_key,
    const samqp_table *arguments, int64_t timeout_ms, samqp_error **error);
/* Flags: IF_UNUSED, IF_EMPTY. `messages`, which may be NULL, is how many were in it. */
samqp_status samqp_delete_queue(
    samqp_client *client, const char *name, uint32_t flags, uint64_t *messages, int64_t timeout_ms, samqp_error **error);
/* Flags: IF_UNUSED. */
samqp_status samqp_delete_exchange(
    samqp_client *client, const char *name, uint32_t flags, int64_t timeout_ms, samqp_error **error);
/* Drops the messages that are ready; `messages`, which may be NULL, is how many they were. */
samqp_status samqp_purge_queue(
    samqp_client *client, const char *name, uint64_t *messages, int64_t timeout_ms, samqp_error **error);
/* Asks the broker. SAMQP_ERR_CHANNEL_EXCEPTION with 404 if there is no such queue; nothing else suffers from that. */
samqp_status samqp_queue_status(
    samqp_client *client, const char *name, samqp_queue_info *out, int64_t timeout_ms, samqp_error **error);
/* The present name of a queue that the broker named, given any name that it has had; else the same name. Asks nobody: the
 * counts are 0. */
samqp_status samqp_current_queue_name(samqp_client *client, const char *name, samqp_queue_info *out);

/* Declares all of it, and keeps it. SAMQP_ERR_DEGRADED if some of it was refused: `failures`, which may be NULL, says how many
 * of this topology, and the error which. What the client declared before counts in its state alone. */
samqp_status samqp_topology_apply(
    samqp_client *client, const samqp_topology *topology, size_t *failures, int64_t timeout_ms, samqp_error **error);

/* What applying a topology would do. */
typedef struct samqp_plan samqp_plan;

/* It exists as declared, or would be made. */
#define SAMQP_PLAN_EXISTS 1
#define SAMQP_PLAN_MISSING 2
/* It exists with other properties: declaring it would fail. */
#define SAMQP_PLAN_DIFFERS 3
/* It could not be compared, or not be asked for. */
#define SAMQP_PLAN_UNKNOWN 4
/* Declaring it would fail: another connection has it for itself, the user may not, an end of the binding is missing, or no broker
 * of this version would take it. */
#define SAMQP_PLAN_REFUSED 5

/* Compares with what the broker has, and changes nothing. */
samqp_status samqp_topology_plan(
    samqp_plan **out, samqp_client *client, const samqp_topology *topology, int64_t timeout_ms, samqp_error **error);
size_t samqp_plan_count(const samqp_plan *plan);
/* SAMQP_PLAN_*; 0 if there is no such index. */
int32_t samqp_plan_finding(const samqp_plan *plan, size_t index);
/* What it is, what was found, and warnings, for people; NULL if there is no such index. */
const char *samqp_plan_text(const samqp_plan *plan, size_t index);
/* 1 if applying it would succeed as far as one can tell, else 0. */
int32_t samqp_plan_is_applicable(const samqp_plan *plan);
void samqp_plan_free(samqp_plan *plan);

/* ------------------------------------------------------------------------------------------------ Publishing */

/*
 * Publishes in order on a channel of its own, with confirms, over as many connections as that takes. A publish that has no
 * confirm when the connection is lost is sent again, in the original order, under the same message id ("publisher.policy":
 * "at_least_once", the default) or ends as unknown ("once").
 */
typedef struct samqp_publisher samqp_publisher;

/* Flags of a publish. A message that no queue gets is an error by default (SAMQP_ERR_RETURNED); with this one the broker
 * confirms and drops it. */
#define SAMQP_PUBLISH_UNROUTABLE_OK 0x01u
/* This message is never sent twice, whatever the publisher's policy. */
#define SAMQP_PUBLISH_ONCE 0x02u

/*
 * A publisher of this client. `events` gets SAMQP_EVENT_CONFIRM and SAMQP_EVENT_WRITABLE; with NULL outcomes are only counted, by
 * samqp_publisher_flush and samqp_publish_wait. `user` is in its SAMQP_EVENT_WRITABLE. Options: keys "publisher.*".
 */
samqp_status samqp_publisher_open(
    samqp_publisher **out, samqp_client *client, const samqp_options *options, samqp_events *events, void *user,
    samqp_error **error);

/*
 * Hands a message in and returns at once. The outcome comes as SAMQP_EVENT_CONFIRM with *tag and `user`, exactly once, by the
 * publisher's deadline ("publisher.timeout_ms"). Tags begin at 1 and are never used again within a publisher; `tag` may be NULL.
 *
 * exchange: "" or NULL is the default exchange, whose routing keys are the names of queues. properties may be NULL: a
 * persistent message.
 *
 * SAMQP_ERR_WOULD_BLOCK if the publisher or the event queue is full: nothing was taken, and a SAMQP_EVENT_WRITABLE follows. Each
 * failure of this function means that nothing was taken, and that no event follows.
 */
samqp_status samqp_publish(
    samqp_publisher *publisher, const char *exchange, const char *routing_key, const samqp_properties *properties,
    const void *body, size_t length, uint32_t flags, void *user, uint64_t *tag, samqp_error **error);

/*
 * As samqp_publish, for a body that the library may keep instead of copying: it must not change until release(release_user) is
 * called, which happens exactly once, by any thread, when the message has its outcome or before - for small bodies before this
 * function returns. It is called as well if this function fails. It must not wait, and must not call samqp_publish.
 */
samqp_status samqp_publish_nocopy(
    samqp_publisher *publisher, const char *exchange, const char *routing_key, const samqp_properties *properties,
    const void *body, size_t length, void (*release)(void *release_user), void *release_user, uint32_t flags,
    void *user, uint64_t *tag, samqp_error **error);

/*
 * Publishes and waits for the outcome, timeout_ms at most (negative: the publisher's deadline; 0: nothing is sent, and that
 * is SAMQP_ERR_NOT_SENT). Waits for room, too. No event.
 *
 * SAMQP_OK: confirmed. Else how it ended: SAMQP_ERR_NACKED, _RETURNED, _UNKNOWN (also when the time ran out after it was sent),
 * _NOT_SENT; samqp_error_cause says why.
 */
samqp_status samqp_publish_wait(
    samqp_publisher *publisher, const char *exchange, const char *routing_key, const samqp_properties *properties,
    const void *body, size_t length, uint32_t flags, int64_t timeout_ms, samqp_error **error);

/*
 * Waits until every publish that was taken has its outcome. SAMQP_OK if all that ended since the last flush were confirmed; else
 * how the first failure ended, and *failed, which may be NULL, is how many they were. SAMQP_ERR_TIMEOUT if the time ran out: what
 * was counted stands for the next flush then.
 */
samqp_status samqp_publisher_flush(
    samqp_publisher *publisher, int64_t timeout_ms, uint64_t *failed, samqp_error **error);

/* How many publishes have no outcome yet; 0 for NULL. */
size_t samqp_publisher_unconfirmed(const samqp_publisher *publisher);

/* Gives the handle up. What was taken goes on to its outcome, and its events still come. */
void samqp_publisher_free(samqp_publisher *publisher);

/* ------------------------------------------------------------------------------------------------ Consuming */

/*
 * Consumes from a queue, over as many connections as it takes: after a lost connection, a cancel by the broker or a channel
 * exception it subscribes again, once, under the same tag. What was delivered before and not settled comes again, marked as
 * redelivered; settling it late gives SAMQP_ERR_STALE and writes nothing.
 *
 * Three ways to get deliveries: by events (samqp_consume with an event queue), by polling (without one), and by a handler
 * (samqp_consume_handler), for which the policies for failing handlers exist.
 */
typedef struct samqp_consumer samqp_consumer;

/*
 * Begins to consume. With `events`, deliveries come as SAMQP_EVENT_DELIVERY, with `user`; else they wait for
 * samqp_consumer_poll. Options: keys "consumer.*".
 *
 * Waits for the broker's consume-ok for timeout_ms; with 0 it does not, and the consumer subscribes when it can. When the time
 * runs out, or the broker refuses (SAMQP_ERR_CHANNEL_EXCEPTION, 404 for example), nothing has begun.
 */
samqp_status samqp_consume(
    samqp_consumer **out, samqp_client *client, const char *queue, const samqp_options *options, samqp_events *events,
    void *user, int64_t timeout_ms, samqp_error **error);

/* What a handler says of a delivery. */
#define SAMQP_SETTLE_ACK 0
/* Rejected: dead-lettered where the queue says so, else dropped. */
#define SAMQP_SETTLE_REJECT 1
/* Back to its place in the queue, at once. */
#define SAMQP_SETTLE_REQUEUE 2
/* It failed: what happens is the consumer's policy ("failures.*"). Every number that is not one of these means the same. */
#define SAMQP_SETTLE_RETRY 3
/* The handler has settled it itself, or will. */
#define SAMQP_SETTLE_LEFT 4

/*
 * Begins to consume with a handler, which says by its result what becomes of the delivery. It is called by threads of the
 * library's own, as many as "consumer.max_concurrency" (1: one after the other, in order). The delivery is lent: it must not be
 * freed, and is gone when the handler returns, unless it says SAMQP_SETTLE_LEFT, with which it becomes the handler's.
 *
 * A handler may wait, publish, declare, ack. Cancelling its own consumer, or draining or closing its client, gives
 * SAMQP_ERR_WOULD_DEADLOCK there. Options: keys "consumer.*", "failures.*", "breaker.*" and "handler.*". `events`, which may be
 * NULL, gets SAMQP_EVENT_CONSUMER.
 */
samqp_status samqp_consume_handler(
    samqp_consumer **out, samqp_client *client, const char *queue, const samqp_options *options,
    int32_t (*handler)(samqp_delivery *delivery, void *user), samqp_events *events, void *user, samqp_error **error);

/*
 * Takes the next delivery, waiting for it for timeout_ms at most. Gives 1 and the delivery, 0 if there is none, or a status:
 * SAMQP_ERR_CLOSED and its kin when nothing comes any more. Any number of threads may poll.
 * SAMQP_ERR_INVALID_ARGUMENT for a consumer with events or a handler.
 */
int32_t samqp_consumer_poll(
    samqp_consumer *consumer, int64_t timeout_ms, samqp_delivery **out, samqp_error **error);
/* As samqp_consumer_poll, up to `max` at once. Gives how many; it does not wait for more than one. */
int64_t samqp_consumer_poll_batch(
    samqp_consumer *consumer, int64_t timeout_ms, samqp_delivery **out, size_t max, samqp_error **error);

/* The consumer's name at the broker, the same on every connection. NULL for NULL. */
const char *samqp_consumer_tag(const samqp_consumer *consumer);

/*
 * Ends the consumer: the broker delivers nothing more, what was not given out goes back to the queue, and what was given out is
 * waited for until it is settled, timeout_ms at most (negative: 30,000). Then it goes back, and SAMQP_ERR_TIMEOUT is given.
 */
samqp_status samqp_consumer_cancel(samqp_consumer *consumer, int64_t timeout_ms, samqp_error **error);

/* Gives the handle up and ends the consumer without waiting: what is not settled goes back to the queue. No delivery comes any
 * more; its event SAMQP_CONSUMER_ENDED still does. */
void samqp_consumer_free(samqp_consumer *consumer);

/* ------------------------------------------------------------------------------------------------ Deliveries */

/* A message that was delivered, and the means to settle it. It belongs to the connection it came on. */

/* The body: *length bytes, borrowed from the delivery. Not NULL, also if it is empty, but for a NULL delivery. */
const void *samqp_delivery_body(const samqp_delivery *delivery, size_t *length);
/* Fills *out, as much as its struct_size covers, with strings and a table that are borrowed from the delivery.
 * SAMQP_ERR_PROTOCOL if the publisher sent properties that cannot be read: *out is empty then; the body is whole. */
samqp_status samqp_delivery_properties(const samqp_delivery *delivery, samqp_properties *out);
/* Borrowed. "" for the default exchange. NULL for NULL. */
const char *samqp_delivery_exchange(const samqp_delivery *delivery);
const char *samqp_delivery_routing_key(const samqp_delivery *delivery);
/* "" for one of samqp_channel_get. */
const char *samqp_delivery_consumer_tag(const samqp_delivery *delivery);
/* The broker's number for it, counted for each channel: for logs. It does not tell deliveries of two connections apart. */
uint64_t samqp_delivery_tag(const samqp_delivery *delivery);
/* 1 if the broker may have delivered it before, to this or another consumer. */
int32_t samqp_delivery_redelivered(const samqp_delivery *delivery);
/* How often its handler has failed so far, as far as is known (retry queues, x-delivery-count). */
uint64_t samqp_delivery_retry_count(const samqp_delivery *delivery);
/* 1 if its channel is gone: settling gives SAMQP_ERR_STALE, and the broker delivers it again. */
int32_t samqp_delivery_is_stale(const samqp_delivery *delivery);
/* 1 if its handler should end: it is overdue, or its consumer was given up. */
int32_t samqp_delivery_is_cancelled(const samqp_delivery *delivery);

/* Flags of settling. Also settles every earlier delivery of the same connection and consumer that was given out. */
#define SAMQP_MULTIPLE 0x01u
/* samqp_delivery_nack: back to its place in the queue, to be delivered again; else it is dead-lettered or dropped. */
#define SAMQP_REQUEUE 0x02u

/* Tells the broker that the message was handled. Never waits. SAMQP_ERR_STALE or SAMQP_ERR_ALREADY_SETTLED: nothing was written.
 * Flags: MULTIPLE. */
samqp_status samqp_delivery_ack(samqp_delivery *delivery, uint32_t flags);
/* Refuses it. Flags: MULTIPLE, REQUEUE. */
samqp_status samqp_delivery_nack(samqp_delivery *delivery, uint32_t flags);
/* Gives the handle up. One that is not settled stays with its consumer, unsettled, until that ends. */
void samqp_delivery_free(samqp_delivery *delivery);

/* ------------------------------------------------------------------------------------------------ Plain channels */

/*
 * A channel of one connection, for what is not declared: basic.get, transactions, passive declares. It does not outlive its
 * connection: when that is lost, calls give SAMQP_ERR_CLOSED and its kin, and the program opens another one. An operation that
 * the broker refuses ends it (SAMQP_ERR_CHANNEL_EXCEPTION). Whatever timeout_ms says, a question has its answer within
 * "connection.rpc_timeout_ms", or the channel ends.
 */
typedef struct samqp_channel samqp_channel;

/* Opens a channel on the client's connection for consuming, once there is one. */
samqp_status samqp_channel_open(
    samqp_channel **out, samqp_client *client, int64_t timeout_ms, samqp_error **error);
/* 1 while it is open. */
int32_t samqp_channel_is_open(const samqp_channel *channel);
/* basic.get: 1 and a delivery, 0 if the queue is empty, or a status. Flags: SAMQP_AUTO_ACK. */
#define SAMQP_AUTO_ACK 0x01u
int32_t samqp_channel_get(
    samqp_channel *channel, const char *queue, uint32_t flags, int64_t timeout_ms, samqp_delivery **out,
    samqp_error **error);
/* basic.publish with a confirm, on this channel: as samqp_publish_wait, and never sent again (a negative timeout_ms is
 * "connection.publish_timeout_ms"). In a transaction it returns at once, and a message that no queue gets is dropped without a
 * word. A channel has either confirms or transactions, whichever it used first. */
samqp_status samqp_channel_publish(
    samqp_channel *channel, const char *exchange, const char *routing_key, const samqp_properties *properties,
    const void *body, size_t length, uint32_t flags, int64_t timeout_ms, samqp_error **error);
/* queue.declare and exchange.declare, passive: whether they are there. `out` may be NULL. */
samqp_status samqp_channel_check_queue(
    samqp_channel *channel, const char *name, samqp_queue_info *out, int64_t timeout_ms, samqp_error **error);
samqp_status samqp_channel_check_exchange(
    samqp_channel *channel, const char *name, int64_t timeout_ms, samqp_error **error);
/* basic.recover: what was delivered here and not settled comes again. */
samqp_status samqp_channel_recover(samqp_channel *channel, int64_t timeout_ms, samqp_error **error);
/* tx.select, tx.commit, tx.rollback (https://www.rabbitmq.com/docs/semantics#tx). */
samqp_status samqp_channel_tx_select(samqp_channel *channel, int64_t timeout_ms, samqp_error **error);
samqp_status samqp_channel_tx_commit(samqp_channel *channel, int64_t timeout_ms, samqp_error **error);
samqp_status samqp_channel_tx_rollback(samqp_channel *channel, int64_t timeout_ms, samqp_error **error);
/* Closes it, waiting for the broker's answer; what is not settled goes back to its queue. SAMQP_OK if it has ended already. */
samqp_status samqp_channel_close(samqp_channel *channel, int64_t timeout_ms, samqp_error **error);
/* Gives the handle up, and closes the channel without waiting once its deliveries are freed, too. */
void samqp_channel_free(samqp_channel *channel);

#ifdef __cplusplus
}
#endif

#endif /* SWIFTAMQP_H */
