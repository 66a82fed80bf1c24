internal import AMQPTransport

/// Keeps a publisher supplied with a channel: a new one whenever the last one has ended, for as long as the link lives.
struct PublisherKeeper: Sendable {
    let publisher: ResendingPublisher
    let link: SupervisedLink
    let report: @Sendable (AMQPClientEvent) -> Void

    /// Runs until the link has ended or the task is cancelled.
    func run() async {
        let backoff = AMQPBackoff(initial: .milliseconds(10), maximum: .seconds(1))
        let pause = Doorbell()
        var barren = 0
        while let connection = await link.openConnection(), !Task.isCancelled {
            let before = publisher.progress
            do throws(AMQPError) {
                let channel = try await connection.openChannel()
                try await channel.confirmSelect()
                guard publisher.attach(channel) else { return }
                // It ends with its connection at the latest.
                _ = await channel.core.closed.wait()
                let error = channel.closeReason ?? AMQPError(.closed, "the channel of the publisher has ended")
                publisher.detach(error)
                if error.code != .closed { report(.publisherChannelLost(error)) }
                if Task.isCancelled { return }
            } catch {
                if Task.isCancelled { return }
                // That of a lost connection is the link's to report.
                if connection.closeError == nil { report(.publisherChannelLost(error)) }
            }
            // A channel that ends again and again without an answer to any publish is not opened in a tight loop; nor is
            // one of a connection whose end the link has not heard of yet.
            // One that went with its connection is the link's affair, which has a backoff of its own.
            barren = publisher.progress == before && connection.closeError == nil ? barren + 1 : 0
            if barren > 0 {
                await pause.wait(atMost: backoff.delay(round: barren - 1, random: .random(in: .min ... .max)))
            }
        }
    }
}
