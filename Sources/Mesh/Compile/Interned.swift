// Values that ten thousand routes have in common, kept once: paths, expressions, destinations.
// `/api` in every host is then one array, and the snapshot stays small.
internal import Spec

struct Interned {
    private var texts: [String: [UInt8]] = [:]
    private var regexes: [String: Result<Regex, RegexError>] = [:]
    private var endings = Regex.Endings()
    private var forwards: [Int: Forward] = [:]

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
    mutating func forward(to destination: WeightedDestination) -> Forward {
        guard let cluster = destination.cluster else { return Forward(destinations: [destination]) }
        if let known = forwards[cluster] { return known }
        let forward = Forward(destinations: [destination])
        forwards[cluster] = forward
        return forward
    }
}
