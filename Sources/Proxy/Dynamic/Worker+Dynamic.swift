// A worker's names that requests have named, and what became of calls that leave the mesh.
// Each worker asks for itself: a request waits on its own loop, and no thread for another.
import Mesh
import Net
import Telemetry

extension Worker {
    /// Made with the first call: most proxies know all their endpoints.
    var nameCache: NameCache {
        if let nameCacheInUse { return nameCacheInUse }
        let made = NameCache(settings.resolver, limits: settings.limits.names, loop: loop) {
            [unowned self] name in
            for cluster in clusters { cluster?.dynamic?.forget(name) }
        }
        nameCacheInUse = made
        return made
    }

    func sampleEgress(_ sample: inout MetricsSample) {
        sample.config[.egressBlockedHostsTotal] = refusals[.host]
        sample.config[.egressBlockedPortsTotal] = refusals[.port]
        sample.config[.egressBlockedAddressesTotal] = refusals[.address]
        sample.config[.egressBlockedConnectionsTotal] = refusals[.connection]
        guard let names = nameCacheInUse else { return }
        let counts = names.counts
        sample.server[.dnsCaresResolveTotal] = counts.total
        sample.server[.dnsCaresPendingResolutions] = counts.pending
        sample.server[.dnsCaresNotFound] = counts.notFound
        sample.server[.dnsCaresTimeout] = counts.timeouts
        sample.server[.dnsCaresGetAddrFailure] = counts.failures
        sample.config[.dnsCachedNames] = UInt64(names.count)
        sample.config[.dnsStaleNames] = UInt64(names.staleCount)
        sample.config[.dnsCacheOverflowsTotal] = names.overflows
    }
}
