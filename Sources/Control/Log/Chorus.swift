// What several proxies of one process say alike is said once.
// `isthmus demo` has eight, which read the same files: a slip in a rule would be told eight times,
// and the line that matters would be lost among its copies.
internal import Synchronization

/// Shared by the logs of one process.
final class Chorus: Sendable {
    private struct Saying {
        let speaker: String?
        let wallNs: UInt64
    }

    /// Lines said in the last second, without time and speaker.
    private let sayings = Mutex<[String: Saying]>([:])
    private static let memoryNs: UInt64 = 1_000_000_000

    /// - Returns: false where another speaker has just said the same.
    func admits(_ line: String, by speaker: String?, wallNs: UInt64) -> Bool {
        sayings.withLock { sayings in
            sayings = sayings.filter { $0.value.wallNs &+ Self.memoryNs > wallNs }
            if let saying = sayings[line], saying.speaker != speaker { return false }
            sayings[line] = Saying(speaker: speaker, wallNs: wallNs)
            return true
        }
    }
}
