// Istio's rules for host names: wildcards, which of two is the more specific, and short names.
// They decide which requests a VirtualService gets, so they stand alone and are tested alone.

/// Names are lower case here; `*` alone and a leading `*` are wildcards (pkg/config/host).
enum HostName {
    static func isWild(_ name: some StringProtocol) -> Bool {
        name.utf8.first == UInt8(ascii: "*")
    }

    /// Whether every host that `inner` names is one that `outer` names: `a.b.com` and `*.b.com`
    /// lie within `*.b.com`, `b.com` does not; everything lies within `*`.
    static func isWithin(_ inner: String, _ outer: String) -> Bool {
        guard isWild(outer) else { return inner == outer }
        if isWild(inner), inner.utf8.count < outer.utf8.count { return false }
        return hasSuffix(inner.utf8, outer.utf8.dropFirst())
    }

    /// Whether some host is named by both.
    static func overlaps(_ left: String, _ right: String) -> Bool {
        isWithin(left, right) || isWithin(right, left)
    }

    /// Most specific first: exact before wildcards, longer before shorter, then by the alphabet.
    static func precedes(_ left: String, _ right: String) -> Bool {
        switch (isWild(left), isWild(right)) {
        case (false, true): return true
        case (true, false): return false
        default: break
        }
        let lengths = (left.utf8.count, right.utf8.count)
        return lengths.0 == lengths.1 ? left < right : lengths.0 > lengths.1
    }

    /// A name without a dot is short for a Kubernetes service in the namespace of the object that
    /// holds it; `*` and IP addresses stay. `reviews.foo` has a dot and stays, too.
    static func fullyQualified(_ name: String, namespace: String, domain: String) -> String {
        let lowered = lowercased(name)
        if lowered == "*" || lowered.isEmpty { return lowered }
        let needsExpansion = !lowered.utf8.contains {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":")
        }
        return needsExpansion ? "\(lowered).\(namespace).svc.\(domain)" : lowered
    }

    /// As the virtual host table wants it: IPv6 literals in brackets, as clients send them.
    static func domain(_ name: String) -> String {
        let isBareIPv6 = name.utf8.contains(UInt8(ascii: ":")) && name.utf8.first != 0x5b
        return isBareIPv6 ? "[\(name)]" : name
    }

    /// Most names are lower case already and are passed through as they are.
    static func lowercased(_ name: String) -> String {
        name.utf8.contains { $0 &- 0x41 < 26 || $0 >= 0x80 } ? name.lowercased() : name
    }

    private static func hasSuffix(
        _ name: String.UTF8View, _ suffix: Substring.UTF8View
    ) -> Bool {
        let surplus = name.count - suffix.count
        return surplus >= 0 && name.dropFirst(surplus).elementsEqual(suffix)
    }
}
