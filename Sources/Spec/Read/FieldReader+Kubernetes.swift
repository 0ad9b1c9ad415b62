// Decodes the parts of Kubernetes' Service and Pod that decide where traffic goes.
// Their tables are open: the many other fields never get here.

extension FieldReader {
    func service(_ parts: ObjectParts) -> Service {
        var type = Service.ServiceType.clusterIP
        var selector: [String: String] = [:]
        var ports: [Service.Port] = []
        var clusterIP = ""
        var clusterIPs: [String] = []
        var externalName = ""
        var publishNotReady = false
        if let spec = parts.spec {
            var fields = open(spec, .service)
            while let (name, value) = next(&fields) {
                switch name {
                case "type": type = choice(value, Service.ServiceType.self) ?? type
                case "selector": selector = stringMap(value)
                case "ports": ports = list(value, servicePort)
                case "clusterIP": clusterIP = string(value)
                case "clusterIPs": clusterIPs = strings(value)
                case "externalName": externalName = string(value).lowercased()
                case "publishNotReadyAddresses": publishNotReady = bool(value)
                default: unread(name, fields)
                }
            }
        }
        if !clusterIP.isEmpty, !clusterIPs.contains(clusterIP) {
            clusterIPs.insert(clusterIP, at: 0)
        }
        let isHeadless = clusterIPs.contains("None")
        return Service(
            metadata: parts.metadata, source: parts.source, type: type, selector: selector,
            ports: ports, clusterIPs: clusterIPs.filter { $0 != "None" }, isHeadless: isHeadless,
            externalName: externalName, publishNotReadyAddresses: publishNotReady)
    }

    private func servicePort(_ node: NodeID) -> Service.Port {
        var port = Service.Port()
        port.position = tree.position(node)
        var target: Service.TargetPort?
        var fields = open(node, .servicePort)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": port.name = sharedString(value)
            case "port": port.number = self.port(value) ?? 0
            case "targetPort": target = targetPort(value)
            case "protocol":
                port.transport = choice(value, KubernetesTransport.self) ?? .tcp
            case "appProtocol": port.appProtocol = sharedString(value)
            case "nodePort": port.nodePort = self.port(value, zeroAllowed: true)
            default: unread(name, fields)
            }
        }
        port.targetPort = target ?? .number(port.number)
        return port
    }

    private func targetPort(_ node: NodeID) -> Service.TargetPort? {
        if tree.kind(node) == .plain, case .integer = PlainScalar(tree.bytes(node)) {
            // 0 is what an API server shows for "not set".
            return port(node, zeroAllowed: true).flatMap { $0 == 0 ? nil : .number($0) }
        }
        let name = sharedString(node)
        return name.isEmpty ? nil : .name(name)
    }

    func pod(_ parts: ObjectParts) -> Pod {
        var ports: [Pod.Port] = []
        var serviceAccount = ""
        var nodeName = ""
        if let spec = parts.spec {
            var fields = open(spec, .podSpec)
            while let (name, value) = next(&fields) {
                switch name {
                case "containers": ports = list(value, containerPorts).flatMap { $0 }
                case "serviceAccountName": serviceAccount = sharedString(value)
                case "nodeName": nodeName = sharedString(value)
                default: unread(name, fields)
                }
            }
        }
        let status = parts.status.map(podStatus)
        return Pod(
            metadata: parts.metadata, source: parts.source, ips: status?.ips ?? [],
            isReady: status?.isReady ?? true, ports: ports, serviceAccount: serviceAccount,
            nodeName: nodeName)
    }

    private func containerPorts(_ node: NodeID) -> [Pod.Port] {
        var ports: [Pod.Port] = []
        var fields = open(node, .container)
        while let (name, value) = next(&fields) {
            switch name {
            case "ports": ports = list(value, containerPort)
            default: unread(name, fields)
            }
        }
        return ports
    }

    private func containerPort(_ node: NodeID) -> Pod.Port {
        var port = Pod.Port()
        port.position = tree.position(node)
        var fields = open(node, .containerPort)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": port.name = sharedString(value)
            case "containerPort": port.number = self.port(value) ?? 0
            case "protocol":
                port.transport = choice(value, KubernetesTransport.self) ?? .tcp
            default: unread(name, fields)
            }
        }
        return port
    }

    private func podStatus(_ node: NodeID) -> (ips: [String], isReady: Bool) {
        var ips: [String] = []
        var podIP = ""
        var isReady = true
        var fields = open(node, .podStatus)
        while let (name, value) = next(&fields) {
            switch name {
            case "podIP": podIP = string(value)
            case "podIPs": ips = list(value, podIPAddress).filter { !$0.isEmpty }
            case "conditions":
                for condition in list(value, podCondition) where condition.type == "Ready" {
                    isReady = condition.status == "True"
                }
            default: unread(name, fields)
            }
        }
        if !podIP.isEmpty, !ips.contains(podIP) { ips.insert(podIP, at: 0) }
        return (ips, isReady)
    }

    private func podIPAddress(_ node: NodeID) -> String {
        var ip = ""
        var fields = open(node, .podIP)
        while let (name, value) = next(&fields) {
            switch name {
            case "ip": ip = string(value)
            default: unread(name, fields)
            }
        }
        return ip
    }

    private func podCondition(_ node: NodeID) -> (type: String, status: String) {
        var type = ""
        var status = ""
        var fields = open(node, .podCondition)
        while let (name, value) = next(&fields) {
            switch name {
            case "type": type = sharedString(value)
            case "status": status = sharedString(value)
            default: unread(name, fields)
            }
        }
        return (type, status)
    }
}
