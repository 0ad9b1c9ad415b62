// The fields of ServiceEntry and WorkloadEntry
// (networking/v1alpha3/service_entry.proto, workload_entry.proto).
// One file for both, as an endpoint of the one is the spec of the other.

extension MessageTable {
    static let serviceEntry = MessageTable(
        "ServiceEntry",
        [
            FieldRow("hosts", .list(.string), "Names of the service, `*.suffix` included."),
            FieldRow(
                "addresses", .list(.string),
                "Virtual addresses: a sidecar takes them as its host's; blocks have no effect."),
            FieldRow("ports", .list(.message(serviceEntryPort)), "Its ports."),
            FieldRow(
                "location", .choice(ServiceEntry.Location.self),
                "MESH_EXTERNAL by default: auto mTLS is for the mesh alone."),
            FieldRow(
                "resolution", .choice(ServiceEntry.Resolution.self),
                "NONE (default) needs captured packets; DYNAMIC_DNS looks up what requests name."),
            FieldRow(
                "endpoints", .list(.message(workloadEntry)), "The addresses behind it."),
            FieldRow(
                "workloadSelector", .message(workloadSelector),
                "Labels of WorkloadEntries and pods, instead of `endpoints`."),
            FieldRow(
                "exportTo", .list(.string),
                "Namespaces that see it: `.`, `*`, `~` or names; all by default."),
            FieldRow(
                "subjectAltNames", .list(.string),
                "Names expected in the server's certificate."),
        ])

    static let serviceEntryPort = MessageTable(
        "ServicePort",
        [
            FieldRow("number", .integer("uint32"), "1 to 65535."),
            FieldRow(
                "protocol", .choice(PortProtocol.self), "Told by the traffic where it is empty."),
            FieldRow("name", .string, "Unique in the ServiceEntry."),
            FieldRow("targetPort", .integer("uint32"), "The same by default."),
        ])

    static let workloadEntry = MessageTable(
        "WorkloadEntry",
        [
            FieldRow(
                "address", .string,
                "An IP address, `unix:///path`, `unix://@abstract`, or with DNS a host name."),
            FieldRow("ports", .map(.integer("uint32")), "Port numbers by the service's names."),
            FieldRow("labels", .map(.string), "What selectors and subsets look at."),
            FieldRow("network", .string, .noEffect, "For meshes of several networks."),
            FieldRow("locality", .string, "`region/zone/subzone`."),
            FieldRow("weight", .integer("uint32"), "Its share; 1 by default."),
            FieldRow("serviceAccount", .string, "Its identity."),
        ])
}
