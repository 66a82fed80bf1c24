internal import CRabbitMQ

extension AMQPMethod.ConfirmSelect: MethodBody {
    static var id: AMQPMethodID { .confirmSelect }

    func raw(in arena: inout WireArena) -> amqp_confirm_select_t {
        amqp_confirm_select_t(nowait: noWait ? 1 : 0)
    }

    init(_ raw: amqp_confirm_select_t) throws(WireError) {
        self.init(noWait: raw.nowait != 0)
    }
}
