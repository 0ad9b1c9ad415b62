// Who may import whom: the table of docs/architecture.md, as data.
// Proxy is kept from Spec so that the request path cannot reach back into YAML, and HTTP from TLS
// so that codec tests need no keys. A compiler does not check that; the tests beside this file do.

enum ImportTable {
    /// Module of the project -> modules of the project and seams it may import.
    static let rooms: [String: Set<String>] = [
        "isthmus": [
            "Bookinfo", "Control", "HTTP", "Mesh", "Net", "Proxy", "Spec", "Store", "Telemetry",
        ],
        "Control": ["Store", "Mesh", "Proxy", "Telemetry", "HTTP", "Net", "Spec"],
        "Bookinfo": ["HTTP", "Net"],
        "Proxy": ["Mesh", "Telemetry", "HTTP", "Net"],
        "HTTP": ["Net", "CNGHTTP2"],
        "Store": ["Spec"],
        "Mesh": ["Spec", "CRE2"],
        "Spec": [],
        "Net": ["CLinux"],
        "Telemetry": [],
    ]

    /// Modules that are not the project's own, and the rooms that may import them. What is not
    /// here may be imported nowhere; Foundation costs memory and start-up time.
    static let outside: [String: Set<String>] = [
        "ArgumentParser": ["isthmus"],
        "Logging": ["isthmus", "Control"],
        "Yams": ["Spec"],
        "CYaml": ["Spec"],
        "Glibc": ["Net", "Store", "Control", "isthmus"],
        "Synchronization": ["Mesh", "Net", "Store", "Proxy", "Control", "Bookinfo", "isthmus"],
    ]

    /// What each may import, as one question.
    static func allows(_ importer: String, _ imported: String) -> Bool {
        if rooms[importer]?.contains(imported) == true { return true }
        return outside[imported]?.contains(importer) == true
    }
}
