/// A constant of the header that has a name which lives as long as the process.
struct ConstantName: Sendable {
    let value: Int32
    let text: CText

    init(_ value: Int32, _ text: String) {
        self.value = value
        self.text = CText(text)
    }
}
