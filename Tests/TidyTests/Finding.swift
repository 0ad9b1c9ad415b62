// A broken rule and its place, printed as compilers print theirs so that editors can jump to it.

struct Finding: CustomStringConvertible {
    let path: String
    /// From 1; 0 means the whole file.
    let line: Int
    let what: String

    var description: String { line > 0 ? "\(path):\(line): \(what)" : "\(path): \(what)" }
}

extension SourceFile {
    /// A finding for each line of code the pattern is found in.
    func findings(_ what: String, where isBroken: (String) -> Bool) -> [Finding] {
        code.enumerated().compactMap { index, line in
            isBroken(line) ? Finding(path: path, line: index + 1, what: what) : nil
        }
    }
}

extension [Finding] {
    /// For the message of an expectation: one a line.
    var list: String { map(\.description).joined(separator: "\n") }
}
