import Glibc

// What libFuzzer calls. Its own `main` comes with it, so the target is named by the environment: FUZZ_TARGET.

private let target: FuzzTarget? = {
    guard let name = getenv("FUZZ_TARGET") else { return nil }
    let wanted = String(cString: name)
    return (FuzzTarget.all + [overread]).first { $0.name == wanted }
}()

/// What the address sanitizer has to see; `scripts/fuzz` looks whether it does.
private let overread = FuzzTarget(
    name: "overread", maxLength: 1,
    run: { input in
        let copy = UnsafeMutableRawPointer.allocate(byteCount: input.count + 1, alignment: 1)
        defer { copy.deallocate() }
        try hold(copy.load(fromByteOffset: input.count + 1, as: UInt8.self) != 1, "read what nobody wrote")
        try hold(false, "the address sanitizer saw nothing")
    }, seeds: { [] })

@_cdecl("LLVMFuzzerInitialize")
func fuzzerInitialize(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer) -> CInt {
    if let folder = getenv("FUZZ_SEEDS") {
        exit(writeSeeds(to: String(cString: folder)) ? 0 : 1)
    }
    if getenv("FUZZ_LIST") != nil {
        for target in FuzzTarget.all { print("\(target.name) \(target.maxLength)") }
        exit(0)
    }
    if target == nil {
        complain("FUZZ_TARGET has to be one of: " + FuzzTarget.all.map(\.name).joined(separator: " "))
        exit(2)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzerTestOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    do {
        try target?.run(UnsafeRawBufferPointer(start: data, count: size))
    } catch {
        complain("FOUND: \(error)")
        abort()
    }
    return 0
}

private func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// Writes `FOLDER/TARGET/seed-NUMBER` for every target.
private func writeSeeds(to folder: String) -> Bool {
    do {
        for target in FuzzTarget.all {
            mkdir("\(folder)/\(target.name)", 0o755)
            for (number, seed) in try target.seeds().enumerated() {
                let digits = "\(number)"
                let name = "\(folder)/\(target.name)/seed-" + (digits.count < 2 ? "0" : "") + digits
                guard let file = fopen(name, "w") else { throw Finding("cannot write \(name)") }
                defer { fclose(file) }
                guard fwrite(seed, 1, seed.count, file) == seed.count else { throw Finding("cannot write \(name)") }
            }
        }
        return true
    } catch {
        complain("\(error)")
        return false
    }
}
