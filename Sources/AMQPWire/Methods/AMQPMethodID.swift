/// The methods of AMQP 0-9-1 with RabbitMQ's extensions, by their class id (high 16 bits) and method id (low 16 bits).
///
/// Source: https://www.rabbitmq.com/amqp-0-9-1-reference.html
package enum AMQPMethodID: UInt32, Sendable, CaseIterable {
    case connectionStart = 0x000A_000A
    case connectionStartOK = 0x000A_000B
    case connectionSecure = 0x000A_0014
    case connectionSecureOK = 0x000A_0015
    case connectionTune = 0x000A_001E
    case connectionTuneOK = 0x000A_001F
    case connectionOpen = 0x000A_0028
    case connectionOpenOK = 0x000A_0029
    case connectionClose = 0x000A_0032
    case connectionCloseOK = 0x000A_0033
    case connectionBlocked = 0x000A_003C
    case connectionUnblocked = 0x000A_003D
    case connectionUpdateSecret = 0x000A_0046
    case connectionUpdateSecretOK = 0x000A_0047
    case channelOpen = 0x0014_000A
    case channelOpenOK = 0x0014_000B
    case channelFlow = 0x0014_0014
    case channelFlowOK = 0x0014_0015
    case channelClose = 0x0014_0028
    case channelCloseOK = 0x0014_0029
    case accessRequest = 0x001E_000A
    case accessRequestOK = 0x001E_000B
    case exchangeDeclare = 0x0028_000A
    case exchangeDeclareOK = 0x0028_000B
    case exchangeDelete = 0x0028_0014
    case exchangeDeleteOK = 0x0028_0015
    case exchangeBind = 0x0028_001E
    case exchangeBindOK = 0x0028_001F
    case exchangeUnbind = 0x0028_0028
    case exchangeUnbindOK = 0x0028_0033
    case queueDeclare = 0x0032_000A
    case queueDeclareOK = 0x0032_000B
    case queueBind = 0x0032_0014
    case queueBindOK = 0x0032_0015
    case queuePurge = 0x0032_001E
    case queuePurgeOK = 0x0032_001F
    case queueDelete = 0x0032_0028
    case queueDeleteOK = 0x0032_0029
    case queueUnbind = 0x0032_0032
    case queueUnbindOK = 0x0032_0033
    case basicQoS = 0x003C_000A
    case basicQoSOK = 0x003C_000B
    case basicConsume = 0x003C_0014
    case basicConsumeOK = 0x003C_0015
    case basicCancel = 0x003C_001E
    case basicCancelOK = 0x003C_001F
    case basicPublish = 0x003C_0028
    case basicReturn = 0x003C_0032
    case basicDeliver = 0x003C_003C
    case basicGet = 0x003C_0046
    case basicGetOK = 0x003C_0047
    case basicGetEmpty = 0x003C_0048
    case basicAck = 0x003C_0050
    case basicReject = 0x003C_005A
    case basicRecoverAsync = 0x003C_0064
    case basicRecover = 0x003C_006E
    case basicRecoverOK = 0x003C_006F
    case basicNack = 0x003C_0078
    case confirmSelect = 0x0055_000A
    case confirmSelectOK = 0x0055_000B
    case txSelect = 0x005A_000A
    case txSelectOK = 0x005A_000B
    case txCommit = 0x005A_0014
    case txCommitOK = 0x005A_0015
    case txRollback = 0x005A_001E
    case txRollbackOK = 0x005A_001F

    /// The class, 10 to 90.
    package var classID: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }
    /// The method within its class.
    package var methodID: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}
