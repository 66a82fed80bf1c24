internal import CSwiftAMQP
internal import Glibc
internal import SwiftAMQP

extension AMQPError.Code {
    /// The status of C that stands for this code.
    var status: samqp_status {
        switch self {
        case .invalidArgument, .invalidConfiguration: SAMQP_ERR_INVALID_ARGUMENT
        case .unsupported: SAMQP_ERR_UNSUPPORTED
        case .messageTooLarge: SAMQP_ERR_TOO_LARGE
        case .channelIDsExhausted: SAMQP_ERR_NO_MEMORY
        case .wouldBlock: SAMQP_ERR_WOULD_BLOCK
        case .resolveFailed, .unreachable, .connectTimeout, .protocolMismatch: SAMQP_ERR_CONNECT
        case .authenticationFailed, .noCommonMechanism, .virtualHostRefused: SAMQP_ERR_AUTH
        case .connectionClosedByPeer: SAMQP_ERR_CONNECTION_EXCEPTION
        case .connectionLost, .heartbeatTimeout: SAMQP_ERR_CONNECTION_LOST
        case .protocolViolation: SAMQP_ERR_PROTOCOL
        case .channelException: SAMQP_ERR_CHANNEL_EXCEPTION
        case .closed: SAMQP_ERR_CLOSED
        case .timeout: SAMQP_ERR_TIMEOUT
        case .cancelled: SAMQP_ERR_CANCELLED
        case .nacked: SAMQP_ERR_NACKED
        case .returned: SAMQP_ERR_RETURNED
        case .stale: SAMQP_ERR_STALE
        case .alreadySettled: SAMQP_ERR_ALREADY_SETTLED
        case .cancelledByBroker: SAMQP_ERR_CONSUMER_CANCELLED
        case .overflow: SAMQP_ERR_OVERFLOW
        default: SAMQP_ERR_INTERNAL
        }
    }
}

extension AMQPError {
    /// The status of C that stands for the error: where no connection came about because this process may have no more
    /// descriptors, that is not the peer's affair.
    var status: samqp_status {
        switch (code, systemErrno) {
        case (.unreachable, EMFILE), (.unreachable, ENFILE), (.unreachable, ENOMEM), (.unreachable, ENOBUFS):
            SAMQP_ERR_NO_MEMORY
        default: code.status
        }
    }
}

extension AMQPPublishOutcome {
    /// The status of C; `nil` for a confirm.
    var failureStatus: samqp_status? {
        switch self {
        case .confirmed: nil
        case .returned: SAMQP_ERR_RETURNED
        case .nacked: SAMQP_ERR_NACKED
        case .notSent: SAMQP_ERR_NOT_SENT
        case .unknown: SAMQP_ERR_UNKNOWN
        }
    }
}
