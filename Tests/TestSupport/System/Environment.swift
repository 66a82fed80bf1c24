import Glibc

/// A variable of this process's environment; `nil` where it is not set or empty.
package func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
}
