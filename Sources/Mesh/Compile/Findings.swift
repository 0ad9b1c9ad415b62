// Collects what compiling has to say, each thing once.
// A VirtualService is compiled for every port and gateway it is bound to, and its mistakes are the
// same on each of them.
internal import Spec

struct Findings {
    private(set) var diagnostics: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []

    var hasErrors: Bool { diagnostics.contains(where: \.isError) }

    mutating func report(
        _ severity: Diagnostic.Severity, _ object: some Resource, at position: Position? = nil,
        _ fieldPath: String = "", _ message: String, advice: String = ""
    ) {
        add(
            Diagnostic(
                severity: severity,
                location: object.location(at: position ?? Position()),
                object: object.key, fieldPath: fieldPath, message: message, advice: advice))
    }

    mutating func add(_ diagnostic: Diagnostic) {
        if seen.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
    }

    mutating func add(_ others: [Diagnostic]) {
        for diagnostic in others { add(diagnostic) }
    }
}

extension Origin {
    init(_ object: some Resource, at position: Position = Position()) {
        self.init(object: object.key, location: object.location(at: position))
    }
}
