// The spelling rules of names: DNS labels, host names with wildcards, addresses.
// As Istio's validation has them (pkg/config/validation, istio.io/api labels), on bytes, because a
// large configuration checks a hundred thousand of them.

enum NameSyntax {
    /// RFC 1123: letters in lower case, digits and dashes inside, at most 63.
    static func isLabel(_ text: some StringProtocol) -> Bool {
        isLabel(text.utf8, capitals: false)
    }

    /// Labels joined by dots, at most 253.
    static func isSubdomain(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { isLabel($0, capitals: false) }
    }

    private static func isLabel(_ text: some Collection<UInt8>, capitals: Bool) -> Bool {
        guard (1...63).contains(text.count) else { return false }
        var last: UInt8 = 0
        for byte in text {
            switch byte {
            case 0x30...0x39, 0x61...0x7A: break
            case 0x41...0x5A where capitals: break
            case UInt8(ascii: "-") where last != 0: break
            default: return false
            }
            last = byte
        }
        return last != UInt8(ascii: "-")
    }

    /// Why a text is no host name, `*` and a leading `*.` allowed where `wildcard`; nil if it is
    /// one.
    static func complaint(host: String, wildcard: Bool = true) -> String? {
        let bytes = host.utf8
        if bytes.isEmpty { return "an empty host" }
        if bytes.count > 255 { return "a host of more than 255 characters" }
        var rest = host[...]
        if bytes.contains(UInt8(ascii: "*")) {
            guard wildcard else { return "a wildcard where a whole name is needed" }
            if host == "*" { return nil }
            guard rest.first == "*", !rest.dropFirst().contains("*") else {
                return "`*` can only be the first character of a host"
            }
            rest = rest.dropFirst(rest.hasPrefix("*.") ? 2 : 1)
        }
        if rest.last == "." { rest = rest.dropLast() }
        let labels = rest.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels where !isLabel(label, capitals: true) {
            let text = String(decoding: Array(label), as: UTF8.self)
            return text.isEmpty
                ? "a host with nothing between two dots or at its end"
                : "`\(text)` cannot be part of a host name"
        }
        if let top = labels.last, labels.count > 1 || wildcard,
            top.allSatisfy({ (0x30...0x39).contains($0) })
        {
            return "a host whose last part is a number"
        }
        return nil
    }

    /// A leading `*` without a dot behind it: taken, and hardly ever meant.
    static func isOddWildcard(_ host: String) -> Bool {
        host.utf8.count > 1 && host.hasPrefix("*") && !host.hasPrefix("*.")
    }

    /// RFC 9110, 5.6.2: the characters of a header's name.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// True where the first host stands for every name that the second stands for.
    static func covers(_ pattern: String, _ host: String) -> Bool {
        if pattern == "*" || pattern == host { return true }
        guard pattern.hasPrefix("*") else { return false }
        let suffix = pattern.dropFirst()
        let rest = host.hasPrefix("*") ? host.dropFirst() : host[...]
        return rest.utf8.count >= suffix.utf8.count && rest.hasSuffix(suffix)
            && (host.hasPrefix("*") || rest.utf8.count > suffix.utf8.count)
    }
}
