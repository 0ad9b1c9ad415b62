// Ports of bytes that several services have: told of where nothing in a connection tells which.
import Mesh
import Testing

@Suite("shared ports of bytes")
struct SharedPortTests {
    private static func entry(
        _ name: String, _ host: String, _ port: Int, _ spoken: String, _ more: String = ""
    ) -> String {
        """
        kind: ServiceEntry
        metadata: {name: \(name)}
        spec:
          hosts: ["\(host)"]
          ports: [{number: \(port), name: p, protocol: \(spoken)}]
        \(more.isEmpty ? "" : "  \(more)")
        """
    }

    @Test("a wildcard, or one that goes where it was meant to, beside another service of the port")
    func told() {
        for host in ["*.db.example", "db.example"] {
            let world = World(
                Self.entry("db", host, 5432, "TCP"), Self.entry("b", "b.example", 5432, "HTTP"))
            #expect(world.says("port 5432 is one of b.example as well", "write `addresses`"))
            #expect(world.warnings.count == 1)
        }
        let three = World(
            Self.entry("db", "*.db.example", 5432, "TCP"),
            Self.entry("b", "b.example", 5432, "TLS"),
            Self.entry("c", "c.example", 5432, "HTTP"))
        #expect(three.says("one of b.example and 1 more as well"))
    }

    @Test("of a crowd the first is named, and the others are not counted to the last")
    func crowd() {
        let hosts = (10..<40).map {
            Self.entry("e\($0)", "e\($0).example", 5432, "TCP", "resolution: NONE")
        }
        let world = World(hosts.joined(separator: "\n---\n"))
        #expect(world.warnings.count == 30)
        #expect(world.says("port 5432 is one of e11.example and many more as well"))
    }

    @Test("what a namespace keeps for itself is beside its own and what everybody sees")
    func kept() {
        func entry(_ name: String, _ namespace: String, _ exportTo: String) -> String {
            Self.entry(name, "\(name).example", 5432, "TCP", "exportTo: ['\(exportTo)']")
                .replacing("name: \(name)}", with: "name: \(name), namespace: \(namespace)}")
        }
        let apart = World(entry("a", "one", "."), entry("b", "two", "."))
        #expect(apart.warnings.isEmpty)
        for other in [entry("b", "one", "."), entry("b", "two", "*"), entry("b", "two", "one")] {
            let world = World(entry("a", "one", "."), other)
            #expect(world.says("is one of b.example as well"))
            #expect(world.says("is one of a.example as well"))
        }
    }

    @Test("an address, one of the mesh's own, another port, or nobody in common")
    func untold() {
        let other = Self.entry("b", "b.example", 5432, "HTTP")
        for own in [
            Self.entry("db", "*.db.example", 5432, "TCP", "addresses: [192.0.2.0/24]"),
            Self.entry("db", "db.example", 5432, "TCP", "resolution: DNS"),
            Self.entry("db", "*.db.example", 5433, "TCP"),
            Self.entry("db", "*.db.example", 5432, "TLS"),
            Self.entry("db", "*.db.example", 5432, "TCP", "exportTo: ['~']"),
            Self.entry("db", "*.db.example", 5432, "TCP", "exportTo: [far]"),
        ] {
            let near = other + "\n  exportTo: ['.', near]"
            #expect(World(own, near).warnings.isEmpty)
        }
    }
}
