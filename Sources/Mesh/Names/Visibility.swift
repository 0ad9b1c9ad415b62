// `exportTo`: to which namespaces an object shows itself.
// An object that is not visible to this proxy's namespace is treated as if it were not there.

struct Visibility: Equatable {
    private enum Reach: Equatable {
        case everyone
        case namespaces([String])
    }

    private let reach: Reach
    /// Only its own namespace sees it.
    let isPrivate: Bool

    /// Empty means everyone, as MeshConfig's defaults say; `.` is `namespace`, `~` is nobody.
    init(exportTo: [String], namespace: String) {
        if exportTo.isEmpty || exportTo.contains("*") {
            reach = .everyone
            isPrivate = false
        } else {
            let names = exportTo.filter { $0 != "~" }.map { $0 == "." ? namespace : $0 }
            reach = .namespaces(names)
            isPrivate = names == [namespace]
        }
    }

    func includes(_ namespace: String) -> Bool {
        switch reach {
        case .everyone: true
        case .namespaces(let names): names.contains(namespace)
        }
    }

    /// Whether there is a namespace that sees both.
    func overlaps(_ other: Visibility) -> Bool {
        switch (reach, other.reach) {
        case (.everyone, .everyone): true
        case (.everyone, .namespaces(let names)), (.namespaces(let names), .everyone):
            !names.isEmpty
        case (.namespaces(let names), .namespaces(let others)):
            names.contains { others.contains($0) }
        }
    }

    var isPublic: Bool { reach == .everyone }
}
