// Decodes Kubernetes' Endpoints and EndpointSlice. Both keep their fields beside `metadata`,
// without a `spec`.

extension FieldReader {
    func endpoints(_ parts: ObjectParts) -> Endpoints {
        var subsets: [Endpoints.Subset] = []
        var fields = open(parts.root, .endpoints)
        while let (name, value) = next(&fields) {
            switch name {
            case "subsets": subsets = list(value, endpointSubset)
            default: unread(name, fields)
            }
        }
        return Endpoints(metadata: parts.metadata, source: parts.source, subsets: subsets)
    }

    private func endpointSubset(_ node: NodeID) -> Endpoints.Subset {
        var subset = Endpoints.Subset()
        subset.position = tree.position(node)
        var fields = open(node, .endpointSubset)
        while let (name, value) = next(&fields) {
            switch name {
            case "addresses": subset.addresses = list(value, endpointAddress)
            case "notReadyAddresses": subset.notReadyAddresses = list(value, endpointAddress)
            case "ports": subset.ports = list(value, endpointPort)
            default: unread(name, fields)
            }
        }
        return subset
    }

    private func endpointAddress(_ node: NodeID) -> Endpoints.Address {
        var address = Endpoints.Address()
        address.position = tree.position(node)
        var fields = open(node, .endpointAddress)
        while let (name, value) = next(&fields) {
            switch name {
            case "ip": address.ip = string(value)
            case "hostname": address.hostname = sharedString(value)
            case "nodeName": address.nodeName = sharedString(value)
            case "targetRef": address.targetRef = objectReference(value)
            default: unread(name, fields)
            }
        }
        return address
    }

    private func objectReference(_ node: NodeID) -> ObjectKey {
        var key = ObjectKey(kind: "Pod", namespace: object?.namespace ?? "", name: "")
        var fields = open(node, .objectReference)
        while let (name, value) = next(&fields) {
            switch name {
            case "kind": key.kind = sharedString(value)
            case "namespace": key.namespace = sharedString(value)
            case "name": key.name = sharedString(value)
            default: unread(name, fields)
            }
        }
        return key
    }

    private func endpointPort(_ node: NodeID) -> EndpointPort {
        var port = EndpointPort()
        port.position = tree.position(node)
        var fields = open(node, .endpointPort)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": port.name = sharedString(value)
            case "port": port.number = self.port(value) ?? 0
            case "protocol":
                port.transport = choice(value, KubernetesTransport.self) ?? .tcp
            case "appProtocol": port.appProtocol = sharedString(value)
            default: unread(name, fields)
            }
        }
        return port
    }

    func endpointSlice(_ parts: ObjectParts) -> EndpointSlice {
        var addressType = EndpointSlice.AddressType.ipv4
        var members: [EndpointSlice.Member] = []
        var ports: [EndpointPort] = []
        var fields = open(parts.root, .endpointSlice)
        while let (name, value) = next(&fields) {
            switch name {
            case "addressType":
                addressType = choice(value, EndpointSlice.AddressType.self) ?? addressType
            case "endpoints": members = list(value, sliceEndpoint)
            case "ports": ports = list(value, endpointPort)
            default: unread(name, fields)
            }
        }
        return EndpointSlice(
            metadata: parts.metadata, source: parts.source, addressType: addressType,
            endpoints: members, ports: ports)
    }

    private func sliceEndpoint(_ node: NodeID) -> EndpointSlice.Member {
        var member = EndpointSlice.Member()
        member.position = tree.position(node)
        var fields = open(node, .sliceEndpoint)
        while let (name, value) = next(&fields) {
            switch name {
            case "addresses": member.addresses = strings(value)
            case "conditions": endpointConditions(value, &member)
            case "hostname": member.hostname = sharedString(value)
            case "nodeName": member.nodeName = sharedString(value)
            case "zone": member.zone = sharedString(value)
            case "targetRef": member.targetRef = objectReference(value)
            default: unread(name, fields)
            }
        }
        return member
    }

    private func endpointConditions(_ node: NodeID, _ member: inout EndpointSlice.Member) {
        var fields = open(node, .endpointConditions)
        while let (name, value) = next(&fields) {
            switch name {
            case "ready": member.ready = bool(value)
            case "serving": member.serving = bool(value)
            case "terminating": member.terminating = bool(value)
            default: unread(name, fields)
            }
        }
    }
}
