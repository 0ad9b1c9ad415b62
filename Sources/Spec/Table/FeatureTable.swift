// docs/features.md: every field of every kind and how far it is carried out.
// Written from the tables that the decoder reads by, so that the page cannot promise what the
// program does not know.

/// The page of features.
public enum FeatureTable {
    /// One field of a kind.
    public struct Row: Sendable {
        public let kind: String
        /// `http[].match[].uri.exact`, from the spec.
        public let path: String
        public let type: String
        public let status: FieldStatus
        public let doc: String
    }

    /// Kinds that are read, in the order of the page, and the table their fields start from.
    static let kinds: [(kind: String, apiVersion: String, table: MessageTable)] = [
        (Gateway.kind, "networking.istio.io", .gateway),
        (VirtualService.kind, "networking.istio.io", .virtualService),
        (DestinationRule.kind, "networking.istio.io", .destinationRule),
        (ServiceEntry.kind, "networking.istio.io", .serviceEntry),
        (WorkloadEntry.kind, "networking.istio.io", .workloadEntry),
        (Sidecar.kind, "networking.istio.io", .sidecar),
        (PeerAuthentication.kind, "security.istio.io", .peerAuthentication),
        (Service.kind, "Kubernetes", .service),
        (Endpoints.kind, "Kubernetes", .endpoints),
        (EndpointSlice.kind, "Kubernetes", .endpointSlice),
        (Pod.kind, "Kubernetes", .podSpec),
        (Secret.kind, "Kubernetes", .secret),
    ]

    /// Every field of every kind.
    public static let rows: [Row] =
        kinds.flatMap { entry in
            let status = entry.kind == Pod.kind ? fields(of: .podStatus, entry.kind, "status.") : []
            return fields(of: entry.table, entry.kind, "") + status
        }

    private static func fields(
        of table: MessageTable, _ kind: String, _ prefix: String, within: FieldStatus = .works
    ) -> [Row] {
        table.fields.flatMap { field -> [Row] in
            let path = prefix + field.name + field.type.suffix
            // Nothing works below a field that does not: `fault.delay` waits for `fault`.
            let status = field.status == .works ? within : field.status
            let row = Row(
                kind: kind, path: path, type: field.type.text, status: status, doc: field.doc)
            guard let message = field.type.message else { return [row] }
            return [row] + fields(of: message, kind, path + ".", within: status)
        }
    }

    /// The whole page.
    public static func markdown() -> String {
        var page = """
            # Features

            Every field of every kind that Isthmus reads. This page is generated from the tables the
            program decodes by; a test keeps it so.

            - **works**: does what Istio says.
            - **decodes only**: read and checked, and without effect: because Istio does nothing
              about it either (a warning says so once), or because it is for people or Kubernetes.
            - **not yet**: read and checked; what it asks for is left out, with a warning.

            A field that is not in these tables is a warning in Istio's kinds, with the name that
            was probably meant, and passed over in Kubernetes' kinds. A wrong type or value is an
            error.
            All of `v1`, `v1beta1` and `v1alpha3` are taken.


            """
        for entry in kinds {
            let rows = rows.filter { $0.kind == entry.kind }
            let counts = ["works", "decodes only", "not yet"].compactMap { word -> String? in
                let count = rows.count { $0.status.word == word }
                return count == 0 ? nil : "\(count) \(word)"
            }
            page +=
                "## \(entry.kind)\n\n\(entry.apiVersion); \(counts.joined(separator: ", ")).\n\n"
            page += "| field | type | status | |\n|---|---|---|---|\n"
            for row in rows {
                page += "| `\(row.path)` | \(row.type) | \(row.status.word) | \(row.doc) |\n"
            }
            page += "\n"
        }
        page += "## Metadata of every object\n\n| field | type | |\n|---|---|---|\n"
        for field in MessageTable.metadata.fields {
            page += "| `\(field.name)\(field.type.suffix)` | \(field.type.text) | \(field.doc) |\n"
        }
        return page + "\n" + otherKinds()
    }

    private static func otherKinds() -> String {
        var page = "## Other kinds\n\nFound in a folder they are skipped, with one line each.\n\n"
        page += "| kind | group | |\n|---|---|---|\n"
        for row in KindTable.rows {
            let standing: String
            switch row.standing {
            case .read: continue
            case .unused: standing = "not used"
            case .notYet: standing = "not yet"
            case .notEnforcedYet: standing = "not yet; skipping it is a warning"
            case .never(let reason): standing = "never: \(reason)"
            }
            page += "| \(row.kind) | \(row.group.isEmpty ? "core" : row.group) | \(standing) |\n"
        }
        return page
    }
}
