// All that a look-up reads of a virtual host, side by side in one array of bytes: its name, and for
// each route the path it asks for. With ten thousand hosts a request costs the cache lines it
// touches, and here they are one or two where objects would be a dozen.

/// Names and records; numbers are little-endian:
///
///     name     record: u32, length: u32, the name's bytes in lower case
///     record   virtual host: u32, first route: u32, routes: u32, redirects to https: u8,
///              then a step for each route
///     step     kind: u8, length: u32, plan: u32, program: u32 (regex only), the path's bytes
///
/// A virtual host's first name is directly before its record: with a few routes that is two or
/// three cache lines one behind the other, which `touch` can call for before they are needed.
@usableFromInline
struct LookupArena: Sendable {
    @usableFromInline
    enum Kind: UInt8, Sendable {
        case any, exact, prefix, exactIgnoringCase, prefixIgnoringCase, regex

        /// Beside the kind: there is more to ask than the path.
        @usableFromInline static let conditions: UInt8 = 0x80
    }

    /// What one route asks of a path.
    @usableFromInline
    struct Step {
        @usableFromInline let kind: Kind
        @usableFromInline let hasConditions: Bool
        /// Of the route, in the table's plans.
        @usableFromInline let plan: UInt32
        /// Of a regex, where its automaton is in the table's programs; `noProgram` without one.
        @usableFromInline let program: UInt32
        /// Where the path, of a regex the bytes it starts with, lies.
        @usableFromInline let offset: Int
        @usableFromInline let length: Int

        @inlinable var end: Int { offset &+ length }

        @inlinable
        init(
            kind: Kind, hasConditions: Bool, plan: UInt32, program: UInt32, offset: Int, length: Int
        ) {
            self.kind = kind
            self.hasConditions = hasConditions
            self.plan = plan
            self.program = program
            self.offset = offset
            self.length = length
        }
    }

    @usableFromInline static let noProgram = UInt32.max
    @usableFromInline static let nameHead = 8
    @usableFromInline static let recordHead = 13
    private static let lineBytes = 64

    /// Offset 0 is nothing's, so that tables can mark free slots with it.
    @usableFromInline private(set) var bytes: [UInt8] = [0]

    @inlinable
    func word(at offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset &+ 1]) << 8
            | UInt32(bytes[offset &+ 2]) << 16 | UInt32(bytes[offset &+ 3]) << 24
    }

    @inlinable
    func step(at offset: Int) -> Step {
        let kind = bytes[offset]
        let length = Int(word(at: offset &+ 1))
        let what = Kind(rawValue: kind & ~Kind.conditions) ?? .any
        let isRegex = what == .regex
        return Step(
            kind: what, hasConditions: kind & Kind.conditions != 0, plan: word(at: offset &+ 5),
            program: isRegex ? word(at: offset &+ 9) : Self.noProgram,
            offset: offset &+ (isRegex ? 13 : 9), length: length)
    }

    /// Reads a byte of the cache lines that a look-up of the name at `offset` is about to read, so
    /// that memory delivers them together. - Returns: those bytes, mixed.
    @usableFromInline
    func touch(_ offset: Int) -> UInt8 {
        let next = offset &+ Self.lineBytes
        return bytes[offset] &+ (next < bytes.count ? bytes[next] : 0)
    }

    // MARK: - Building

    mutating func reserve(hosts: Int, routes: Int) {
        bytes.reserveCapacity(hosts * 48 + routes * 20)
    }

    /// Room for `name`, of the record at `record`; nil: it comes right behind the name.
    /// - Returns: where the name is.
    mutating func append(name: Substring.UTF8View, record: Int?) -> Int {
        let offset = bytes.count
        append(UInt32(record ?? offset + Self.nameHead + name.count))
        append(UInt32(name.count))
        bytes.append(contentsOf: name)
        for index in offset + Self.nameHead..<bytes.count {
            bytes[index] = bytes[index].asciiLowercased
        }
        return offset
    }

    /// The bytes of the name at `offset`.
    func name(at offset: Int) -> ArraySlice<UInt8> {
        let start = offset + Self.nameHead
        return bytes[start..<start + Int(word(at: offset + 4))]
    }

    /// Takes back the name at `offset`, which was the last to be added.
    mutating func removeLastName(at offset: Int) {
        bytes.removeSubrange(offset...)
    }

    mutating func append(
        virtualHost: Int, firstRoute: Int, routeCount: Int, redirectsToHTTPS: Bool
    ) {
        append(UInt32(virtualHost))
        append(UInt32(firstRoute))
        append(UInt32(routeCount))
        bytes.append(redirectsToHTTPS ? 1 : 0)
    }

    /// - Parameter program: of a regex with an automaton, where that is.
    mutating func append(_ match: RouteMatch, plan: UInt32, program: UInt32?) {
        let (kind, path) = Self.parts(of: match)
        bytes.append(kind.rawValue | (match.conditions.isEmpty ? 0 : Kind.conditions))
        append(UInt32(path.count))
        append(plan)
        if kind == .regex { append(program ?? Self.noProgram) }
        bytes.append(contentsOf: path)
    }

    mutating func finish() {
        // An array that grew by doubling may be half empty.
        if bytes.capacity > bytes.count + bytes.count / 8 {
            var exact: [UInt8] = []
            exact.reserveCapacity(bytes.count)
            exact.append(contentsOf: bytes)
            bytes = exact
        }
    }

    private mutating func append(_ word: UInt32) {
        bytes.append(UInt8(truncatingIfNeeded: word))
        bytes.append(UInt8(truncatingIfNeeded: word >> 8))
        bytes.append(UInt8(truncatingIfNeeded: word >> 16))
        bytes.append(UInt8(truncatingIfNeeded: word >> 24))
    }

    private static func parts(of match: RouteMatch) -> (kind: Kind, bytes: ArraySlice<UInt8>) {
        switch match.path {
        case .any: (.any, [])
        case .exact(let path): (match.ignoresPathCase ? .exactIgnoringCase : .exact, path[...])
        case .prefix(let path): (match.ignoresPathCase ? .prefixIgnoringCase : .prefix, path[...])
        case .regex(let regex): (.regex, regex.literalPrefix)
        }
    }
}
