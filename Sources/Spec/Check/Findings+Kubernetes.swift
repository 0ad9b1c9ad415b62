// Checks the parts of Kubernetes' kinds that traffic depends on, as an API server does.
// A file that was never near an API server gets the same answers here.

extension Findings {
    mutating func check(_ service: Service) {
        if service.type == .externalName {
            if service.externalName.isEmpty {
                error(
                    message: "a Service of type ExternalName without `externalName`",
                    advice: "write the name it stands for")
            }
        } else if service.ports.isEmpty, !service.isHeadless {
            error(message: "a Service without `ports`", advice: "write at least one")
        }
        var names: Set<String> = []
        var numbers: Set<String> = []
        for (index, port) in service.ports.enumerated() {
            enter("ports", index)
            if port.number == 0 {
                error(message: "a port without a number", advice: "write `port`, 1 to 65535")
            }
            if port.name.isEmpty, service.ports.count > 1 {
                error(
                    message: "a port without a name beside others",
                    advice: "write `name`; its beginning tells the protocol, such as http-")
            } else if !port.name.isEmpty, !names.insert(port.name).inserted {
                error(
                    .field("name"), message: "the port name `\(port.name)` is there twice",
                    advice: "rename one of the two")
            }
            if !numbers.insert("\(port.number)/\(port.transport.rawValue)").inserted {
                error(
                    .field("port"),
                    message: "port \(port.number)/\(port.transport.rawValue) is there twice",
                    advice: "keep one of the two")
            }
            leave()
        }
    }

    mutating func check(_ endpoints: Endpoints) {
        startAtRoot()
        for (index, subset) in endpoints.subsets.enumerated() {
            enter("subsets", index)
            for (field, addresses) in [
                ("addresses", subset.addresses), ("notReadyAddresses", subset.notReadyAddresses),
            ] {
                for (place, address) in addresses.enumerated()
                where !AddressSyntax.isIP(address.ip) {
                    error(
                        .field(field), .index(place), .field("ip"),
                        message: "`\(address.ip)` is no IP address", advice: "write 10.1.2.3")
                }
            }
            check(subset.ports)
            leave()
        }
    }

    mutating func check(_ slice: EndpointSlice) {
        startAtRoot()
        if slice.serviceName == nil {
            warning(
                .field("metadata"), .field("labels"),
                message: "an EndpointSlice without the label kubernetes.io/service-name belongs "
                    + "to no Service",
                advice: "write the label")
        }
        for (index, member) in slice.endpoints.enumerated() {
            enter("endpoints", index)
            if member.addresses.isEmpty {
                error(message: "an endpoint without `addresses`", advice: "write one")
            }
            for (place, address) in member.addresses.enumerated() {
                let fits =
                    switch slice.addressType {
                    case .ipv4: AddressSyntax.isIPv4(address)
                    case .ipv6: AddressSyntax.isIPv6(address)
                    case .fqdn: NameSyntax.complaint(host: address, wildcard: false) == nil
                    }
                if !fits {
                    error(
                        .field("addresses"), .index(place),
                        message: "`\(address)` is no address of type "
                            + slice.addressType.rawValue,
                        advice: "write one, or change `addressType`")
                }
            }
            leave()
        }
        check(slice.ports)
    }

    private mutating func check(_ ports: [EndpointPort]) {
        for (index, port) in ports.enumerated() where port.number == 0 {
            error(
                .field("ports"), .index(index), message: "a port without a number",
                advice: "write `port`, 1 to 65535")
        }
    }

    mutating func check(_ pod: Pod) {
        for (index, ip) in pod.ips.enumerated() where !AddressSyntax.isIP(ip) {
            error(
                from: [.field("status"), .field("podIPs"), .index(index)],
                message: "`\(ip)` is no IP address", advice: "write 10.1.2.3")
        }
    }
}
