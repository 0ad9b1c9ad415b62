// The fields of PeerAuthentication (security/v1beta1/peer_authentication.proto).
// The selector is that of Istio's security kinds, which say `matchLabels`.

extension MessageTable {
    static let peerAuthentication = MessageTable(
        "PeerAuthentication",
        [
            FieldRow(
                "selector", .message(labelSelector),
                "Workloads of its namespace; without it all of them, or all of the mesh in the "
                    + "root namespace."),
            FieldRow("mtls", .message(mutualTLS), "For all ports."),
            FieldRow(
                "portLevelMtls", .map(.message(mutualTLS)),
                "By port of the workload; needs a selector."),
        ])

    static let labelSelector = MessageTable(
        "WorkloadSelector", usualField: "matchLabels",
        [
            FieldRow("matchLabels", .map(.string), "All of them must be there.")
        ])

    static let mutualTLS = MessageTable(
        "MutualTLS", usualField: "mode",
        [
            FieldRow(
                "mode", .choice(PeerAuthentication.Mode.self),
                "UNSET takes the mode of the namespace, then of the mesh, then PERMISSIVE.")
        ])
}
