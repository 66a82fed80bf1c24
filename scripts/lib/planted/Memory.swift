// What scripts/sanitize looks at before it believes the address sanitizer: "overrun" reads past the end of a block, "leak" loses
// objects.

final class Cycle {
    var next: Cycle?
}

@inline(never)
func leak() {
    let cycle = Cycle()
    cycle.next = cycle
}

@inline(never)
func depth(_ count: Int) -> Int { count == 0 ? 0 : depth(count - 1) + 1 }

@inline(never)
func overrun(_ count: Int) -> UInt8 {
    let block = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
    defer { block.deallocate() }
    block.initialize(repeating: 1, count: count)
    return block[count]
}

switch CommandLine.arguments.dropFirst().first {
case "overrun": print(overrun(CommandLine.arguments.count * 8))
case "leak":
    for _ in 0..<10 { leak() }
    // What is left of them on the stack would be taken for references.
    print(depth(1000))
default: print("ok")
}
