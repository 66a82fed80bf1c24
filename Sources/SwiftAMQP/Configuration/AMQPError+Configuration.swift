extension AMQPError {
    /// The refusal of a configuration value: `field` names it, `problem` says what is wrong, `advice` what to write.
    ///
    /// None of the three may quote what the user wrote, unless it certainly is no part of a password.
    static func configuration(
        _ field: String, _ problem: String, _ advice: String, code: Code = .invalidConfiguration
    ) -> AMQPError {
        AMQPError(code, "\(field): \(problem); \(advice)")
    }

    /// The refusal of a URI.
    static func uri(_ field: String, _ problem: String, _ advice: String, code: Code = .invalidConfiguration)
        -> AMQPError
    {
        configuration("AMQP URI, \(field)", problem, advice, code: code)
    }
}
