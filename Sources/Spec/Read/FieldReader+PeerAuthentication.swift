// Decodes PeerAuthentication. One function a message, one case a field, as in the message's table.

extension FieldReader {
    func peerAuthentication(_ parts: ObjectParts) -> PeerAuthentication {
        var selector: [String: String] = [:]
        var mode = PeerAuthentication.Mode.unset
        var modes: [UInt16: PeerAuthentication.Mode] = [:]
        if let spec = parts.spec {
            var fields = open(spec, .peerAuthentication)
            while let (name, value) = next(&fields) {
                switch name {
                case "selector": selector = labelSelector(value)
                case "mtls": mode = mutualTLS(value)
                case "portLevelMtls": modes = portModes(value)
                default: unread(name, fields)
                }
            }
        }
        return PeerAuthentication(
            metadata: parts.metadata, source: parts.source, selector: selector, mode: mode,
            portLevelModes: modes)
    }

    func labelSelector(_ node: NodeID) -> [String: String] {
        var labels: [String: String] = [:]
        var fields = open(node, .labelSelector)
        while let (name, value) = next(&fields) {
            switch name {
            case "matchLabels": labels = stringMap(value)
            default: unread(name, fields)
            }
        }
        return labels
    }

    private func mutualTLS(_ node: NodeID) -> PeerAuthentication.Mode {
        var mode = PeerAuthentication.Mode.unset
        var fields = open(node, .mutualTLS)
        while let (name, value) = next(&fields) {
            switch name {
            case "mode": mode = choice(value, PeerAuthentication.Mode.self) ?? .unset
            default: unread(name, fields)
            }
        }
        return mode
    }

    /// Ports are keys here, so they are numbers in the clothes of text.
    private func portModes(_ node: NodeID) -> [UInt16: PeerAuthentication.Mode] {
        var modes: [UInt16: PeerAuthentication.Mode] = [:]
        let pairs = pairs(node)
        if pairs.isEmpty, tree.kind(node) == .mapping {
            error(at: node, "portLevelMtls without a port", "write `8080: {mode: STRICT}`")
        }
        for (key, value) in pairs {
            let mode = mutualTLS(value)
            guard let port = UInt16(tree.string(key)), port > 0 else {
                error(at: key, "`\(shortened(key))` is no port", "ports are 1 to 65535")
                continue
            }
            modes[port] = mode
        }
        return modes
    }
}
