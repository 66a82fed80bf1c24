internal import CRabbitMQ

extension AMQPMethod.ConnectionStart: MethodBody {
    static var id: AMQPMethodID { .connectionStart }

    func raw(in arena: inout WireArena) -> amqp_connection_start_t {
        amqp_connection_start_t(
            version_major: versionMajor, version_minor: versionMinor,
            server_properties: arena.table(serverProperties), mechanisms: arena.string(mechanisms),
            locales: arena.string(locales))
    }

    init(_ raw: amqp_connection_start_t) throws(WireError) {
        try self.init(
            versionMajor: raw.version_major, versionMinor: raw.version_minor,
            serverProperties: AMQPTable(raw.server_properties), mechanisms: raw.mechanisms.text,
            locales: raw.locales.text)
    }
}

extension AMQPMethod.ConnectionStartOK: MethodBody {
    static var id: AMQPMethodID { .connectionStartOK }

    func raw(in arena: inout WireArena) -> amqp_connection_start_ok_t {
        amqp_connection_start_ok_t(
            client_properties: arena.table(clientProperties), mechanism: arena.shortString(mechanism, "mechanism"),
            response: arena.bytes(response), locale: arena.shortString(locale, "locale"))
    }

    init(_ raw: amqp_connection_start_ok_t) throws(WireError) {
        try self.init(
            clientProperties: AMQPTable(raw.client_properties), mechanism: raw.mechanism.text,
            response: raw.response.octets, locale: raw.locale.text)
    }
}

extension AMQPMethod.ConnectionSecure: MethodBody {
    static var id: AMQPMethodID { .connectionSecure }

    func raw(in arena: inout WireArena) -> amqp_connection_secure_t {
        amqp_connection_secure_t(challenge: arena.bytes(challenge))
    }

    init(_ raw: amqp_connection_secure_t) throws(WireError) {
        self.init(challenge: raw.challenge.octets)
    }
}

extension AMQPMethod.ConnectionSecureOK: MethodBody {
    static var id: AMQPMethodID { .connectionSecureOK }

    func raw(in arena: inout WireArena) -> amqp_connection_secure_ok_t {
        amqp_connection_secure_ok_t(response: arena.bytes(response))
    }

    init(_ raw: amqp_connection_secure_ok_t) throws(WireError) {
        self.init(response: raw.response.octets)
    }
}

extension AMQPMethod.ConnectionTune: MethodBody {
    static var id: AMQPMethodID { .connectionTune }

    func raw(in arena: inout WireArena) -> amqp_connection_tune_t {
        amqp_connection_tune_t(channel_max: channelMax, frame_max: frameMax, heartbeat: heartbeat)
    }

    init(_ raw: amqp_connection_tune_t) throws(WireError) {
        self.init(channelMax: raw.channel_max, frameMax: raw.frame_max, heartbeat: raw.heartbeat)
    }
}

extension AMQPMethod.ConnectionTuneOK: MethodBody {
    static var id: AMQPMethodID { .connectionTuneOK }

    func raw(in arena: inout WireArena) -> amqp_connection_tune_ok_t {
        amqp_connection_tune_ok_t(channel_max: channelMax, frame_max: frameMax, heartbeat: heartbeat)
    }

    init(_ raw: amqp_connection_tune_ok_t) throws(WireError) {
        self.init(channelMax: raw.channel_max, frameMax: raw.frame_max, heartbeat: raw.heartbeat)
    }
}

extension AMQPMethod.ConnectionOpen: MethodBody {
    static var id: AMQPMethodID { .connectionOpen }

    func raw(in arena: inout WireArena) -> amqp_connection_open_t {
        amqp_connection_open_t(
            virtual_host: arena.shortString(virtualHost, "virtual host"), capabilities: arena.empty, insist: 0)
    }

    init(_ raw: amqp_connection_open_t) throws(WireError) {
        self.init(virtualHost: raw.virtual_host.text)
    }
}

extension AMQPMethod.ConnectionClose: MethodBody {
    static var id: AMQPMethodID { .connectionClose }

    func raw(in arena: inout WireArena) -> amqp_connection_close_t {
        amqp_connection_close_t(
            reply_code: replyCode, reply_text: arena.shortString(replyText, "reply text"), class_id: classID,
            method_id: methodID)
    }

    init(_ raw: amqp_connection_close_t) throws(WireError) {
        self.init(
            replyCode: raw.reply_code, replyText: raw.reply_text.text, classID: raw.class_id, methodID: raw.method_id)
    }
}

extension AMQPMethod.ConnectionBlocked: MethodBody {
    static var id: AMQPMethodID { .connectionBlocked }

    func raw(in arena: inout WireArena) -> amqp_connection_blocked_t {
        amqp_connection_blocked_t(reason: arena.shortString(reason, "reason"))
    }

    init(_ raw: amqp_connection_blocked_t) throws(WireError) {
        self.init(reason: raw.reason.text)
    }
}
