// Who is logged in: a table of unguessable names, and the user behind each.
// The cookie holds nothing but such a name, so there is nothing in it to forge; the table is
// bounded, so logging in cannot fill the memory.

struct Sessions {
    /// The oldest session ends when one more begins.
    static let sessionsMax = 1000
    /// Unicode scalars of a user's name; the rest is cut off.
    static let nameLengthMax = 64

    private var users: [String: String] = [:]
    private var order: [String] = []

    /// - Returns: the session's name, 128 random bits in hexadecimal; nil when there is no name.
    mutating func begin(user: String) -> String? {
        let name = Self.tidied(user)
        if name.isEmpty { return nil }
        // The system's generator is the kernel's: not to be guessed (getrandom).
        var generator = SystemRandomNumberGenerator()
        let id = Self.hexadecimal(generator.next()) + Self.hexadecimal(generator.next())
        users[id] = name
        order.append(id)
        if order.count > Self.sessionsMax { users[order.removeFirst()] = nil }
        return id
    }

    func user(of id: String) -> String? { users[id] }

    mutating func end(_ id: String) {
        guard users.removeValue(forKey: id) != nil else { return }
        order.removeAll { $0 == id }
    }

    /// Without control characters, blanks at the ends, and more than a name needs.
    private static func tidied(_ user: String) -> String {
        let kept = user.unicodeScalars.filter { !$0.properties.generalCategory.isControl }
        var scalars = kept.drop { $0.properties.isWhitespace }.prefix(nameLengthMax)
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Unicode.GeneralCategory {
    /// Control and format characters (bidirectional overrides among them): they draw nothing and
    /// can make one name look like another.
    fileprivate var isControl: Bool {
        switch self {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
