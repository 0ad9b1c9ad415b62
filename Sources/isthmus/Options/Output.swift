// Data on standard output, talk on standard error, unbuffered.
import Net

enum Output {
    static func data(_ bytes: [UInt8]) {
        bytes.withView { File.append($0, to: 1) }
    }

    static func data(_ text: String) { data(Array(text.utf8)) }

    static func talk(_ text: String) {
        Array(text.utf8).withView { File.append($0, to: 2) }
    }
}
