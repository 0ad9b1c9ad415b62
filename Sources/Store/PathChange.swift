// One name of which a watcher was told, and the little that tells where it is enough to look.
// Events can be lost and names can be links, so the store takes them as hints and never as truth.

/// A file that was written, made, replaced or removed.
public struct PathChange: Sendable, Hashable {
    /// The watched folder as the store named it, and the name in it.
    public let path: String
    /// Before the change there was nothing of that name, or a plain file: then no link has gone
    /// through which another file was reached.
    public let hadNoLink: Bool

    public init(path: String, hadNoLink: Bool) {
        self.path = path
        self.hadNoLink = hadNoLink
    }
}
