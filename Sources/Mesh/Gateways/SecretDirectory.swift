// Which Secrets there are, by name alone: what is in them never gets into a snapshot.
// Istio looks in the namespace of the gateway's workload. Without a cluster that namespace is a
// word on a command line, so the Gateway's own namespace is the second place to look.
internal import Spec

struct SecretDirectory {
    /// `namespace/name`
    private let names: Set<String>

    init(_ secrets: [Secret]) {
        names = Set(secrets.map { "\($0.namespace)/\($0.name)" })
    }

    /// What a `credentialName` stands for, and whether it is there.
    enum Answer: Equatable {
        case found(TLSTermination.Credential)
        case missing(TLSTermination.Credential, advice: String)
        /// A form of Istio's that means nothing here.
        case unserved(String)
    }

    /// - Parameter namespaces: of the proxy and of the object that names the Secret, in the order
    ///   in which they are asked.
    func look(for written: String, namespaces asked: [String]) -> Answer {
        var name = written
        var namespaces = asked
        if let range = written.firstRange(of: "://") {
            let scheme = written[..<range.lowerBound]
            let rest = written[range.upperBound...]
            let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
            switch (scheme, parts.count) {
            case ("kubernetes", 1): name = String(rest)
            case ("kubernetes-gateway", 2):
                namespaces = [String(parts[0])]
                name = String(parts[1])
            default: return .unserved(written)
            }
        }
        for namespace in namespaces where names.contains("\(namespace)/\(name)") {
            return .found(.secret(namespace: namespace, name: name))
        }
        return .missing(
            .secret(namespace: namespaces[0], name: name),
            advice: advice(for: name, in: namespaces))
    }

    func contains(namespace: String, name: String) -> Bool {
        names.contains("\(namespace)/\(name)")
    }

    private func advice(for name: String, in namespaces: [String]) -> String {
        let places = namespaces[0] == namespaces.last ? [namespaces[0]] : namespaces
        if let elsewhere = names.filter({ $0.hasSuffix("/\(name)") }).min() {
            return "there is \(elsewhere); it has to be in namespace "
                + places.joined(separator: " or ")
        }
        let near = Suggestion.nearest(to: "\(namespaces[0])/\(name)", among: names.sorted())
        return near.map { "did you mean \($0)?" }
            ?? "add it to the files, in namespace \(places.joined(separator: " or "))"
    }
}

extension TLSCredential: CustomStringConvertible {
    /// `Secret istio-system/bookinfo-credential`, or the paths of the files.
    public var description: String {
        switch self {
        case .secret(let namespace, let name): "Secret \(namespace)/\(name)"
        case .files(let certificate, let key): "\(certificate) and \(key)"
        case .workload: "the workload's identity"
        }
    }
}
