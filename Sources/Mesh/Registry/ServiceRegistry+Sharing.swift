// Ports of bytes that a ServiceEntry shares with other services without an address to be told by:
// it would take, or lose, every connection to them.
// Looked for whenever anything is compiled, so that a file is warned of before a sidecar reads it.
internal import Spec

extension ServiceRegistry {
    /// 80 and 443 are told of for each entry alone (`checkSharing`).
    private static let alwaysShared: Set<UInt16> = [80, 443]
    private static let countedMax = 10

    func tellOfSharedPorts(_ findings: inout Findings) {
        var lost: [(service: RegisteredService, entry: ServiceEntry, port: UInt16)] = []
        for service in services {
            guard case .entries(let entries) = service.description,
                service.writtenAddresses.isEmpty, !service.wantsAutomaticAddress
            else { continue }
            for entry in entries {
                for port in entry.ports
                where port.protocolName.isTCP && !Self.alwaysShared.contains(port.number) {
                    lost.append((service, entry, port.number))
                }
            }
        }
        guard !lost.isEmpty else { return }
        var sharing: [UInt16: PortSharers] = [:]
        let ports = Set(lost.map(\.port))
        for service in services {
            for port in service.ports where ports.contains(port.number) {
                sharing[port.number, default: PortSharers()].add(service)
            }
        }
        for (service, entry, port) in lost {
            // Found at once among thousands that all share it, and not counted to the last.
            guard let others = sharing[port]?.others(than: service, Self.countedMax + 1),
                let other = others.first
            else { continue }
            let count = others.count - 1
            let more =
                count == 0 ? "" : count < Self.countedMax ? " and \(count) more" : " and many more"
            findings.report(
                .warning, entry,
                at: entry.ports.first { $0.number == port }?.position ?? Position(), "spec.ports",
                "port \(port) is one of \(other.host)\(more) as well, and nothing in a connection "
                    + "tells those meant for \(service.host)",
                advice: "write `addresses`, another port, or `exportTo` for those who need it")
        }
    }
}
