// Decodes ServiceEntry and WorkloadEntry, which share the shape of an endpoint.
// One function a message, one case a field, as in the message's table.

extension FieldReader {
    func serviceEntry(_ parts: ObjectParts) -> ServiceEntry {
        var hosts: [Located<String>] = []
        var addresses: [Located<String>] = []
        var ports: [ServiceEntry.Port] = []
        var location = ServiceEntry.Location.meshExternal
        var resolution = ServiceEntry.Resolution.none
        var endpoints: [WorkloadEndpoint] = []
        var selector: [String: String]?
        var exportTo: [String] = []
        var subjectAltNames: [String] = []
        if let spec = parts.spec {
            var fields = open(spec, .serviceEntry)
            while let (name, value) = next(&fields) {
                switch name {
                case "hosts": hosts = hostNames(value)
                case "addresses": addresses = locatedStrings(value)
                case "ports": ports = list(value, serviceEntryPort)
                case "location":
                    location = choice(value, ServiceEntry.Location.self) ?? location
                case "resolution":
                    resolution = choice(value, ServiceEntry.Resolution.self) ?? resolution
                case "endpoints": endpoints = list(value, workloadEndpoint)
                case "workloadSelector": selector = workloadSelector(value)
                case "exportTo": exportTo = strings(value)
                case "subjectAltNames": subjectAltNames = strings(value)
                default: unread(name, fields)
                }
            }
        }
        return ServiceEntry(
            metadata: parts.metadata, source: parts.source, hosts: hosts, addresses: addresses,
            ports: ports, location: location, resolution: resolution, endpoints: endpoints,
            workloadSelector: selector, exportTo: exportTo, subjectAltNames: subjectAltNames)
    }

    private func serviceEntryPort(_ node: NodeID) -> ServiceEntry.Port {
        var port = ServiceEntry.Port()
        port.position = tree.position(node)
        var fields = open(node, .serviceEntryPort)
        while let (name, value) = next(&fields) {
            switch name {
            case "number": port.number = self.port(value) ?? 0
            case "protocol":
                port.protocolName =
                    choice(value, PortProtocol.self, ignoringCase: true) ?? .unspecified
            case "name": port.name = sharedString(value)
            case "targetPort": port.targetPort = self.port(value)
            default: unread(name, fields)
            }
        }
        return port
    }

    func workloadEntry(_ parts: ObjectParts) -> WorkloadEntry {
        WorkloadEntry(
            metadata: parts.metadata, source: parts.source,
            endpoint: parts.spec.map(workloadEndpoint) ?? WorkloadEndpoint())
    }

    private func workloadEndpoint(_ node: NodeID) -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.position = tree.position(node)
        var fields = open(node, .workloadEntry)
        while let (name, value) = next(&fields) {
            switch name {
            case "address": endpoint.address = string(value)
            case "ports":
                for (key, value) in pairs(value) {
                    checkKey(key)
                    endpoint.ports[strings.string(tree.bytes(key))] = port(value)
                }
            case "labels": endpoint.labels = stringMap(value)
            case "network": endpoint.network = sharedString(value)
            case "locality": endpoint.locality = sharedString(value)
            case "weight": endpoint.weight = max(1, uint32(value) ?? 1)
            case "serviceAccount": endpoint.serviceAccount = sharedString(value)
            default: unread(name, fields)
            }
        }
        return endpoint
    }
}
