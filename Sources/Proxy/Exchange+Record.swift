// What is told of a finished exchange: Istio's request metrics and the access log.
import HTTP
import Mesh
import Net
import Telemetry

extension Exchange {
    func record(_ client: ClientStream) {
        let durationMs = (worker.loop.nowNs &- startNs) / 1_000_000
        series(client).record(
            durationMs: durationMs, requestBytes: requestBytes, responseBytes: responseBytes)
        if forward?.policy.statPrefix != nil { countForRoute() }
        if let log = worker.log { log.write(HTTPLogRecord(self, client, durationMs: durationMs)) }
    }

    /// The series of this kind of answer, remembered at the endpoint, or at the caller of an
    /// inbound request: making labels is slow.
    private func series(_ client: ClientStream) -> RequestSeries {
        guard let endpoint else { return makeSeries(client) }
        if client.listener.direction == .inbound { return inboundSeries(client, endpoint) }
        for entry in endpoint.series
        where entry.status == status && entry.flags == flags && entry.isGRPC == isGRPC
            && entry.grpcStatus == grpcStatus
        {
            return entry.series
        }
        let series = makeSeries(client)
        // A server may answer any number; what is remembered has to have an end.
        if grpcStatus <= 16 {
            endpoint.series.append(
                EndpointState.SeriesEntry(
                    status: status, flags: flags, isGRPC: isGRPC, grpcStatus: grpcStatus,
                    series: series))
        }
        return series
    }

    private func inboundSeries(_ client: ClientStream, _ endpoint: EndpointState) -> RequestSeries {
        // Calls of gRPC differ in one thing more, and are looked up each time.
        if isGRPC { return makeSeries(client) }
        let caller = client.identity?.caller ?? worker.anonymousCaller
        for entry in caller.series
        where entry.status == status && entry.flags == flags && entry.endpoint === endpoint {
            return entry.series
        }
        let series = makeSeries(client)
        if caller.series.count >= Caller.seriesMax { caller.series.removeAll() }
        caller.series.append(
            Caller.SeriesEntry(endpoint: endpoint, status: status, flags: flags, series: series))
        return series
    }

    private func makeSeries(_ client: ClientStream) -> RequestSeries {
        var labels = worker.labels(
            cluster, endpoint, flags: flags, on: client.listener, from: client.identity)
        labels.requestProtocol = isGRPC ? "grpc" : "http"
        labels.responseCode = status
        if case .direct(let answer) = route?.action, !answer.clusterName.isEmpty {
            labels.destinationServiceName = answer.clusterName
        }
        if grpcStatus >= 0 { labels.grpcResponseStatus = "\(grpcStatus)" }
        return worker.metrics.requestSeries(labels: labels)
    }
}
