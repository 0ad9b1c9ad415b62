// Values that ten thousand routes have in common, kept once: paths, expressions, destinations.
// `/api` in every host is then one array, and the snapshot stays small.
internal import Spec

struct Interned {
    private var texts: [String: [UInt8]] = [:]
    private var regexes: [String: Result<Regex, RegexError>] = [:]
    private var endings = Regex.Endings()
    private var policies: Set<RoutePolicy> = [.standard]
    private var forwards: [ForwardKey: Forward] = [:]

    private struct ForwardKey: Hashable {
        let cluster: Int
        let policy: ObjectIdentifier
    }

    mutating func bytes(_ text: String) -> [UInt8] {
        if let known = texts[text] { return known }
        let bytes = Array(text.utf8)
        texts[text] = bytes
        return bytes
    }

    mutating func regex(_ pattern: String) throws(RegexError) -> Regex {
        if let known = regexes[pattern] { return try known.get() }
        let result = Result { () throws(RegexError) in
            try Regex(Array(pattern.utf8), endings: &endings)
        }
        regexes[pattern] = result
        return try result.get()
    }

    /// One destination and nothing done on the way: what most rules say.
    mutating func forward(
        to destination: WeightedDestination, policy: RoutePolicy = .standard
    ) -> Forward {
        guard let cluster = destination.cluster else {
            return Forward(destinations: [destination], policy: policy)
        }
        let key = ForwardKey(cluster: cluster, policy: ObjectIdentifier(policy))
        if let known = forwards[key] { return known }
        let forward = Forward(destinations: [destination], policy: policy)
        forwards[key] = forward
        return forward
    }

    /// The one that says the same, which stays for good: forwards are told apart by it.
    mutating func policy(_ policy: RoutePolicy) -> RoutePolicy {
        policies.insert(policy).memberAfterInsert
    }
}
