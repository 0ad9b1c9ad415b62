// What checking an object has to say, by path. Checks look at typed values only; where a path lies
// in the text is worked out afterwards, for the few findings there are.

/// Collects findings below a current path.
struct Findings {
    private(set) var list: [Finding] = []
    private var path: [PathStep] = [.field("spec")]

    /// Goes into a field; `leave` comes back.
    mutating func enter(_ field: String) { path.append(.field(field)) }

    /// Goes into an item of a list.
    mutating func enter(_ field: String, _ index: Int) {
        path.append(.field(field))
        path.append(.index(index))
    }

    mutating func leave() {
        if case .index = path.removeLast() { path.removeLast() }
    }

    /// Goes one step, back by `leave(step)`.
    mutating func enter(_ step: PathStep) { path.append(step) }
    mutating func leave(_ step: PathStep) { path.removeLast() }

    /// At the current path, or at fields below it.
    mutating func error(
        _ steps: PathStep..., message: String, advice: String = ""
    ) {
        list.append(
            Finding(severity: .error, path: path + steps, message: message, advice: advice))
    }

    mutating func warning(
        _ steps: PathStep..., message: String, advice: String = ""
    ) {
        list.append(
            Finding(severity: .warning, path: path + steps, message: message, advice: advice))
    }

    /// At a path that does not start at the spec.
    mutating func error(from root: [PathStep], message: String, advice: String) {
        list.append(Finding(severity: .error, path: root, message: message, advice: advice))
    }

    /// The path of kinds without a spec.
    mutating func startAtRoot() { path = [] }
}
