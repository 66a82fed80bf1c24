// The arguments of the methods of class channel. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// Asks the peer to stop or to go on sending content.
    package struct ChannelFlow: Sendable, Equatable {
        package var active: Bool

        package init(active: Bool = false) {
            self.active = active
        }
    }

    /// The state that the peer asked for.
    package struct ChannelFlowOK: Sendable, Equatable {
        package var active: Bool

        package init(active: Bool = false) {
            self.active = active
        }
    }

    /// Closes the channel; class and method name the culprit, or are 0.
    package struct ChannelClose: Sendable, Equatable {
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
}
