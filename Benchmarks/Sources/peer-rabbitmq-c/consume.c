#include "peer.h"

static void consume(struct run *run, bool acks) {
    if (acks) {
        amqp_basic_qos(run->connection, CHANNEL, 0, (uint16_t)run->window, 0);
        check_reply(amqp_get_rpc_reply(run->connection), "basic.qos");
    }
    run_starts(run);
    amqp_basic_consume(run->connection, CHANNEL, amqp_cstring_bytes(run->queue), amqp_empty_bytes, 0, !acks, 0,
                       amqp_empty_table);
    check_reply(amqp_get_rpc_reply(run->connection), "basic.consume");
    for (uint64_t i = 0; i < run->count; i++) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(run->connection);
        check_reply(amqp_consume_message(run->connection, &envelope, NULL, 0), "basic.deliver");
        if (envelope.message.body.len != run->body_size) die("a body of another size");
        if (acks) check_status(amqp_basic_ack(run->connection, CHANNEL, envelope.delivery_tag, 0), "basic.ack");
        amqp_destroy_envelope(&envelope);
    }
    if (acks) queue_depth(run);  // the last acks are there, too
    run_ends(run);
}

void consume_ack(struct run *run) { consume(run, true); }

void consume_autoack(struct run *run) { consume(run, false); }
