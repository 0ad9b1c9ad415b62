// A service as routing sees it: a host, its ports, and the objects that describe it.
// A Kubernetes Service and each host of a ServiceEntry become the same thing here, so that nothing
// after this point asks where a service came from.
internal import Spec

/// A final class because clusters, routes and the next compile all hold on to the same one.
final class RegisteredService: Sendable {
    struct Port: Equatable, Sendable {
        var number: UInt16
        var name: String
        var protocolName: PortProtocol
    }

    enum Description: Sendable {
        case kubernetes(Service)
        /// Several with one host in one namespace add up.
        case entries([ServiceEntry])
    }

    let host: String
    let namespace: String
    /// What metrics call it.
    let serviceName: String
    /// TCP ports alone, in the order written.
    let ports: [Port]
    let visibility: Visibility
    let description: Description
    /// The host an ExternalName service stands for; empty for others.
    let externalName: String
    /// Virtual addresses; blocks of them are not among them.
    let addresses: [String]
    /// MESH_EXTERNAL: nobody there speaks the mutual TLS of the mesh.
    let isExternal: Bool
    /// Expected in the server's certificate where no DestinationRule says otherwise.
    let subjectAltNames: [String]

    /// - Parameter subjectAltNames: of ServiceEntries for the same host.
    init(_ service: Service, host: String, subjectAltNames: [String] = []) {
        self.host = host
        namespace = service.namespace
        serviceName = service.name
        ports = service.ports.filter { $0.transport == .tcp }
            .map { port in
                Port(
                    number: port.number, name: port.name,
                    protocolName: PortProtocol(
                        portName: port.name, appProtocol: port.appProtocol, number: port.number))
            }
        visibility = Visibility(exportTo: service.exportTo, namespace: service.namespace)
        description = .kubernetes(service)
        externalName = HostName.lowercased(service.externalName)
        addresses = service.clusterIPs
        isExternal = false
        self.subjectAltNames = subjectAltNames
    }

    /// `entries` is never empty: the host came from one of them.
    init(entries: [ServiceEntry], host: String, namespace: String) {
        self.host = host
        self.namespace = namespace
        serviceName = host
        var ports: [Port] = []
        for port in entries.flatMap(\.ports)
        where !ports.contains(where: { $0.number == port.number }) {
            ports.append(
                Port(number: port.number, name: port.name, protocolName: port.protocolName))
        }
        self.ports = ports
        visibility = Visibility(exportTo: entries.first?.exportTo ?? [], namespace: namespace)
        description = .entries(entries)
        externalName = ""
        addresses = entries.flatMap(\.addresses).map(\.value).filter { AddressLiteral.isIP($0) }
        isExternal = entries.first?.location == .meshExternal
        subjectAltNames = entries.flatMap(\.subjectAltNames)
    }

    var origins: [Origin] {
        switch description {
        case .kubernetes(let service): [Origin(service)]
        case .entries(let entries): entries.map { Origin($0) }
        }
    }

    func hasPort(_ number: UInt16) -> Bool { ports.contains { $0.number == number } }

    func port(_ number: UInt16) -> Port? { ports.first { $0.number == number } }

    /// Whether a route to it would come out the same: endpoints do not count.
    func routesLike(_ other: RegisteredService) -> Bool {
        guard host == other.host, namespace == other.namespace else { return false }
        // What was not read anew needs no look at its fields.
        if description.isSame(as: other.description) { return true }
        return ports == other.ports && visibility == other.visibility
            && externalName == other.externalName && isExternal == other.isExternal
            // By these captured connections are told apart.
            && writtenAddresses == other.writtenAddresses
            && wantsAutomaticAddress == other.wantsAutomaticAddress
    }
}

extension RegisteredService.Description {
    /// Of the same objects, not of ones that say the same.
    fileprivate func isSame(as other: RegisteredService.Description) -> Bool {
        switch (self, other) {
        case (.kubernetes(let service), .kubernetes(let before)): service === before
        case (.entries(let entries), .entries(let before)):
            entries.elementsEqual(before) { $0 === $1 }
        default: false
        }
    }
}
