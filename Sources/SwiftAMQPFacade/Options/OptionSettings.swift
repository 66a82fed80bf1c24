internal import CSwiftAMQP
internal import SwiftAMQP

/// Everything that options can say, with the defaults of the Swift API until they do.
struct OptionSettings: Sendable {
    /// What "connection.*" says is said to each of its endpoints.
    var client = AMQPClientConfiguration(endpoints: [])
    var publisher = PublisherSettings()
    var consumer = AMQPConsumerConfiguration(queue: "")
    var automatic = AutomaticSettings()
    var failures = FailureSettings()
    var breaker = AMQPCircuitBreaker()
    var isBreakerEnabled = false

    struct AutomaticSettings: Sendable {
        var isEnabled = false
        var limit = AMQPAcknowledgement.AutomaticLimit()
    }
}

/// What a publisher is made with.
struct PublisherSettings: Sendable {
    /// `nil` for the client's `maximumMessages`.
    var window: Int?
    var policy = AMQPDeliveryPolicy.atLeastOnce
    /// `nil` for the endpoint's `publishTimeout`.
    var timeout: Duration?
    var isMandatory = true
}

/// A failure policy before it is known which one: the fields of all of them.
struct FailureSettings: Sendable {
    enum Policy: Sendable { case requeue, reject, retry }
    enum Then: Sendable { case reject, park }

    var policy = Policy.requeue
    var limit: Int? = AMQPRetryQueues().limit
    /// `nil` for the policy's own default.
    var then: Then?
    var parkingQueue: String?
    var backoff = AMQPFailurePolicy.defaultBackoff
    var queues = AMQPRetryQueues()

    /// - Throws: For settings of one policy that another one does not have.
    func made() throws(Failure) -> AMQPFailurePolicy {
        if parkingQueue != nil, policy == .reject || (then ?? (policy == .retry ? .park : .reject)) == .reject {
            throw .invalidArgument("option 'failures.park_queue' has no effect without failures.then = park")
        }
        switch policy {
        case .reject: return .reject
        case .requeue:
            if let limit, limit > 19 {
                throw .invalidArgument(
                    "option 'failures.limit' is \(limit); with failures.policy = requeue it must be 1 to 19, or none: "
                        + "from RabbitMQ 4.0 on quorum queues drop what came back more than 20 times")
            }
            return .requeue(
                backoff: backoff, limit: limit, then: then == .park ? .park(queue: parkingQueue) : .reject)
        case .retry:
            guard let limit else {
                throw .invalidArgument(
                    "option 'failures.limit' is none; with failures.policy = retry it must be 1 to 1000")
            }
            var queues = queues
            queues.limit = limit
            queues.then = then == .reject ? .reject : .park(queue: parkingQueue)
            return .retry(queues)
        }
    }
}

extension AMQPConfiguration {
    /// Credentials are one value there, and two options here.
    var username: String {
        get { credentials.username }
        set { credentials = .plain(username: newValue, password: credentials.password) }
    }

    var password: String {
        get { credentials.password }
        set { credentials = .plain(username: credentials.username, password: newValue) }
    }
}
