// Comparisons of bytes in place, with and without ASCII case.
// The request path compares what a client sent with what was configured and copies neither.

extension Span<UInt8> {
    @inlinable
    public func equals(_ other: [UInt8]) -> Bool {
        count == other.count && starts(with: other)
    }

    @inlinable
    public func starts(with prefix: [UInt8]) -> Bool {
        let length = prefix.count
        guard length <= count else { return false }
        var index = 0
        while index < length {
            if self[index] != prefix[index] { return false }
            index += 1
        }
        return true
    }

    /// Whether the bytes here from `start` on begin with `length` bytes of `arena` at `offset`.
    @inlinable
    func matches(arena: borrowing [UInt8], at offset: Int, length: Int) -> Bool {
        guard length <= count else { return false }
        var index = 0
        while index < length {
            if self[index] != arena[offset &+ index] { return false }
            index &+= 1
        }
        return true
    }

    /// The same, with the ASCII letters of this span taken as lower case.
    @inlinable
    func matchesLowercased(arena: borrowing [UInt8], at offset: Int, length: Int) -> Bool {
        guard length <= count else { return false }
        var index = 0
        while index < length {
            if self[index].asciiLowercased != arena[offset &+ index] { return false }
            index &+= 1
        }
        return true
    }
}

extension UInt8 {
    /// `A` to `Z` become `a` to `z`; every other byte stays.
    @inlinable
    var asciiLowercased: UInt8 {
        self &- 0x41 < 26 ? self | 0x20 : self
    }
}

extension [UInt8] {
    init(copying span: Span<UInt8>) {
        self.init()
        reserveCapacity(span.count)
        for index in span.indices { append(span[index]) }
    }
}
