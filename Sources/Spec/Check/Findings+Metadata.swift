// Checks that hold for every kind: names, namespaces, exportTo, references.
// One place for them, so that a name is right or wrong the same way in every kind.

extension Findings {
    mutating func checkMetadata(_ object: some Resource) {
        let name = object.metadata.name
        let root: [PathStep] = [.field("metadata"), .field("name")]
        if name.isEmpty {
            error(from: root, message: "an object without a name", advice: "write metadata.name")
        } else if object is Gateway || object is Service {
            if !NameSyntax.isLabel(name) {
                error(
                    from: root, message: "`\(name)` is no name for a \(type(of: object).kind)",
                    advice: "use up to 63 small letters, digits and dashes, and no dots")
            }
        } else if !NameSyntax.isSubdomain(name) {
            error(
                from: root, message: "`\(name)` is no name for a \(type(of: object).kind)",
                advice: "use small letters, digits, dashes and dots")
        }
        if !NameSyntax.isLabel(object.metadata.namespace) {
            error(
                from: [.field("metadata"), .field("namespace")],
                message: "`\(object.metadata.namespace)` is no name for a namespace",
                advice: "use up to 63 small letters, digits and dashes")
        }
    }

    /// `.`, `*`, `~` or namespaces; `*` and `~` stand alone.
    mutating func check(exportTo: [String], of object: some Resource, nobodyAllowed: Bool) {
        var seen: Set<String> = []
        for (index, entry) in exportTo.enumerated() {
            enter("exportTo", index)
            defer { leave() }
            if entry == "~", !nobodyAllowed {
                error(
                    message: "`~` exports to nobody, which a \(type(of: object).kind) cannot",
                    advice: "write `.` for its own namespace")
            } else if !["*", ".", "~"].contains(entry), !NameSyntax.isLabel(entry) {
                error(
                    message: "`\(entry)` is no namespace", advice: "write `.`, `*` or a namespace")
            }
            if !seen.insert(entry == "." ? object.namespace : entry).inserted {
                error(message: "`\(entry)` is there twice", advice: "keep one of the two")
            }
        }
        if exportTo.count > 1, exportTo.contains(where: { $0 == "*" || $0 == "~" }) {
            error(
                .field("exportTo"), message: "`*` and `~` cannot stand beside other namespaces",
                advice: "keep one or the other")
        }
    }

    /// `name`, `namespace/name`, `./name` or `mesh`.
    mutating func check(gateways: [Located<String>]) {
        for (index, gateway) in gateways.enumerated() {
            let text = gateway.value
            if NameSyntax.isLabel(text) { continue }
            enter("gateways", index)
            defer { leave() }
            let parts = text.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 {
                if parts[0] != ".", !NameSyntax.isLabel(parts[0]) {
                    error(
                        message: "`\(parts[0])` is no namespace",
                        advice: "write namespace/name or name")
                } else if !NameSyntax.isLabel(parts[1]) {
                    error(
                        message: "`\(parts[1])` is no name of a Gateway",
                        advice: "write namespace/name or name")
                }
            } else if NameSyntax.isSubdomain(text) {
                warning(
                    message: "`\(text)` is the old way to name a Gateway",
                    advice: "write namespace/name")
            } else {
                error(
                    message: "`\(text)` is no name of a Gateway",
                    advice: "write namespace/name or name")
            }
        }
    }

    /// A host name that may be short, and may be a wildcard where `wildcard`.
    mutating func check(host: String, wildcard: Bool) {
        if let complaint = NameSyntax.complaint(host: host, wildcard: wildcard) {
            error(message: complaint, advice: "write a name such as reviews or www.example.com")
        }
    }

    mutating func check(labels: [String: String], named field: String) {
        for (key, value) in labels where key.contains("*") || value.contains("*") {
            error(
                .field(field), .field(key), message: "a label cannot hold `*`",
                advice: "write the whole key and value")
        }
    }

    mutating func check(subnets: [Located<String>]) {
        for (index, subnet) in subnets.enumerated()
        where !AddressSyntax.isIP(subnet.value) && !AddressSyntax.isCIDR(subnet.value) {
            error(
                .field("destinationSubnets"), .index(index),
                message: "`\(subnet.value)` is no address and no block of addresses",
                advice: "write 10.1.2.3 or 10.1.2.0/24")
        }
    }

    mutating func check(namespace: String, named field: String) {
        if !namespace.isEmpty, !NameSyntax.isLabel(namespace) {
            error(
                .field(field), message: "`\(namespace)` is no namespace",
                advice: "use small letters, digits and dashes")
        }
    }
}
