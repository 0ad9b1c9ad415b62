// Another program, run to its end: given a text, asked for what it writes.
// For commands of people, who wait for it anyway; nothing that serves may call this.
internal import CLinux
internal import Glibc

public enum Program {
    public struct Result: Sendable {
        /// As a shell counts it.
        public let status: Int32
        public let output: String
        public let errors: String
        public var isSuccess: Bool { status == 0 }
    }

    /// What is kept of each stream.
    private static let outputBytesMax = 1 << 20

    /// - Parameters:
    ///   - names: tried one after the other; a name without `/` is looked for in PATH.
    ///   - input: at most what a pipe holds, 64 KiB.
    /// - Throws: ENOENT where none of the names is a program.
    public static func run(
        _ names: [String], _ arguments: [String], input: String = ""
    ) throws(NetError) -> Result {
        let given = try Ends()
        let said = try Ends()
        let complained = try Ends()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, given.reading.raw, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, said.writing.raw, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, complained.writing.raw, 2)
        var process: pid_t = 0
        var code: Int32 = ENOENT
        for name in names where code == ENOENT {
            var texts = unsafe ([name] + arguments).map { unsafe strdup($0) } + [nil]
            code = unsafe posix_spawnp(&process, name, &actions, nil, &texts, environ)
            for index in 0...arguments.count { unsafe free(texts[index]) }
        }
        guard code == 0 else { throw NetError(call: "exec", errno: code) }
        given.reading.shut()
        said.writing.shut()
        complained.writing.shut()
        let bytes = Array(input.utf8)
        _ = unsafe bytes.withUnsafeBytes {
            unsafe write(given.writing.raw, $0.baseAddress, $0.count)
        }
        given.writing.shut()
        // Complaints are short: they wait in their pipe while the answer is read.
        let output = Self.everything(said.reading.raw)
        let errors = Self.everything(complained.reading.raw)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, isthmus_errno() == EINTR {}
        return Result(status: Enclosure.status(status), output: output, errors: errors)
    }

    private static func everything(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0, isthmus_errno() == EINTR { continue }
            guard count > 0 else { break }
            if bytes.count < outputBytesMax { bytes += piece.prefix(count) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The two ends of a pipe that the program inherits by name alone.
    private struct Ends {
        let reading: End
        let writing: End

        init() throws(NetError) {
            var ends: (Int32, Int32) = (-1, -1)
            let made = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
                guard let start = unsafe bytes.assumingMemoryBound(to: Int32.self).baseAddress
                else { return Int32(-1) }
                return unsafe isthmus_plain_pipe(start)
            }
            guard made == 0 else { throw NetError(call: "pipe", errno: isthmus_errno()) }
            reading = End(ends.0)
            writing = End(ends.1)
        }
    }

    private final class End {
        private(set) var raw: Int32

        init(_ raw: Int32) { self.raw = raw }

        func shut() {
            if raw >= 0 { _ = close(raw) }
            raw = -1
        }

        deinit { shut() }
    }
}
