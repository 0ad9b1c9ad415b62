// The outermost fields of an object of each kind that is read.
// Built from one shape, so that a field of the spec written beside it is noticed the same way for
// every kind.

extension MessageTable {
    /// For each kind that is read, its object's own table.
    static let objects: [String: MessageTable] = [
        Gateway.kind: object(Gateway.kind, spec: gateway),
        VirtualService.kind: object(VirtualService.kind, spec: virtualService),
        DestinationRule.kind: object(DestinationRule.kind, spec: destinationRule),
        ServiceEntry.kind: object(ServiceEntry.kind, spec: serviceEntry),
        WorkloadEntry.kind: object(WorkloadEntry.kind, spec: workloadEntry),
        Sidecar.kind: object(Sidecar.kind, spec: sidecar),
        PeerAuthentication.kind: object(PeerAuthentication.kind, spec: peerAuthentication),
        Service.kind: object(Service.kind, spec: service),
        Pod.kind: object(Pod.kind, spec: podSpec, status: podStatus),
        Endpoints.kind: object(Endpoints.kind, isOpen: true),
        EndpointSlice.kind: object(EndpointSlice.kind, isOpen: true),
        Secret.kind: object(Secret.kind, isOpen: true),
    ]

    /// Nothing in it is read.
    static let ignored = MessageTable("Status", isOpen: true, [])

    private static func object(
        _ kind: String, isOpen: Bool = false, spec: MessageTable? = nil,
        status: MessageTable = ignored
    ) -> MessageTable {
        var fields = [
            FieldRow("apiVersion", .string, "The group and version of the kind."),
            FieldRow("kind", .string, "`\(kind)`."),
            FieldRow("metadata", .message(metadata), "Name, namespace, labels."),
        ]
        if let spec { fields.append(FieldRow("spec", .message(spec), "What is wanted.")) }
        fields.append(FieldRow("status", .message(status), "Written by a cluster."))
        return MessageTable("a \(kind)", isOpen: isOpen, fields)
    }
}
