// Finds the name somebody probably meant: the nearest by typing errors, or the same word in another
// case. Used for fields, values and kinds alike.

public enum Spelling {
    /// The candidate nearest to `word`, or nil where none is near enough to be worth naming.
    public static func nearest(
        to word: String, among candidates: some Sequence<String>
    ) -> String? {
        let lowered = word.lowercased()
        let allowed = word.utf8.count <= 4 ? 1 : (word.utf8.count <= 8 ? 2 : 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(lowered, candidate.lowercased(), atMost: allowed)
            if let distance, distance < (best?.distance ?? .max) { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours; nil when more than `limit`.
    static func distance(_ left: String, _ right: String, atMost limit: Int) -> Int? {
        let left = Array(left.utf8.prefix(64))
        let right = Array(right.utf8.prefix(64))
        guard abs(left.count - right.count) <= limit else { return nil }
        var previous: [Int] = []
        var current = Array(0...right.count)
        for row in 0..<left.count {
            var next = [row + 1]
            for column in 0..<right.count {
                var cost = min(current[column + 1] + 1, next[column] + 1)
                cost = min(cost, current[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    cost = min(cost, previous[column - 1] + 1)
                }
                next.append(cost)
            }
            previous = current
            current = next
        }
        return current[right.count] <= limit ? current[right.count] : nil
    }

    /// `per_try_timeout` -> `perTryTimeout`
    static func camelCase(_ word: String) -> String {
        var result = ""
        var raise = false
        for character in word {
            if character == "_" || character == "-" {
                raise = true
            } else {
                result += raise ? character.uppercased() : String(character)
                raise = false
            }
        }
        return result
    }
}
