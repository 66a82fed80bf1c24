extension WireDecoder {
    /// The arguments of the method `id`. Each case names the type, and the type names its id and its C struct, so that
    /// what rabbitmq-c returned is never read as another method's struct.
    func decodeBody(_ id: AMQPMethodID, _ arguments: UnsafeRawBufferPointer) throws(WireError) -> AMQPMethod {
        switch id {
        case .connectionStart: return .connectionStart(try body(arguments))
        case .connectionStartOK: return .connectionStartOK(try body(arguments))
        case .connectionSecure: return .connectionSecure(try body(arguments))
        case .connectionSecureOK: return .connectionSecureOK(try body(arguments))
        case .connectionTune: return .connectionTune(try body(arguments))
        case .connectionTuneOK: return .connectionTuneOK(try body(arguments))
        case .connectionOpen: return .connectionOpen(try body(arguments))
        case .connectionOpenOK:
            try check(id, arguments)
            return .connectionOpenOK
        case .connectionClose: return .connectionClose(try body(arguments))
        case .connectionCloseOK:
            try check(id, arguments)
            return .connectionCloseOK
        case .connectionBlocked: return .connectionBlocked(try body(arguments))
        case .connectionUnblocked:
            try check(id, arguments)
            return .connectionUnblocked
        case .connectionUpdateSecret:
            return .connectionUpdateSecret(try AMQPMethod.ConnectionUpdateSecret(decoding: arguments))
        case .connectionUpdateSecretOK: return .connectionUpdateSecretOK
        case .channelOpen:
            try check(id, arguments)
            return .channelOpen
        case .channelOpenOK:
            try check(id, arguments)
            return .channelOpenOK
        case .channelFlow: return .channelFlow(try body(arguments))
        case .channelFlowOK: return .channelFlowOK(try body(arguments))
        case .channelClose: return .channelClose(try body(arguments))
        case .channelCloseOK:
            try check(id, arguments)
            return .channelCloseOK
        case .accessRequest: return .accessRequest(try body(arguments))
        case .accessRequestOK: return .accessRequestOK(try body(arguments))
        case .exchangeDeclare: return .exchangeDeclare(try body(arguments))
        case .exchangeDeclareOK:
            try check(id, arguments)
            return .exchangeDeclareOK
        case .exchangeDelete: return .exchangeDelete(try body(arguments))
        case .exchangeDeleteOK:
            try check(id, arguments)
            return .exchangeDeleteOK
        case .exchangeBind: return .exchangeBind(try body(arguments))
        case .exchangeBindOK:
            try check(id, arguments)
            return .exchangeBindOK
        case .exchangeUnbind: return .exchangeUnbind(try body(arguments))
        case .exchangeUnbindOK:
            try check(id, arguments)
            return .exchangeUnbindOK
        case .queueDeclare: return .queueDeclare(try body(arguments))
        case .queueDeclareOK: return .queueDeclareOK(try body(arguments))
        case .queueBind: return .queueBind(try body(arguments))
        case .queueBindOK:
            try check(id, arguments)
            return .queueBindOK
        case .queuePurge: return .queuePurge(try body(arguments))
        case .queuePurgeOK: return .queuePurgeOK(try body(arguments))
        case .queueDelete: return .queueDelete(try body(arguments))
        case .queueDeleteOK: return .queueDeleteOK(try body(arguments))
        case .queueUnbind: return .queueUnbind(try body(arguments))
        case .queueUnbindOK:
            try check(id, arguments)
            return .queueUnbindOK
        case .basicQoS: return .basicQoS(try body(arguments))
        case .basicQoSOK:
            try check(id, arguments)
            return .basicQoSOK
        case .basicConsume: return .basicConsume(try body(arguments))
        case .basicConsumeOK: return .basicConsumeOK(try body(arguments))
        case .basicCancel: return .basicCancel(try body(arguments))
        case .basicCancelOK: return .basicCancelOK(try body(arguments))
        case .basicPublish: return .basicPublish(try body(arguments))
        case .basicReturn: return .basicReturn(try body(arguments))
        case .basicDeliver: return .basicDeliver(try body(arguments))
        case .basicGet: return .basicGet(try body(arguments))
        case .basicGetOK: return .basicGetOK(try body(arguments))
        case .basicGetEmpty:
            try check(id, arguments)
            return .basicGetEmpty
        case .basicAck: return .basicAck(try body(arguments))
        case .basicReject: return .basicReject(try body(arguments))
        case .basicRecoverAsync: return .basicRecoverAsync(try body(arguments))
        case .basicRecover: return .basicRecover(try body(arguments))
        case .basicRecoverOK:
            try check(id, arguments)
            return .basicRecoverOK
        case .basicNack: return .basicNack(try body(arguments))
        case .confirmSelect: return .confirmSelect(try body(arguments))
        case .confirmSelectOK:
            try check(id, arguments)
            return .confirmSelectOK
        case .txSelect:
            try check(id, arguments)
            return .txSelect
        case .txSelectOK:
            try check(id, arguments)
            return .txSelectOK
        case .txCommit:
            try check(id, arguments)
            return .txCommit
        case .txCommitOK:
            try check(id, arguments)
            return .txCommitOK
        case .txRollback:
            try check(id, arguments)
            return .txRollback
        case .txRollbackOK:
            try check(id, arguments)
            return .txRollbackOK
        }
    }
}
