/// A method with its arguments: every one of AMQP 0-9-1 and of RabbitMQ's extensions.
///
/// A case without a payload has no arguments, or reserved ones only.
package enum AMQPMethod: Sendable, Equatable {
    case connectionStart(ConnectionStart)
    case connectionStartOK(ConnectionStartOK)
    case connectionSecure(ConnectionSecure)
    case connectionSecureOK(ConnectionSecureOK)
    case connectionTune(ConnectionTune)
    case connectionTuneOK(ConnectionTuneOK)
    case connectionOpen(ConnectionOpen)
    case connectionOpenOK
    case connectionClose(ConnectionClose)
    case connectionCloseOK
    case connectionBlocked(ConnectionBlocked)
    case connectionUnblocked
    case connectionUpdateSecret(ConnectionUpdateSecret)
    case connectionUpdateSecretOK
    case channelOpen
    case channelOpenOK
    case channelFlow(ChannelFlow)
    case channelFlowOK(ChannelFlowOK)
    case channelClose(ChannelClose)
    case channelCloseOK
    case accessRequest(AccessRequest)
    case accessRequestOK(AccessRequestOK)
    case exchangeDeclare(ExchangeDeclare)
    case exchangeDeclareOK
    case exchangeDelete(ExchangeDelete)
    case exchangeDeleteOK
    case exchangeBind(ExchangeBind)
    case exchangeBindOK
    case exchangeUnbind(ExchangeUnbind)
    case exchangeUnbindOK
    case queueDeclare(QueueDeclare)
    case queueDeclareOK(QueueDeclareOK)
    case queueBind(QueueBind)
    case queueBindOK
    case queuePurge(QueuePurge)
    case queuePurgeOK(QueuePurgeOK)
    case queueDelete(QueueDelete)
    case queueDeleteOK(QueueDeleteOK)
    case queueUnbind(QueueUnbind)
    case queueUnbindOK
    case basicQoS(BasicQoS)
    case basicQoSOK
    case basicConsume(BasicConsume)
    case basicConsumeOK(BasicConsumeOK)
    case basicCancel(BasicCancel)
    case basicCancelOK(BasicCancelOK)
    case basicPublish(BasicPublish)
    case basicReturn(BasicReturn)
    case basicDeliver(BasicDeliver)
    case basicGet(BasicGet)
    case basicGetOK(BasicGetOK)
    case basicGetEmpty
    case basicAck(BasicAck)
    case basicReject(BasicReject)
    case basicRecoverAsync(BasicRecoverAsync)
    case basicRecover(BasicRecover)
    case basicRecoverOK
    case basicNack(BasicNack)
    case confirmSelect(ConfirmSelect)
    case confirmSelectOK
    case txSelect
    case txSelectOK
    case txCommit
    case txCommitOK
    case txRollback
    case txRollbackOK

    /// The name as the specification writes it, for example `queue.declare`.
    package var name: String { id.name }
}
