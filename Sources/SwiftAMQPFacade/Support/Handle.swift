internal import AMQPTransport

/// How objects become handles of C and back. A handle is one reference to an object of the facade.
///
/// Invariant: a pointer that comes from C is `NULL`, or was made by ``make(_:)`` with an object of the class that the type of
/// the handle stands for, and was not freed yet: this is what the header asks of its callers. Everything else of the facade
/// takes handles apart here only.
enum Handle {
    /// A handle that holds `object` until it is freed.
    static func make(_ object: some AnyObject) -> OpaquePointer {
        Fork.watch()
        return OpaquePointer(Unmanaged.passRetained(object).toOpaque())
    }

    /// The object of a handle; `nil` for `NULL`.
    @inline(__always)
    static func get<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type = Object.self) -> Object? {
        guard let handle else { return nil }
        return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// The object of a handle that has to be there.
    ///
    /// - Parameter name: What the header calls it.
    @inline(__always)
    static func require<Object: AnyObject>(
        _ handle: OpaquePointer?, as type: Object.Type, _ name: @autoclosure () -> String
    ) throws(Failure) -> Object {
        guard let object = get(handle, as: type) else { throw .missing(name()) }
        return object
    }

    /// As ``get(_:as:)`` without counting: for what is called for every message. The caller of C holds the handle meanwhile.
    @inline(__always)
    static func borrow<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) -> Unmanaged<Object>? {
        handle.map { Unmanaged<Object>.fromOpaque(UnsafeRawPointer($0)) }
    }

    /// A pointer to an object that something else holds, for accessors that lend.
    static func lend(_ object: some AnyObject) -> OpaquePointer {
        OpaquePointer(Unmanaged.passUnretained(object).toOpaque())
    }

    /// Lets go of a handle. In a child of fork(2) nothing happens: what would be closed belongs to the parent as well.
    static func free<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) {
        guard let handle, !Fork.isChild else { return }
        Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release()
    }
}
