// The host's resolv.conf, and the one a workload in a namespace of its own gets instead.
// The host's servers are kept for names that are not the mesh's; its search list stays behind ours.
public import Net

public struct ResolverFile: Sendable, Equatable {
    public private(set) var servers: [SocketAddress] = []
    public private(set) var search: [String] = []

    /// resolv.conf(5): the last `search` or `domain` counts, three servers at most.
    public init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let keyword = words.first, words.count > 1 else { continue }
            switch keyword {
            case "nameserver":
                // A zone (fe80::1%eth0) is not in our addresses.
                if servers.count < 3, let server = SocketAddress(host: String(words[1]), port: 53) {
                    servers.append(server)
                }
            case "search", "domain": search = words.dropFirst().map(String.init)
            default: break
            }
        }
    }

    /// Of the host; a server on loopback where it names none, as the C library has it.
    public static func ofHost(_ path: String = "/etc/resolv.conf") -> ResolverFile {
        let bytes = (try? File.read(path, bytesMax: 64 * 1024)) ?? []
        var file = ResolverFile(String(decoding: bytes, as: UTF8.self))
        if file.servers.isEmpty { file.servers = [.v4(0x7f00_0001, port: 53)] }
        return file
    }

    /// For a workload of a namespace, as a pod's of that namespace: short names are completed.
    public func text(namespace: String, domain: String) -> String {
        let own = ["\(namespace).svc.\(domain)", "svc.\(domain)", domain]
        let names = own + search.filter { !own.contains($0) && $0 != "." }
        return "# Written by isthmus run: names of the mesh, and behind them the host's.\n"
            + "nameserver 127.0.0.1\nsearch \(names.joined(separator: " "))\n"
    }
}
