// Clusters whose connections go where the client meant them to, and to whom else.
import Mesh
import Net
import Testing

@testable import Proxy

@Suite("original destinations")
struct OriginalTests {
    private let worker: Worker

    init() throws {
        worker = Worker(loop: try Loop(), settings: ProxySettings(), counts: ProcessCounts())
    }

    private func cluster(_ endpoints: [SocketAddress]) -> ClusterState {
        let plain = Plan.cluster("a", endpoints, policy: .roundRobin)
        let template = Endpoint(
            address: "", port: 0, weight: 1, locality: "", labels: [:], workload: Workload(),
            origin: Plan.origin)
        return ClusterState(
            Cluster(
                name: plain.name, host: plain.host, serviceName: plain.serviceName,
                namespace: plain.namespace, port: 80, subset: "", loadBalancing: .roundRobin,
                connectTimeoutMs: 1000, endpoints: plain.endpoints, original: template,
                origins: []),
            worker: worker)
    }

    private func wish(_ host: String?) throws -> PickWish {
        var wish = PickWish()
        wish.destination = try host.map { try #require(SocketAddress(host: $0, port: 80)) }
        return wish
    }

    @Test("without endpoints there is nobody but who was meant")
    func nobodyElse() throws {
        let cluster = cluster([])
        #expect(cluster.pick(try wish(nil)) == nil)
        let first = cluster.pick(try wish("192.0.2.1"))
        #expect(first?.address == SocketAddress(host: "192.0.2.1", port: 80))
        #expect(cluster.pick(try wish("192.0.2.1")) === first)
        #expect(cluster.pick(try wish("240.240.1.1")) != nil)
    }

    @Test("with endpoints these are asked where nothing tells, or only an automatic address")
    func endpoints() throws {
        let own = SocketAddress.v4(0x7f00_0001, port: 80)
        let cluster = cluster([own])
        #expect(cluster.pick(try wish("192.0.2.1"))?.address.host == "192.0.2.1")
        for host in [nil, "240.240.1.1", "127.0.0.1"] {
            #expect(cluster.pick(try wish(host)) === cluster.endpoints[0])
        }
    }
}
