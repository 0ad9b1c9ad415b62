// A growable run of bytes with a read end and a write end; the only owner of its memory.
// It is ~Copyable so that a block has exactly one place it belongs to and a leak or a double free
// cannot be written down.
public import Glibc

/// Bytes are appended at the tail and consumed from the head. Holds no memory until first used.
@safe
public struct Buffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var capacity: Int
    @usableFromInline var head = 0
    @usableFromInline var tail = 0

    public init() {
        unsafe base = nil
        capacity = 0
    }

    public init(capacity: Int) {
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        self.capacity = capacity
    }

    init(adopting block: UnsafeMutableRawPointer, capacity: Int) {
        unsafe base = block
        self.capacity = capacity
    }

    deinit {
        unsafe base?.deallocate()
    }

    /// How many bytes wait to be read.
    @inlinable public var count: Int { tail - head }
    @inlinable public var isEmpty: Bool { tail == head }
    @inlinable public var allocatedBytes: Int { capacity }

    /// What waits to be read; good until the next change of this buffer.
    @inlinable
    public var readable: ByteView {
        guard let base = unsafe base else { return .empty }
        return unsafe ByteView(start: base + head, count: tail - head)
    }

    @inlinable
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= tail - head)
        head += count
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Moves the first `count` bytes to memory a C library asked to have filled.
    @unsafe
    public mutating func move(_ count: Int, to target: UnsafeMutableRawPointer) {
        precondition(count >= 0 && count <= tail - head)
        guard count > 0, let base = unsafe base else { return }
        unsafe memcpy(target, base + head, count)
        consume(count)
    }

    /// Makes ASCII letters lower case, `count` bytes from `start` of what waits to be read.
    public mutating func lowercase(from start: Int, count: Int) {
        precondition(start >= 0 && count >= 0 && start + count <= tail - head)
        guard let base = unsafe base else { return }
        var offset = head + start
        let end = offset + count
        while end - offset >= 8 {
            let word = unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            unsafe base.storeBytes(of: lowercased(word), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < end {
            let byte = unsafe base.load(fromByteOffset: offset, as: UInt8.self)
            unsafe base.storeBytes(of: lowercased(byte), toByteOffset: offset, as: UInt8.self)
            offset += 1
        }
    }

    @inlinable
    public mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Drops everything, and the memory too where it is more than `bytes`.
    public mutating func empty(keeping bytes: Int) {
        if capacity > bytes { self = Buffer() } else { removeAll() }
    }

    /// Drops what stands behind the first `count` bytes that wait to be read.
    @inlinable
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= tail - head)
        tail = head + count
    }

    /// Makes room for `count` more bytes behind the tail.
    @inlinable
    public mutating func reserve(_ count: Int) {
        if capacity - tail < count { grow(count) }
    }

    @usableFromInline
    mutating func grow(_ count: Int) {
        let used = tail - head
        if head > 0, capacity - used >= count, let base = unsafe base {
            unsafe memmove(base, base + head, used)
        } else {
            var wanted = max(capacity, 256)
            while wanted - used < count { wanted *= 2 }
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
            if let base = unsafe base {
                unsafe memcpy(fresh, base + head, used)
                unsafe base.deallocate()
            }
            unsafe base = fresh
            capacity = wanted
        }
        head = 0
        tail = used
    }

    @inlinable
    public mutating func append(_ bytes: ByteView) {
        let count = bytes.count
        guard count > 0 else { return }
        reserve(count)
        unsafe memcpy(base.unsafelyUnwrapped + tail, bytes.base, count)
        tail += count
    }

    @inlinable
    public mutating func append(_ literal: StaticString) {
        append(ByteView(literal))
    }

    @inlinable
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    @inlinable
    public mutating func append(_ bytes: [UInt8]) {
        let count = bytes.count
        guard count > 0 else { return }
        reserve(count)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            _ = unsafe memcpy(base.unsafelyUnwrapped + tail, start, count)
        }
        tail += count
    }

    public mutating func append(text: String) {
        var text = text
        text.withUTF8 { utf8 in
            guard let start = utf8.baseAddress else { return }
            unsafe append(ByteView(start: start, count: utf8.count))
        }
    }

    public mutating func append(decimal value: UInt64) {
        if value < 10 {
            append(0x30 + UInt8(truncatingIfNeeded: value))
            return
        }
        var digits = 1
        var bound: UInt64 = 10
        while value >= bound, digits < 20 {
            digits += 1
            bound = digits == 20 ? .max : bound &* 10
        }
        reserve(digits)
        var rest = value
        var position = tail + digits
        let start = unsafe base.unsafelyUnwrapped
        repeat {
            position -= 1
            unsafe start.storeBytes(
                of: 0x30 + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: position,
                as: UInt8.self)
            rest /= 10
        } while position > tail
        tail += digits
    }

    public mutating func append(hexadecimal value: UInt64) {
        var shift = value == 0 ? 0 : (63 - value.leadingZeroBitCount) / 4 * 4
        while shift >= 0 {
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xf
            append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            shift -= 4
        }
    }

    /// The lowest `count` hexadecimal digits, with leading zeros.
    public mutating func appendHexDigits(_ value: UInt64, count: Int) {
        if count > 8 {
            appendHexDigits(value >> 32, count: count - 8)
            appendHexDigits(value, count: 8)
            return
        }
        guard count > 0 else { return }
        // Eight digits at once, a nibble a byte, of which the last `count` are wanted.
        var digits = value & 0xffff_ffff
        digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f
        let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        let text = digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
        reserve(8)
        unsafe base.unsafelyUnwrapped.storeBytes(
            of: (text << UInt64(64 - 8 * count)).bigEndian, toByteOffset: tail, as: UInt64.self)
        tail += count
    }

    /// Lets a C library write up to `limit` bytes behind the tail; `body` returns how many it
    /// wrote, or what else it has to say (0 or less).
    @unsafe
    public mutating func fill(
        limit: Int, _ body: (UnsafeMutableRawPointer, Int) -> Int32
    ) -> Int {
        reserve(limit)
        let count = unsafe Int(body(base.unsafelyUnwrapped + tail, limit))
        precondition(count <= limit)
        if count > 0 { tail += count }
        return count
    }

    /// Reads from a descriptor behind the tail, at most `limit` bytes.
    public mutating func fill(from descriptor: Int32, limit: Int) -> IOResult {
        reserve(limit)
        let result = unsafe IOResult.receive(
            descriptor, into: base.unsafelyUnwrapped + tail, count: limit)
        if case .bytes(let count) = result { tail += count }
        return result
    }

    /// Writes what waits to a descriptor, as far as it takes it, and consumes that.
    public mutating func drain(to descriptor: Int32) -> IOResult {
        let result = IOResult.send(descriptor, readable)
        if case .bytes(let count) = result { consume(count) }
        return result
    }
}
