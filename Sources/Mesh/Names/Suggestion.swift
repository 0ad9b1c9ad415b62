// "Did you mean": the known name nearest to one that is not known.
// Most dangling references are typing mistakes, and the cure is to say which name was meant.

enum Suggestion {
    /// The nearest of `candidates` within three changes, and within a third of the name, or nil.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        var best: (name: String, distance: Int)?
        var limit = min(3, max(1, wanted.count / 3))
        for candidate in candidates {
            let distance = editDistance(wanted, Array(candidate.utf8), atMost: limit)
            guard distance <= limit else { continue }
            if let best, best.distance == distance, best.name <= candidate { continue }
            best = (candidate, distance)
            limit = distance
        }
        return best?.name
    }

    /// Insertions, deletions, replacements; anything above `limit` is `Int.max`.
    static func editDistance(_ left: [UInt8], _ right: [UInt8], atMost limit: Int) -> Int {
        if abs(left.count - right.count) > limit { return Int.max }
        var row = Array(0...right.count)
        for (lineNumber, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = lineNumber + 1
            var smallest = row[0]
            for column in right.indices {
                let replaced = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
                smallest = min(smallest, row[column + 1])
            }
            if smallest > limit { return Int.max }
        }
        return row[right.count]
    }
}
