/// The limits of the wire format, and those that this module sets for its own safety.
public struct WireLimits: Sendable, Hashable {
    /// How deep tables and arrays may be nested, 1 to ``highestTableDepth``; a table without nested ones counts as 1.
    ///
    /// rabbitmq-c decodes nested tables by recursion without a limit, so a frame of 128 KiB could overflow a stack.
    public var maxTableDepth: Int {
        didSet { maxTableDepth = Self.clamped(maxTableDepth) }
    }

    /// Limits with tables nested at most `maxTableDepth` deep; a number out of range is brought into it.
    public init(maxTableDepth: Int = 32) {
        self.maxTableDepth = Self.clamped(maxTableDepth)
    }

    private static func clamped(_ depth: Int) -> Int { Swift.min(Swift.max(depth, 1), highestTableDepth) }

    /// What both directions use unless told otherwise: 32 levels.
    public static let standard = WireLimits()

    /// The highest value of ``maxTableDepth``: 64 levels take some 20 KiB of stack in rabbitmq-c.
    public static let highestTableDepth = 64
    /// The longest short string and the longest table key in bytes of UTF-8 (AMQP 0-9-1, section 4.2.5.3).
    public static let maxShortString = 255
    /// The largest table that is encoded, in bytes: 16 MiB, which is far over any frame that a broker accepts by default.
    public static let maxTableSize = 16 << 20
    /// The bytes of a frame that are not payload: a header of 7 and the end octet (section 4.2.3).
    public static let frameOverhead = 8
    /// The smallest frame size that peers may agree on, in bytes with overhead (section 4.2.3, `frame-min-size`).
    public static let minFrameSize = 4096
}
