// Finds the items of a namespace that carry all labels of a selector.
// Ten thousand services with ten thousand workloads would be a hundred million comparisons; looked
// up by their rarest label they are a few for each service.

/// Holds its own lazily made index, so it is used by one compile on one thread.
final class LabelIndex<Item> {
    private struct Label: Hashable {
        var key: String
        var value: String
    }

    private struct Namespace {
        var items: [(item: Item, labels: [String: String])] = []
        /// Indices into `items`; made at the first question where there are many items.
        var byLabel: [Label: [Int]]?
    }

    private var namespaces: [String: Namespace] = [:]

    init(_ items: [(item: Item, namespace: String, labels: [String: String])]) {
        for (item, namespace, labels) in items {
            namespaces[namespace, default: Namespace()].items.append((item, labels))
        }
    }

    /// In the order given; nothing for an empty selector.
    func items(in namespace: String, selectedBy selector: [String: String]) -> [Item] {
        guard !selector.isEmpty, let found = namespaces[namespace] else { return [] }
        guard found.items.count > 16 else {
            return found.items.filter { $0.labels.satisfies(selector) }.map(\.item)
        }
        var rarest: [Int]?
        let byLabel = index(of: namespace)
        for (key, value) in selector {
            let indices = byLabel[Label(key: key, value: value)] ?? []
            if rarest.map({ indices.count < $0.count }) ?? true { rarest = indices }
        }
        return (rarest ?? []).map { found.items[$0] }
            .filter { $0.labels.satisfies(selector) }.map(\.item)
    }

    private func index(of namespace: String) -> [Label: [Int]] {
        if let known = namespaces[namespace]?.byLabel { return known }
        var byLabel: [Label: [Int]] = [:]
        for (number, entry) in (namespaces[namespace]?.items ?? []).enumerated() {
            for (key, value) in entry.labels {
                byLabel[Label(key: key, value: value), default: []].append(number)
            }
        }
        namespaces[namespace]?.byLabel = byLabel
        return byLabel
    }
}
