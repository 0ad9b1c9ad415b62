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
        if let log = worker.log { log.write(HTTPLogRecord(self, client, durationMs: durationMs)) }
    }

    /// The series of this kind of answer, remembered at the endpoint, or at the caller of an
    /// inbound request: making labels is slow.
    private func series(_ client: ClientStream) -> RequestSeries {
        let isGRPC = isGRPC
        guard let endpoint else { return makeSeries(client, isGRPC: isGRPC) }
        // gRPC's status differs from answer to answer, so its series is looked up each time.
        if isGRPC { return makeSeries(client, isGRPC: true) }
        if client.listener.direction == .inbound { return inboundSeries(client, endpoint) }
        for entry in endpoint.series
        where entry.status == status && entry.flags == flags && !entry.isGRPC {
            return entry.series
        }
        let series = makeSeries(client, isGRPC: false)
        endpoint.series.append(
            EndpointState.SeriesEntry(
                status: status, flags: flags, isGRPC: false, series: series))
        return series
    }

    private func inboundSeries(_ client: ClientStream, _ endpoint: EndpointState) -> RequestSeries {
        let caller = client.identity?.caller ?? worker.anonymousCaller
        for entry in caller.series
        where entry.status == status && entry.flags == flags && entry.endpoint === endpoint {
            return entry.series
        }
        let series = makeSeries(client, isGRPC: false)
        if caller.series.count >= Caller.seriesMax { caller.series.removeAll() }
        caller.series.append(
            Caller.SeriesEntry(endpoint: endpoint, status: status, flags: flags, series: series))
        return series
    }

    private func makeSeries(_ client: ClientStream, isGRPC: Bool) -> RequestSeries {
        var labels = worker.labels(
            cluster, endpoint, flags: flags, on: client.listener, from: client.identity)
        labels.requestProtocol = isGRPC ? "grpc" : "http"
        labels.responseCode = status
        if case .direct(let answer) = route?.action, !answer.clusterName.isEmpty {
            labels.destinationServiceName = answer.clusterName
        }
        if isGRPC, let value = response.value(named: ByteView("grpc-status")) {
            labels.grpcResponseStatus = value.string
        }
        return worker.metrics.requestSeries(labels: labels)
    }

    private var isGRPC: Bool {
        guard let type = request.value(of: .contentType) else { return false }
        return type.hasPrefix("application/grpc")
    }
}
