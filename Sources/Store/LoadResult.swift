// What came of a load or a reload: a new configuration, or the reasons why there is none.
// Findings come with either, so that a warning is not lost because all went well.
public import Spec

/// The outcome of `Store.load` or `Store.reload`.
public struct LoadResult: Sendable {
    /// The whole configuration; nil where an error keeps it from going live, and the one before
    /// holds.
    public let objects: ObjectSet?
    /// Everything there is to say about all files, in the order they are read; warnings about
    /// fields that are accepted and not acted on come last.
    public let diagnostics: [Diagnostic]
    /// False where no file changed since the last time.
    public let hasChanged: Bool
    /// Files read, unchanged ones included.
    public let fileCount: Int
    /// Files parsed this time.
    public let parsedFileCount: Int

    public init(
        objects: ObjectSet?, diagnostics: [Diagnostic], hasChanged: Bool, fileCount: Int,
        parsedFileCount: Int
    ) {
        self.objects = objects
        self.diagnostics = diagnostics
        self.hasChanged = hasChanged
        self.fileCount = fileCount
        self.parsedFileCount = parsedFileCount
    }

    public var hasErrors: Bool { objects == nil }
}
