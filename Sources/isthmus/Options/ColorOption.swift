// When to colour: terminals only, unless told otherwise (https://no-color.org).
import ArgumentParser
import Net

enum ColorOption: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never

    /// For what is written to this descriptor.
    func applies(to descriptor: Int32) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto:
            Machine.isTerminal(descriptor)
                && (Machine.environment("NO_COLOR") ?? "").isEmpty
                && Machine.environment("TERM") != "dumb"
        }
    }
}
