// How a VirtualService names the Gateways it is for: `name`, `./name`, `namespace/name`, `mesh`.
// Never by label; a name that resolves to nothing is the commonest reason for a silent 404.

public enum GatewayName {
    /// The sidecars of the mesh, which are no Gateway.
    public static let mesh = "mesh"

    /// `namespace/name`, or `mesh`. The old form `name.namespace.svc.cluster.local` still counts.
    public static func resolve(_ written: String, namespace: String) -> String {
        if written == mesh { return mesh }
        if let slash = written.utf8.firstIndex(of: UInt8(ascii: "/")) {
            guard written[..<slash] == "." else { return written }
            return "\(namespace)\(written[slash...])"
        }
        guard isLegacy(written) else { return "\(namespace)/\(written)" }
        let parts = written.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        return "\(parts[1])/\(parts[0])"
    }

    public static func isLegacy(_ written: String) -> Bool {
        !written.utf8.contains(UInt8(ascii: "/")) && written.utf8.contains(UInt8(ascii: "."))
    }
}
