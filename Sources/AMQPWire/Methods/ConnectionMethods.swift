// The arguments of the methods of class connection. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// The server opens the dialogue: versions, what it is, and how one may log in.
    package struct ConnectionStart: Sendable, Equatable {
        package var versionMajor: UInt8
        package var versionMinor: UInt8
        package var serverProperties: AMQPTable
        package var mechanisms: String
        package var locales: String

        package init(
            versionMajor: UInt8, versionMinor: UInt8, serverProperties: AMQPTable = AMQPTable(), mechanisms: String,
            locales: String
        ) {
            self.versionMajor = versionMajor
            self.versionMinor = versionMinor
            self.serverProperties = serverProperties
            self.mechanisms = mechanisms
            self.locales = locales
        }
    }

    /// Who the client is, and its SASL response.
    package struct ConnectionStartOK: Sendable, Equatable {
        package var clientProperties: AMQPTable
        package var mechanism: String
        package var response: [UInt8]
        package var locale: String

        package init(clientProperties: AMQPTable = AMQPTable(), mechanism: String, response: [UInt8], locale: String) {
            self.clientProperties = clientProperties
            self.mechanism = mechanism
            self.response = response
            self.locale = locale
        }
    }

    /// A SASL challenge.
    package struct ConnectionSecure: Sendable, Equatable {
        package var challenge: [UInt8]

        package init(challenge: [UInt8]) {
            self.challenge = challenge
        }
    }

    /// The answer to a SASL challenge.
    package struct ConnectionSecureOK: Sendable, Equatable {
        package var response: [UInt8]

        package init(response: [UInt8]) {
            self.response = response
        }
    }

    /// The limits that the server proposes; 0 means no limit, or no heartbeat (in seconds).
    package struct ConnectionTune: Sendable, Equatable {
        package var channelMax: UInt16
        package var frameMax: UInt32
        package var heartbeat: UInt16

        package init(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16) {
            self.channelMax = channelMax
            self.frameMax = frameMax
            self.heartbeat = heartbeat
        }
    }

    /// The limits that the client settles on; the heartbeat is in seconds.
    package struct ConnectionTuneOK: Sendable, Equatable {
        package var channelMax: UInt16
        package var frameMax: UInt32
        package var heartbeat: UInt16

        package init(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16) {
            self.channelMax = channelMax
            self.frameMax = frameMax
            self.heartbeat = heartbeat
        }
    }

    /// Enters a virtual host.
    package struct ConnectionOpen: Sendable, Equatable {
        package var virtualHost: String

        package init(virtualHost: String) {
            self.virtualHost = virtualHost
        }
    }

    /// Closes the connection; class and method name the culprit, or are 0.
    package struct ConnectionClose: Sendable, Equatable {
        package var replyCode: UInt16
        package var replyText: String
        package var classID: UInt16
        package var methodID: UInt16

        package init(replyCode: UInt16, replyText: String, classID: UInt16, methodID: UInt16) {
            self.replyCode = replyCode
            self.replyText = replyText
            self.classID = classID
            self.methodID = methodID
        }
    }

    /// The broker stops reading from connections that publish (https://www.rabbitmq.com/docs/connection-blocked).
    package struct ConnectionBlocked: Sendable, Equatable {
        package var reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }

    /// Renews credentials that expire; not known to rabbitmq-c 0.11, so coded by hand.
    package struct ConnectionUpdateSecret: Sendable, Equatable {
        package var newSecret: [UInt8]
        package var reason: String

        package init(newSecret: [UInt8], reason: String) {
            self.newSecret = newSecret
            self.reason = reason
        }
    }
}
