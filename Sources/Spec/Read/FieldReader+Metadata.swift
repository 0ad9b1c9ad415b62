// Decodes what every object says about itself.
// Kubernetes' own bookkeeping in it is passed over, as the table is open.

extension FieldReader {
    func metadata(_ node: NodeID) -> Metadata {
        var metadata = Metadata(namespace: defaultNamespace)
        var fields = open(node, .metadata)
        while let (name, value) = next(&fields) {
            switch name {
            case "name": metadata.name = sharedString(value)
            case "namespace":
                let namespace = sharedString(value)
                if !namespace.isEmpty { metadata.namespace = namespace }
            case "labels": metadata.labels = stringMap(value)
            case "annotations": metadata.annotations = stringMap(value)
            case "creationTimestamp":
                metadata.creationTimestamp = Timestamp.seconds(tree.bytes(value))
                if metadata.creationTimestamp == nil {
                    report(
                        .warning, at: value, "\(describe(value)) is no time; it is ignored",
                        "write it as 2026-01-31T12:00:00Z")
                }
            default: unread(name, fields)
            }
        }
        // Its own size and its own past: kubectl's copy of the object as it was applied.
        metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
        return metadata
    }
}
