// The services of one port, asked for those that some namespace sees beside a given one.
// Services that only their own namespace sees are kept by it: with thousands of namespaces that
// each have an entry of the same kind, nobody is compared with everybody.

struct PortSharers {
    private var all: [RegisteredService] = []
    /// Seen beyond their own namespace.
    private var open: [RegisteredService] = []
    private var own: [String: [RegisteredService]] = [:]

    mutating func add(_ service: RegisteredService) {
        all.append(service)
        if service.visibility.isPrivate {
            own[service.namespace, default: []].append(service)
        } else {
            open.append(service)
        }
    }

    /// Those of other hosts, as far as `countMax` of them.
    func others(than service: RegisteredService, _ countMax: Int) -> [RegisteredService] {
        let near =
            service.visibility.isPrivate ? [open, own[service.namespace] ?? []] : [all]
        return Array(
            near.joined().lazy.filter {
                $0.host != service.host && $0.visibility.overlaps(service.visibility)
            }.prefix(countMax))
    }
}
