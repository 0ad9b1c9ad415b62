// A step on the way from an object to one of its fields.
// Paths are lists of steps until they are shown, so that they can be followed in the text as well.

/// A step from a value into it.
enum PathStep: Sendable, Hashable {
    case field(String)
    case index(Int)

    static func text(of steps: some Sequence<PathStep>) -> String {
        var text = ""
        for step in steps {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .field(let name):
                let isPlain = name.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                        || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_")
                }
                if !isPlain {
                    text += "[\(name)]"
                } else {
                    text += text.isEmpty ? name : ".\(name)"
                }
            }
        }
        return text
    }
}
