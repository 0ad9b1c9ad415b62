// A regular expression of the configuration: what it means, RE2 says, the engine Istio uses.
// Most expressions are decided without it, by the bytes they start with and an automaton of their
// own. For the others RE2 is asked when the snapshot is compiled, given back, and built again at
// the first match, which most of ten thousand hosts never see.
internal import CRE2
internal import Synchronization

/// One RE2 expression. Any number of threads may match with it at once.
public final class Regex: Sendable {
    /// The bound on one expression's program and automaton, in bytes: RE2's and so Istio's own
    /// default, for a smaller one would refuse expressions that Istio takes.
    public static let memoryBytesMax: Int64 = 8 << 20

    /// The expression as configured.
    public let pattern: [UInt8]
    /// Where in the pattern the bytes stand that every matching text starts with. They decide most
    /// requests without RE2.
    private let literalStart: UInt16
    private let literalCount: UInt16
    /// Decides what comes behind those bytes; nil where only RE2 can.
    let automaton: PositionAutomaton?
    /// The `isthmus_re2` as an address, 0 until the first match. It is published once, by
    /// compare-exchange; a thread that loses that race frees its copy.
    private let compiled = Atomic<UInt>(0)

    /// Checks the expression without keeping what RE2 builds for it.
    public convenience init(_ pattern: [UInt8]) throws(RegexError) {
        var endings = Endings()
        try self.init(pattern, endings: &endings)
    }

    /// - Parameter endings: shared with other expressions that end alike.
    init(_ pattern: [UInt8], endings: inout Endings) throws(RegexError) {
        if !Regex.isPlainlyValid(pattern) {
            let probe = try unsafe Regex.build(pattern)
            unsafe isthmus_re2_free(probe)
        }
        self.pattern = pattern
        let literal = Regex.literalPrefix(of: pattern)
        literalStart = UInt16(clamping: literal.lowerBound)
        literalCount = literal.upperBound > Int(UInt16.max) ? 0 : UInt16(literal.count)
        automaton =
            literal.upperBound > Int(UInt16.max)
            ? nil : endings.automaton(for: pattern[literal.upperBound...])
    }

    deinit {
        let address = compiled.load(ordering: .acquiring)
        unsafe isthmus_re2_free(OpaquePointer(bitPattern: address))
    }

    /// The bytes that every matching text starts with.
    public var literalPrefix: ArraySlice<UInt8> {
        pattern[Int(literalStart)..<Int(literalStart) + Int(literalCount)]
    }

    /// What stands in the pattern behind `literalPrefix`.
    var ending: ArraySlice<UInt8> { pattern[(Int(literalStart) + Int(literalCount))...] }

    /// The automata of expressions by what stands behind the bytes they start with.
    struct Endings {
        private var automata: [ArraySlice<UInt8>: PositionAutomaton?] = [:]

        fileprivate mutating func automaton(for ending: ArraySlice<UInt8>) -> PositionAutomaton? {
            if let known = automata[ending] { return known }
            let automaton = PositionAutomaton(reading: ending)
            automata[ending] = .some(automaton)
            return automaton
        }
    }

    /// Whether RE2 was needed yet.
    public var isCompiled: Bool { compiled.load(ordering: .relaxed) != 0 }

    /// Whether the whole of `bytes` matches.
    public func matchesFully(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.matches(arena: pattern, at: Int(literalStart), length: Int(literalCount))
        else { return false }
        switch automaton?.verdict(on: bytes, from: Int(literalCount)) {
        case .match: return true
        case .noMatch: return false
        case .unknown, nil: return matchesFullyByRE2(bytes)
        }
    }

    /// The same, by RE2 alone.
    func matchesFullyByRE2(_ bytes: Span<UInt8>) -> Bool {
        guard let regex = unsafe expression() else { return false }
        return unsafe bytes.withUnsafeBufferPointer { text in
            unsafe isthmus_re2_full_match(regex, text.baseAddress, text.count)
        }
    }

    /// `text` with every match replaced; `\1` to `\9` in `replacement` are groups.
    public func replaceAll(in text: Span<UInt8>, with replacement: [UInt8]) -> [UInt8] {
        guard let regex = unsafe expression() else { return Array(copying: text) }
        var result: UnsafeMutablePointer<UInt8>?
        let count = unsafe text.withUnsafeBufferPointer { text in
            unsafe replacement.withUnsafeBufferPointer { replacement in
                unsafe isthmus_re2_replace_all(
                    regex, text.baseAddress, text.count, replacement.baseAddress,
                    replacement.count, &result)
            }
        }
        guard let bytes = unsafe result else { return Array(copying: text) }
        defer { unsafe isthmus_re2_free_text(bytes) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// Refuses a replacement that names a group the expression does not have.
    public func check(replacement: [UInt8]) throws(RegexError) {
        guard let regex = unsafe expression() else { return }
        var reason = [CChar](repeating: 0, count: 256)
        let isGood = unsafe replacement.withUnsafeBufferPointer { replacement in
            unsafe reason.withUnsafeMutableBufferPointer { reason in
                unsafe isthmus_re2_check_rewrite(
                    regex, replacement.baseAddress, replacement.count, reason.baseAddress,
                    reason.count)
            }
        }
        if !isGood { throw .badReplacement(Regex.text(of: reason)) }
    }

    /// The compiled expression. It was valid once, so nil means that memory is short.
    private func expression() -> OpaquePointer? {
        let address = compiled.load(ordering: .acquiring)
        if address != 0 { return unsafe OpaquePointer(bitPattern: address) }
        guard let built = try? unsafe Regex.build(pattern) else { return nil }
        let (isFirst, earlier) = compiled.compareExchange(
            expected: 0, desired: UInt(bitPattern: built), ordering: .acquiringAndReleasing)
        if isFirst { return unsafe built }
        unsafe isthmus_re2_free(built)
        return unsafe OpaquePointer(bitPattern: earlier)
    }

    private static func build(_ pattern: [UInt8]) throws(RegexError) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 256)
        let built = unsafe pattern.withUnsafeBufferPointer { pattern in
            unsafe reason.withUnsafeMutableBufferPointer { reason in
                unsafe isthmus_re2_compile(
                    pattern.baseAddress, pattern.count, memoryBytesMax, reason.baseAddress,
                    reason.count)
            }
        }
        guard let built = unsafe built else { throw .badPattern(text(of: reason)) }
        return unsafe built
    }

    private static func text(of reason: [CChar]) -> String {
        String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Why an expression or a replacement is refused, in RE2's words.
public enum RegexError: Error, Equatable, CustomStringConvertible {
    case badPattern(String)
    case badReplacement(String)

    public var description: String {
        switch self {
        case .badPattern(let reason), .badReplacement(let reason): reason
        }
    }
}
