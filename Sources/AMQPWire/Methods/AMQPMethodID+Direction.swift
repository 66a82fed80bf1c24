/// Whose frames are decoded.
package enum Peer: Sendable {
    /// A broker: what a client accepts.
    case server
    /// A client: what a fake broker accepts.
    case client
    /// Any: for proxies and audits.
    case either
}

extension AMQPMethodID {
    /// Whether `peer` may send this method.
    ///
    /// `connection.blocked` and `unblocked` count as the server's alone, as RabbitMQ uses them
    /// (https://www.rabbitmq.com/docs/connection-blocked).
    package func mayBeSent(by peer: Peer) -> Bool {
        switch peer {
        case .either: true
        case .server: isSentByServer
        case .client: isSentByClient
        }
    }

    private var isSentByServer: Bool {
        switch self {
        case .connectionStart, .connectionSecure, .connectionTune, .connectionOpenOK, .connectionClose,
            .connectionCloseOK, .connectionBlocked, .connectionUnblocked, .connectionUpdateSecretOK,
            .channelOpenOK, .channelFlow, .channelFlowOK, .channelClose, .channelCloseOK, .accessRequestOK,
            .exchangeDeclareOK, .exchangeDeleteOK, .exchangeBindOK, .exchangeUnbindOK, .queueDeclareOK,
            .queueBindOK, .queuePurgeOK, .queueDeleteOK, .queueUnbindOK, .basicQoSOK, .basicConsumeOK,
            .basicCancel, .basicCancelOK, .basicReturn, .basicDeliver, .basicGetOK, .basicGetEmpty, .basicAck,
            .basicRecoverOK, .basicNack, .confirmSelectOK, .txSelectOK, .txCommitOK, .txRollbackOK:
            true
        default:
            false
        }
    }

    private var isSentByClient: Bool {
        switch self {
        case .connectionStartOK, .connectionSecureOK, .connectionTuneOK, .connectionOpen, .connectionClose,
            .connectionCloseOK, .connectionUpdateSecret, .channelOpen, .channelFlow, .channelFlowOK,
            .channelClose, .channelCloseOK, .accessRequest, .exchangeDeclare, .exchangeDelete, .exchangeBind,
            .exchangeUnbind, .queueDeclare, .queueBind, .queuePurge, .queueDelete, .queueUnbind, .basicQoS,
            .basicConsume, .basicCancel, .basicCancelOK, .basicPublish, .basicGet, .basicAck, .basicReject,
            .basicRecoverAsync, .basicRecover, .basicNack, .confirmSelect, .txSelect, .txCommit, .txRollback:
            true
        default:
            false
        }
    }
}
