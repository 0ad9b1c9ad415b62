// A header field as two strings, for code that serves people rather than traffic.
// The data plane keeps fields as offsets; whoever builds a page or an API wants names and values.

/// A name and its value. Names compare without case.
public struct HTTPField: Sendable, Hashable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [HTTPField] {
    /// The value of the first field with this name.
    public func value(of name: String) -> String? {
        first { $0.isCalled(name) }?.value
    }

    /// Replaces all fields with this name by one.
    public mutating func set(_ name: String, _ value: String) {
        removeAll { $0.isCalled(name) }
        append(HTTPField(name, value))
    }
}

extension HTTPField {
    func isCalled(_ other: String) -> Bool {
        guard name.utf8.count == other.utf8.count else { return false }
        return zip(name.utf8, other.utf8).allSatisfy { foldedASCII($0) == foldedASCII($1) }
    }

    /// Only what may stand in a head (RFC 9110 section 5.5): a name that is a token, a value
    /// without control characters. Anything else could end the line and begin another one.
    var isSendable: Bool {
        !name.isEmpty && name.utf8.allSatisfy(H1Scanner.isToken)
            && value.utf8.allSatisfy(H1Scanner.isFieldByte)
    }
}

private func foldedASCII(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}
