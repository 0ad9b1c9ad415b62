// A bounds-checked look at bytes that somebody else owns, for the length of one call.
// Span would be the language's own word for it, but a Span cannot be taken from storage inside a
// class that is mutated later; every protocol scanner here works on such storage.
public import Glibc

/// Borrowed bytes. Valid only while the buffer they were taken from is neither written nor freed:
/// use within the call that received it, copy what must live longer. Reads are bounds-checked.
@safe @frozen
public struct ByteView {
    @usableFromInline let base: UnsafeRawPointer
    public let count: Int

    @inlinable
    public init(start: UnsafeRawPointer, count: Int) {
        precondition(count >= 0)
        unsafe self.base = start
        self.count = count
    }

    @inlinable
    public init(_ literal: StaticString) {
        unsafe self.base = UnsafeRawPointer(literal.utf8Start)
        self.count = literal.utf8CodeUnitCount
    }

    public static var empty: ByteView { ByteView("") }

    @inlinable public var isEmpty: Bool { count == 0 }

    /// The first byte's address, for C seams; valid as long as the view is.
    @unsafe @inlinable public var start: UnsafeRawPointer { unsafe base }

    /// Precondition: `index` lies within `0..<count`.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
        return unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The bytes from `start` on, `count` of them. Precondition: they lie within the view.
    @inlinable
    public func slice(_ start: Int, _ count: Int) -> ByteView {
        precondition(start >= 0 && count >= 0 && start <= self.count &- count)
        return unsafe ByteView(start: base + start, count: count)
    }

    @inlinable public func prefix(_ count: Int) -> ByteView { slice(0, count) }
    @inlinable public func suffix(from start: Int) -> ByteView { slice(start, count - start) }

    /// The index of the first `byte` at or after `start`, or -1.
    @inlinable
    public func index(of byte: UInt8, from start: Int = 0) -> Int {
        precondition(start >= 0 && start <= count)
        guard let found = unsafe memchr(base + start, Int32(byte), count - start) else { return -1 }
        return unsafe UnsafeRawPointer(found) - base
    }

    /// The index of the last `byte`, or -1.
    public func lastIndex(of byte: UInt8) -> Int {
        var index = count - 1
        while index >= 0, self[index] != byte { index -= 1 }
        return index
    }

    @inlinable
    public func equals(_ other: ByteView) -> Bool {
        unsafe count == other.count && memcmp(base, other.base, count) == 0
    }

    @inlinable
    public func equals(_ literal: StaticString) -> Bool {
        equals(ByteView(literal))
    }

    @inlinable
    public func equals(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == count else { return false }
        return unsafe bytes.withUnsafeBytes { other in
            guard let start = other.baseAddress else { return true }
            return unsafe memcmp(base, start, count) == 0
        }
    }

    /// ASCII letters compare without case, every other byte as it is.
    public func equalsIgnoringCase(_ other: ByteView) -> Bool {
        guard count == other.count else { return false }
        func isSameWord(_ offset: Int) -> Bool {
            let one = unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let two = unsafe other.base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            return one == two || lowercased(one) == lowercased(two)
        }
        var index = 0
        while count &- index >= 8 {
            guard isSameWord(index) else { return false }
            index &+= 8
        }
        // The last eight once more, in one piece.
        if index < count, count >= 8 { return isSameWord(count &- 8) }
        if count &- index >= 4 {
            let one = unsafe base.loadUnaligned(fromByteOffset: index, as: UInt32.self)
            let two = unsafe other.base.loadUnaligned(fromByteOffset: index, as: UInt32.self)
            if one != two, lowercased(UInt64(one)) != lowercased(UInt64(two)) { return false }
            index &+= 4
        }
        while index < count {
            if lowercased(self[index]) != lowercased(other[index]) { return false }
            index &+= 1
        }
        return true
    }

    public func equalsIgnoringCase(_ literal: StaticString) -> Bool {
        equalsIgnoringCase(ByteView(literal))
    }

    /// Whether `other` stands anywhere in it; nothing does not.
    public func contains(_ other: ByteView) -> Bool {
        guard !other.isEmpty else { return false }
        var start = 0
        while count - start >= other.count {
            start = index(of: other[0], from: start)
            guard start >= 0, count - start >= other.count else { return false }
            if slice(start, other.count).equals(other) { return true }
            start += 1
        }
        return false
    }

    public func hasPrefix(_ literal: StaticString) -> Bool {
        let other = ByteView(literal)
        return count >= other.count && prefix(other.count).equals(other)
    }

    public func hasPrefixIgnoringCase(_ literal: StaticString) -> Bool {
        let other = ByteView(literal)
        return count >= other.count && prefix(other.count).equalsIgnoringCase(other)
    }

    /// Without blanks and tabs at both ends (RFC 9110 section 5.6.3, OWS).
    public func trimmed() -> ByteView {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return slice(start, end - start)
    }

    /// A decimal number without sign; nil when empty, not digits, or more than 2^63 - 1.
    public func decimal() -> Int? {
        guard count > 0, count <= 19 else { return nil }
        var value: UInt64 = 0
        for index in 0..<count {
            let digit = self[index] &- 0x30
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return Int(exactly: value)
    }

    public var array: [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: base, count: count))
    }

    /// For people: log lines, errors. Never on the request path.
    public var string: String {
        unsafe String(decoding: UnsafeRawBufferPointer(start: base, count: count), as: UTF8.self)
    }

    @inlinable
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span<UInt8>(
                _unsafeStart: base.assumingMemoryBound(to: UInt8.self), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

extension Array where Element == UInt8 {
    /// The array's bytes as a view, for the length of `body`.
    @inlinable
    public func withView<R>(_ body: (ByteView) -> R) -> R {
        unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return body(.empty) }
            return unsafe body(ByteView(start: start, count: bytes.count))
        }
    }
}

@inlinable
public func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}

/// Eight bytes at once, each as `lowercased(_:)` has it.
@inlinable
public func lowercased(_ word: UInt64) -> UInt64 {
    // A sum of seven bits reaches the eighth exactly from the letter on; bytes above 127 are none.
    let low = word & 0x7f7f_7f7f_7f7f_7f7f
    let fromA = low &+ 0x3f3f_3f3f_3f3f_3f3f
    let behindZ = low &+ 0x2525_2525_2525_2525
    return word | (fromA & ~behindZ & ~word & 0x8080_8080_8080_8080) >> 2
}
