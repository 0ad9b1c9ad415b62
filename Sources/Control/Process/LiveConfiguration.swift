// The configuration that is served, and what became of the last attempt to change it.
internal import Mesh
internal import Spec

struct LiveConfiguration {
    var snapshot = Snapshot.empty
    var objectCount = 0
    var fileCount = 0
    /// All that was said about it: warnings and what was passed over.
    var findings: [Diagnostic] = []
    /// Reading and compiling, in microseconds.
    var loadMicroseconds: UInt64 = 0
    /// Nanoseconds since 1970; 0 before the first one is live.
    var sinceWallNs: UInt64 = 0
    /// Workers that serve by it.
    var workerCount = 0
    var reloadCount: UInt64 = 0
    var failureCount: UInt64 = 0
    /// Why the files as they are now are not live; nil when they are.
    var refusal: Refusal?

    var warningCount: Int { findings.count { $0.severity == .warning } }

    /// A configuration that was not taken over.
    struct Refusal: Equatable {
        /// One line each, with file:line:col where there is one.
        var reasons: [String]
        /// The files are fine; an address they need could not be had.
        var isOfAddress: Bool
        /// Nanoseconds since 1970.
        var atWallNs: UInt64
    }
}
