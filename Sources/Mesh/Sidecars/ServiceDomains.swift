// The names by which an application may call a service (Istio's GenerateAltVirtualHosts).
// Short names are those the resolver of a pod would complete: the service's name alone in its own
// namespace, `name.namespace` and `name.namespace.svc` everywhere.
internal import Spec

enum ServiceDomains {
    /// Lower case, each once, the full name first.
    static func domains(
        of service: RegisteredService, seenFrom namespace: String, domain: String
    ) -> [String] {
        var names = [service.host]
        let suffix = ".svc.\(domain)"
        if service.host.hasSuffix(suffix), !HostName.isWild(service.host) {
            let short = service.host.dropLast(suffix.utf8.count)
            names.append("\(service.host).")
            if let dot = short.lastIndex(of: "."), short[short.index(after: dot)...] == namespace {
                names.append(String(short[..<dot]))
            }
            names.append(String(short))
            names.append("\(short).svc")
        }
        for address in service.addresses { names.append(HostName.domain(address)) }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
