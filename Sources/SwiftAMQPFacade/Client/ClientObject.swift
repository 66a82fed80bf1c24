internal import SwiftAMQP

/// What a `samqp_client` is.
final class ClientObject: Sendable {
    let client: AMQPClient

    init(client: AMQPClient) {
        self.client = client
    }
}
