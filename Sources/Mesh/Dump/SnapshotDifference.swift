// What changed from one snapshot to the next, for the line the log writes after a reload.
// Compared by what is served, not by files: a comment that moved is no change.

public struct SnapshotDifference: Sendable, Equatable {
    public struct Names: Sendable, Equatable {
        public var added: [String] = []
        public var removed: [String] = []
        public var changed: [String] = []
        public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
    }

    public let listeners: Names
    /// `http.8080 bookinfo.example.com`
    public let virtualHosts: Names
    public let clusters: Names

    public init(from old: Snapshot, to new: Snapshot) {
        listeners = Self.compare(
            old.routing.listeners.map { ($0.name, $0) }, new.routing.listeners.map { ($0.name, $0) }
        ) { $0 === $1 || $0.opensLike($1) }
        virtualHosts =
            old.routing === new.routing
            ? Names()
            : Self.compare(old.routing.namedHosts, new.routing.namedHosts) {
                $0 === $1 || $0.servesLike($1)
            }
        clusters = Self.compare(
            old.clusters.map { ($0.name, $0) }, new.clusters.map { ($0.name, $0) }
        ) { $0 === $1 || $0.servesLike($1) }
    }

    public var isEmpty: Bool { listeners.isEmpty && virtualHosts.isEmpty && clusters.isEmpty }

    private static func compare<Item>(
        _ old: [(name: String, item: Item)], _ new: [(name: String, item: Item)],
        _ areAlike: (Item, Item) -> Bool
    ) -> Names {
        var olds = Dictionary(
            old.map { ($0.name, $0.item) }, uniquingKeysWith: { first, _ in first })
        var names = Names()
        for (name, item) in new {
            guard let before = olds.removeValue(forKey: name) else {
                names.added.append(name)
                continue
            }
            if !areAlike(before, item) { names.changed.append(name) }
        }
        names.removed = old.map(\.name).filter { olds[$0] != nil }
        return names
    }
}

extension SnapshotDifference: CustomStringConvertible {
    /// `listeners +1, virtual hosts +2 -1 ~3 (a.example.com, …), clusters ~1 (…)`
    public var description: String {
        if isEmpty { return "nothing that is served changed" }
        return [
            Self.text("listeners", listeners), Self.text("virtual hosts", virtualHosts),
            Self.text("clusters", clusters),
        ].compactMap { $0 }.joined(separator: ", ")
    }

    private static func text(_ what: String, _ names: Names) -> String? {
        guard !names.isEmpty else { return nil }
        var words = [what]
        for (sign, list) in [("+", names.added), ("-", names.removed), ("~", names.changed)] {
            if !list.isEmpty { words.append("\(sign)\(list.count)") }
        }
        let all = names.added + names.removed + names.changed
        let shown = all.prefix(3).joined(separator: ", ") + (all.count > 3 ? ", …" : "")
        return words.joined(separator: " ") + " (\(shown))"
    }
}

extension Routing {
    /// `http.8080 bookinfo.example.com`
    fileprivate var namedHosts: [(name: String, item: VirtualHost)] {
        listeners.flatMap { listener -> [(name: String, item: VirtualHost)] in
            (listener.tables + [listener.connect].compactMap(\.self)).flatMap { table in
                table.virtualHosts.flatMap { host in
                    host.domains.map { ("\(table.name) \($0)", host) }
                }
            }
        }
    }
}
