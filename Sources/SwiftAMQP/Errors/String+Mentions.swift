extension String {
    /// Whether another text stands in this one, byte for byte.
    ///
    /// `contains` with a text comes from the module of regular expressions, which would be a seventh of libswiftamqp.so;
    /// scripts/build-lib leaves that module out.
    func mentions(_ other: String) -> Bool {
        other.isEmpty || utf8.indices.contains { utf8[$0...].starts(with: other.utf8) }
    }
}
