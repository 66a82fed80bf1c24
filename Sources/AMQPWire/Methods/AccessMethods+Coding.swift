internal import CRabbitMQ

extension AMQPMethod.AccessRequest: MethodBody {
    static var id: AMQPMethodID { .accessRequest }

    func raw(in arena: inout WireArena) -> amqp_access_request_t {
        amqp_access_request_t(
            realm: arena.shortString(realm, "realm"), exclusive: exclusive ? 1 : 0, passive: passive ? 1 : 0,
            active: active ? 1 : 0, write: write ? 1 : 0, read: read ? 1 : 0)
    }

    init(_ raw: amqp_access_request_t) throws(WireError) {
        self.init(
            realm: raw.realm.text, exclusive: raw.exclusive != 0, passive: raw.passive != 0, active: raw.active != 0,
            write: raw.write != 0, read: raw.read != 0)
    }
}

extension AMQPMethod.AccessRequestOK: MethodBody {
    static var id: AMQPMethodID { .accessRequestOK }

    func raw(in arena: inout WireArena) -> amqp_access_request_ok_t {
        amqp_access_request_ok_t(ticket: ticket)
    }

    init(_ raw: amqp_access_request_ok_t) throws(WireError) {
        self.init(ticket: raw.ticket)
    }
}
