// What a process may ask about itself and the machine it runs on.
// The calls take C pointers, so they stand here with the other system calls; Foundation would
// answer the same questions for several megabytes of resident memory.
internal import CLinux
internal import Glibc

public enum Machine {
    /// `uname -n`; `localhost` where the system does not say.
    public static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
    }

    /// The value of an environment variable; nil where it is not set.
    public static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// For programs started later; call it before the first thread is started.
    public static func setEnvironment(_ name: String, _ value: String) {
        _ = unsafe setenv(name, value, 1)
    }

    public static var processID: Int32 { getpid() }

    /// Processors this process may run on (`taskset` and cpusets counted), at least 1.
    public static var processorCount: Int {
        let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        guard let status = try? File.read("/proc/self/status", bytesMax: 64 * 1024) else {
            return online
        }
        // `Cpus_allowed:   ff,ffffffff`: a bit for each.
        for line in status.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
            guard words.count == 2, words[0].elementsEqual("Cpus_allowed".utf8) else { continue }
            let digits = String(decoding: words[1], as: UTF8.self)
            let allowed = digits.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
            return max(1, min(allowed, online))
        }
        return online
    }

    /// Bytes of memory resident now; 0 where /proc is not there.
    public static var residentBytes: UInt64 {
        guard let text = try? File.read("/proc/self/statm", bytesMax: 256) else { return 0 }
        let words = text.split(separator: UInt8(ascii: " "))
        guard words.count > 1, let pages = UInt64(String(decoding: words[1], as: UTF8.self))
        else { return 0 }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Nanoseconds since 1970, read now.
    public static var wallNs: UInt64 { isthmus_wall_ns() }

    /// Nanoseconds of the monotonic clock, read now.
    public static var monotonicNs: UInt64 { isthmus_monotonic_ns() }

    /// True where people look at what is written to this descriptor.
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
}

extension Machine {
    /// The folder this program was started from, links followed; nil where /proc is not there.
    public static var executableFolder: String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { return nil }
        let bytes = path.prefix(count).map { UInt8(bitPattern: $0) }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return nil }
        return String(decoding: bytes[..<slash], as: UTF8.self)
    }
}
