internal import CRabbitMQ

extension AMQPMethod.ChannelFlow: MethodBody {
    static var id: AMQPMethodID { .channelFlow }

    func raw(in arena: inout WireArena) -> amqp_channel_flow_t {
        amqp_channel_flow_t(active: active ? 1 : 0)
    }

    init(_ raw: amqp_channel_flow_t) throws(WireError) {
        self.init(active: raw.active != 0)
    }
}

extension AMQPMethod.ChannelFlowOK: MethodBody {
    static var id: AMQPMethodID { .channelFlowOK }

    func raw(in arena: inout WireArena) -> amqp_channel_flow_ok_t {
        amqp_channel_flow_ok_t(active: active ? 1 : 0)
    }

    init(_ raw: amqp_channel_flow_ok_t) throws(WireError) {
        self.init(active: raw.active != 0)
    }
}

extension AMQPMethod.ChannelClose: MethodBody {
    static var id: AMQPMethodID { .channelClose }

    func raw(in arena: inout WireArena) -> amqp_channel_close_t {
        amqp_channel_close_t(
            reply_code: replyCode, reply_text: arena.shortString(replyText, "reply text"), class_id: classID,
            method_id: methodID)
    }

    init(_ raw: amqp_channel_close_t) throws(WireError) {
        self.init(
            replyCode: raw.reply_code, replyText: raw.reply_text.text, classID: raw.class_id, methodID: raw.method_id)
    }
}
