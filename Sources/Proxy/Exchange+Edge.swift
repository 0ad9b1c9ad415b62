// The fields a proxy at the edge says about a client, and those it does not believe from one.
// They are in one place because which of them are kept, replaced or added is what a gateway and a
// sidecar differ in.
import HTTP
import Net

extension Exchange {
    /// Fields only the proxy itself may set, and those it writes anew.
    func dropEdgeFields() {
        for index in request.fields.indices {
            switch request.fields[index].id {
            case .xEnvoy, .xEnvoyUpstreamServiceTime, .xForwardedProto, .xForwardedFor,
                .xForwardedClientCert, .xRequestID:
                request.fields[index].isDropped = true
            default: break
            }
        }
    }

    /// What goes up about the client, behind the fields that are kept.
    func writeEdgeFields(_ client: ClientStream) {
        let loop = worker.loop
        writeForwardedFor(client)
        loop.outgoing.append(
            client.isSecure ? "x-forwarded-proto: https\r\n" : "x-forwarded-proto: http\r\n")
        loop.outgoing.append("x-request-id: ")
        writeRequestID()
        loop.outgoing.append(
            isRetry
                ? "\r\nx-envoy-attempt-count: 2\r\n" : "\r\nx-envoy-attempt-count: 1\r\n")
        if !rewrittenPath.isEmpty {
            loop.outgoing.append("x-envoy-original-path: ")
            loop.outgoing.append(path)
            loop.outgoing.append(queryWithMark)
            loop.outgoing.append("\r\n")
        }
    }

    private func writeForwardedFor(_ client: ClientStream) {
        let loop = worker.loop
        loop.outgoing.append("x-forwarded-for: ")
        appendForwardedFor(client, to: &loop.outgoing)
        loop.outgoing.append("\r\nx-envoy-external-address: ")
        loop.outgoing.append(host: client.peer)
        loop.outgoing.append("\r\n")
    }

    /// What the client sent in the field, and the client's own address behind it.
    func appendForwardedFor(_ client: ClientStream, to out: inout Buffer) {
        for field in request.fields where field.id == .xForwardedFor && field.valueLength > 0 {
            out.append(request.value(field))
            out.append(", ")
        }
        out.append(host: client.peer)
    }

    /// A UUID of version 4; Envoy reads the trace decision from its 15th character.
    private func writeRequestID() {
        if requestID.isEmpty {
            let high = worker.random.next()
            let low = worker.random.next()
            requestID.reserve(36)
            requestID.appendHexDigits(high >> 32, count: 8)
            requestID.append(0x2d)
            requestID.appendHexDigits(high >> 16 & 0xffff, count: 4)
            requestID.append("-4")
            requestID.appendHexDigits(high & 0xfff, count: 3)
            requestID.append(0x2d)
            requestID.appendHexDigits((low >> 48 & 0x3fff) | 0x8000, count: 4)
            requestID.append(0x2d)
            requestID.appendHexDigits(low & 0xffff_ffff_ffff, count: 12)
        }
        worker.loop.outgoing.append(requestID.readable)
    }
}
