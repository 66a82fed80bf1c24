/// The name of each method and its arguments in order, from the protocol's definition. `-` are reserved ones.
enum WireMethodCatalog {
    struct Argument: Sendable {
        var name: String
        var kind: Kind
    }

    enum Kind: String, Sendable {
        case bit, u8, u16, u32, u64, shortString, longString, table, timestamp
    }

    struct Entry: Sendable {
        var name: String
        var arguments: [Argument]
    }

    static let entries: [WireMethodID: Entry] = lines.mapValues { line in
        let words = line.split(separator: " ")
        return Entry(name: words.first.map(String.init) ?? "", arguments: words.dropFirst().map(argument))
    }

    /// The properties of a message, from the highest flag bit (15) downwards.
    static let properties: [Argument] = [
        "contentType:shortString", "contentEncoding:shortString", "headers:table", "deliveryMode:u8", "priority:u8",
        "correlationID:shortString", "replyTo:shortString", "expiration:shortString", "messageID:shortString",
        "timestamp:timestamp", "type:shortString", "userID:shortString", "appID:shortString", "clusterID:shortString",
    ].map { argument($0[...]) }

    private static func argument(_ word: Substring) -> Argument {
        let parts = word.split(separator: ":").map(String.init)
        return Argument(name: parts.first ?? "", kind: Kind(rawValue: parts.last ?? "") ?? .bit)
    }

    private static let lines: [WireMethodID: String] = [
        .connectionStart:
            "connection.start versionMajor:u8 versionMinor:u8 serverProperties:table mechanisms:longString"
            + " locales:longString",
        .connectionStartOK:
            "connection.start-ok clientProperties:table mechanism:shortString response:longString"
            + " locale:shortString",
        .connectionSecure: "connection.secure challenge:longString",
        .connectionSecureOK: "connection.secure-ok response:longString",
        .connectionTune: "connection.tune channelMax:u16 frameMax:u32 heartbeat:u16",
        .connectionTuneOK: "connection.tune-ok channelMax:u16 frameMax:u32 heartbeat:u16",
        .connectionOpen: "connection.open virtualHost:shortString -:shortString -:bit",
        .connectionOpenOK: "connection.open-ok -:shortString",
        .connectionClose: "connection.close replyCode:u16 replyText:shortString classID:u16 methodID:u16",
        .connectionCloseOK: "connection.close-ok",
        .connectionBlocked: "connection.blocked reason:shortString",
        .connectionUnblocked: "connection.unblocked",
        .connectionUpdateSecret: "connection.update-secret newSecret:longString reason:shortString",
        .connectionUpdateSecretOK: "connection.update-secret-ok",
        .channelOpen: "channel.open -:shortString",
        .channelOpenOK: "channel.open-ok -:longString",
        .channelFlow: "channel.flow active:bit",
        .channelFlowOK: "channel.flow-ok active:bit",
        .channelClose: "channel.close replyCode:u16 replyText:shortString classID:u16 methodID:u16",
        .channelCloseOK: "channel.close-ok",
        .exchangeDeclare:
            "exchange.declare -:u16 exchange:shortString type:shortString passive:bit durable:bit"
            + " autoDelete:bit internal:bit noWait:bit arguments:table",
        .exchangeDeclareOK: "exchange.declare-ok",
        .exchangeDelete: "exchange.delete -:u16 exchange:shortString ifUnused:bit noWait:bit",
        .exchangeDeleteOK: "exchange.delete-ok",
        .exchangeBind:
            "exchange.bind -:u16 destination:shortString source:shortString routingKey:shortString"
            + " noWait:bit arguments:table",
        .exchangeBindOK: "exchange.bind-ok",
        .exchangeUnbind:
            "exchange.unbind -:u16 destination:shortString source:shortString routingKey:shortString"
            + " noWait:bit arguments:table",
        .exchangeUnbindOK: "exchange.unbind-ok",
        .queueDeclare:
            "queue.declare -:u16 queue:shortString passive:bit durable:bit exclusive:bit autoDelete:bit"
            + " noWait:bit arguments:table",
        .queueDeclareOK: "queue.declare-ok queue:shortString messageCount:u32 consumerCount:u32",
        .queueBind:
            "queue.bind -:u16 queue:shortString exchange:shortString routingKey:shortString noWait:bit"
            + " arguments:table",
        .queueBindOK: "queue.bind-ok",
        .queuePurge: "queue.purge -:u16 queue:shortString noWait:bit",
        .queuePurgeOK: "queue.purge-ok messageCount:u32",
        .queueDelete: "queue.delete -:u16 queue:shortString ifUnused:bit ifEmpty:bit noWait:bit",
        .queueDeleteOK: "queue.delete-ok messageCount:u32",
        .queueUnbind:
            "queue.unbind -:u16 queue:shortString exchange:shortString routingKey:shortString"
            + " arguments:table",
        .queueUnbindOK: "queue.unbind-ok",
        .basicQos: "basic.qos prefetchSize:u32 prefetchCount:u16 global:bit",
        .basicQosOK: "basic.qos-ok",
        .basicConsume:
            "basic.consume -:u16 queue:shortString consumerTag:shortString noLocal:bit noAck:bit"
            + " exclusive:bit noWait:bit arguments:table",
        .basicConsumeOK: "basic.consume-ok consumerTag:shortString",
        .basicCancel: "basic.cancel consumerTag:shortString noWait:bit",
        .basicCancelOK: "basic.cancel-ok consumerTag:shortString",
        .basicPublish: "basic.publish -:u16 exchange:shortString routingKey:shortString mandatory:bit immediate:bit",
        .basicReturn: "basic.return replyCode:u16 replyText:shortString exchange:shortString routingKey:shortString",
        .basicDeliver:
            "basic.deliver consumerTag:shortString tag:u64 redelivered:bit exchange:shortString"
            + " routingKey:shortString",
        .basicGet: "basic.get -:u16 queue:shortString noAck:bit",
        .basicGetOK:
            "basic.get-ok tag:u64 redelivered:bit exchange:shortString routingKey:shortString"
            + " messageCount:u32",
        .basicGetEmpty: "basic.get-empty -:shortString",
        .basicAck: "basic.ack tag:u64 multiple:bit",
        .basicReject: "basic.reject tag:u64 requeue:bit",
        .basicRecoverAsync: "basic.recover-async requeue:bit",
        .basicRecover: "basic.recover requeue:bit",
        .basicRecoverOK: "basic.recover-ok",
        .basicNack: "basic.nack tag:u64 multiple:bit requeue:bit",
        .confirmSelect: "confirm.select noWait:bit",
        .confirmSelectOK: "confirm.select-ok",
        .txSelect: "tx.select",
        .txSelectOK: "tx.select-ok",
        .txCommit: "tx.commit",
        .txCommitOK: "tx.commit-ok",
        .txRollback: "tx.rollback",
        .txRollbackOK: "tx.rollback-ok",
    ]
}
