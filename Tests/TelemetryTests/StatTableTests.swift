// Counters: what they count, how loops' copies add up, and that the families fit their storage.
// The families are tables people's dashboards depend on, so their names are checked as a whole.
import Testing

@testable import Telemetry

@Suite("Statistics of one loop and of all loops")
struct StatTableTests {
    private func checkFamily<Family: StatFamily>(_ family: Family.Type) {
        let all = Array(Family.allCases)
        #expect(all.count <= StatValues<Family>.casesMax)
        #expect(all.map(\.rawValue) == Array(0..<all.count))
        let names = all.map { $0.definition.name }
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || "_.".contains($0) })
        }
        for stat in all { #expect(stat.definition.help.count > 10) }
    }

    @Test("every family fits its storage, and no name appears twice")
    func familiesFit() {
        checkFamily(ClusterStat.self)
        checkFamily(ProtectionStat.self)
        let names = Set(ClusterStat.allCases.map(\.definition.name))
        #expect(names.isDisjoint(with: ProtectionStat.allCases.map(\.definition.name)))
        checkFamily(ListenerStat.self)
        checkFamily(HTTPStat.self)
        checkFamily(ServerStat.self)
        checkFamily(ConfigStat.self)
        checkFamily(DiscoveryStat.self)
    }

    @Test("a table counts each statistic by itself")
    func counts() {
        let table = ClusterStats()
        for (place, stat) in ClusterStat.allCases.enumerated() {
            table.add(stat, UInt64(place) + 1)
        }
        for (place, stat) in ClusterStat.allCases.enumerated() {
            #expect(table[stat] == UInt64(place) + 1)
        }
    }

    @Test("a gauge goes down as well as up")
    func gauge() {
        let table = ListenerStats()
        table.add(.downstreamCxActive)
        table.add(.downstreamCxActive)
        table.subtract(.downstreamCxActive)
        #expect(table[.downstreamCxActive] == 1)
    }

    @Test("counters and gauges of loops are added, levels are not")
    func merging() {
        let loops = [LoopMetrics(), LoopMetrics()]
        for loop in loops {
            let cluster = loop.cluster("outbound|80||a")
            cluster.add(.upstreamRqTotal, 3)
            cluster.add(.upstreamCxActive, 2)
            cluster.set(.membershipTotal, to: 4)
        }
        loops[1].cluster("outbound|80||b").add(.upstreamRqTotal)
        let whole = MetricsSample.merge(loops.map { $0.sample() })
        #expect(whole.clusters.count == 2)
        #expect(whole.clusters["outbound|80||a"]?[.upstreamRqTotal] == 6)
        #expect(whole.clusters["outbound|80||a"]?[.upstreamCxActive] == 4)
        #expect(whole.clusters["outbound|80||a"]?[.membershipTotal] == 4)
        #expect(whole.clusters["outbound|80||b"]?[.upstreamRqTotal] == 1)
    }

    @Test("merging no samples gives an empty one")
    func mergingNone() {
        #expect(MetricsSample.merge([]).clusters.isEmpty)
    }

    @Test("a sample stays as it was when the loop counts on")
    func sampleIsACopy() {
        let loop = LoopMetrics()
        let cluster = loop.cluster("c")
        cluster.add(.upstreamRqTotal)
        let sample = loop.sample()
        cluster.add(.upstreamRqTotal)
        #expect(sample.clusters["c"]?[.upstreamRqTotal] == 1)
    }

    @Test("asking for the same name gives the same table")
    func sameTable() {
        let loop = LoopMetrics()
        #expect(loop.cluster("c") === loop.cluster("c"))
        #expect(loop.listener("c") === loop.listener("c"))
        #expect(loop.http("c") === loop.http("c"))
        #expect(loop.cluster("c") !== loop.cluster("d"))
    }

    @Test("a cluster that left the configuration is forgotten, the others stay")
    func removedClusters() {
        let loop = LoopMetrics()
        loop.cluster("gone").add(.upstreamRqTotal)
        loop.cluster("stays").add(.upstreamRqTotal)
        loop.removeClusters { $0 == "gone" }
        #expect(Array(loop.sample().clusters.keys) == ["stays"])
    }

    @Test("resetting takes counters to zero and leaves gauges, levels and Istio's series alone")
    func reset() {
        let loop = LoopMetrics()
        let cluster = loop.cluster("c")
        cluster.add(.upstreamRqTotal, 7)
        cluster.add(.upstreamCxActive, 2)
        cluster.set(.membershipTotal, to: 3)
        loop.requestSeries(labels: IstioLabels())
            .record(durationMs: 1, requestBytes: 0, responseBytes: 0)
        loop.resetCounters()
        #expect(cluster[.upstreamRqTotal] == 0)
        #expect(cluster[.upstreamCxActive] == 2)
        #expect(cluster[.membershipTotal] == 3)
        #expect(loop.sample().requests.values.first?.durationMs.count == 1)
    }

    @Test("a loop without traffic has no statistics at all")
    func unusedCostsNothing() {
        let sample = LoopMetrics().sample()
        #expect(sample.clusters.isEmpty && sample.listeners.isEmpty && sample.http.isEmpty)
        #expect(sample.requests.isEmpty && sample.tcp.isEmpty)
    }
}
