extension String {
    /// This text with every `secret` in it replaced by asterisks.
    ///
    /// The server's words may repeat what it was sent, the user name at most; a password is never in a broker's, but
    /// whoever speaks AMQP could be anybody. (The standard library replaces in strings with regular expressions only,
    /// which this library does not link.)
    func masking(_ secret: String) -> String {
        let whole = Array(utf8)
        let pattern = Array(secret.utf8)
        guard !pattern.isEmpty, whole.count >= pattern.count else { return self }
        var result: [UInt8] = []
        var position = 0
        while position < whole.count {
            let end = position + pattern.count
            if end <= whole.count, whole[position..<end].elementsEqual(pattern) {
                result += "***".utf8
                position = end
            } else {
                result.append(whole[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
