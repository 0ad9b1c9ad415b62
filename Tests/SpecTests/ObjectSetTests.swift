// The order of objects, which decides who wins.
import Foundation
import Spec
import Testing

@Suite("object sets")
struct ObjectSetTests {
    private func service(_ name: String, file: String, line: Int, created: Int64?) -> Service {
        var metadata = Metadata(name: name)
        metadata.creationTimestamp = created
        return Service(
            metadata: metadata, source: SourceLocation(file: file, line: line, column: 1))
    }

    @Test("older objects come first, then files in order, then places in the file")
    func order() {
        let objects: [Service] = [
            service("b2", file: "b.yaml", line: 9, created: nil),
            service("b1", file: "b.yaml", line: 1, created: nil),
            service("a1", file: "a.yaml", line: 1, created: nil),
            service("new", file: "a.yaml", line: 5, created: 200),
            service("old", file: "z.yaml", line: 5, created: 100),
        ]
        for shuffle in 0..<20 {
            var random = SplitMix(seed: UInt64(shuffle))
            let set = ObjectSet(objects.shuffled(using: &random))
            #expect(set.services.map(\.name) == ["old", "new", "a1", "b1", "b2"])
        }
    }

    @Test("every kind that is read has its list")
    func kinds() {
        let texts = [
            object(
                "Gateway", "servers: [{port: {number: 1, name: a, protocol: TCP}, hosts: ['*']}]"),
            object("VirtualService", "hosts: [a]\nhttp: [{route: [{destination: {host: a}}]}]"),
            object("DestinationRule", "host: a"),
            object("ServiceEntry", "hosts: [a.b]\nports: [{number: 1, name: a}]"),
            object("WorkloadEntry", "address: 1.2.3.4"),
            kubernetes("Service", "spec: {ports: [{port: 1}]}"),
            kubernetes("Endpoints", "subsets: []"),
            kubernetes(
                "EndpointSlice", "addressType: IPv4", apiVersion: "discovery.k8s.io/v1"),
            kubernetes("Pod", "spec: {}"),
        ]
        let parsed = parse(texts.joined(separator: "---\n"))
        let set = ObjectSet(parsed.objects)
        #expect(set.count == 9)
        let counts = [
            set.gateways.count, set.virtualServices.count, set.destinationRules.count,
            set.serviceEntries.count, set.workloadEntries.count, set.services.count,
            set.endpoints.count, set.endpointSlices.count, set.pods.count,
        ]
        #expect(counts == Array(repeating: 1, count: 9), "\(parsed.complaints)")
    }
}
