// What a proxy says to upstreams about a client, and what it does not believe of what the client
// says. A gateway stands at the edge and believes nothing; a sidecar stands inside the mesh, where
// the edge has spoken already, and passes on what it said.
import HTTP
import Mesh
import Net

extension Exchange {
    /// Fields only the proxy itself may set, and those it writes anew.
    func dropEdgeFields() {
        if isMirror {
            dropMirrorFields()
            return
        }
        if request.targetForm == .absolute, client?.listener.spec.connect != nil {
            // Meant for this proxy (RFC 9110 section 11.7.2), which asks for none.
            request.drop(named: ByteView("proxy-authorization"))
        }
        guard client?.listener.direction == .gateway else {
            dropMeshFields()
            return
        }
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
        if isMirror {
            writeMirrorFields(client)
            return
        }
        guard client.listener.direction == .gateway else {
            writeMeshFields(client)
            return
        }
        let ruled = ruledInRequest
        writeForwardedFor(client, unless: ruled)
        if !ruled.contains(.forwardedProto) { writeForwardedProto(client) }
        if client.identity != nil, !ruled.contains(.clientCertificate) {
            writeForwardedCertificate(client)
        }
        if !ruled.contains(.requestID) { writeRequestID() }
        writeAttempt()
        writeOriginalPath()
    }

    /// What the rule and the destination have set or removed of what is written here: theirs is the
    /// last word (Envoy's router comes behind its connection manager).
    var ruledInRequest: OwnFields {
        let byRule = routeHeaders?.ownInRequest ?? []
        guard let headers = forward?.destinations[destinationIndex].headers else { return byRule }
        return byRule.union(headers.ownInRequest)
    }

    // MARK: - Inside the mesh

    /// Envoy's rules for `use_remote_address: false`. Control fields go, as Envoy 1.33 has nobody
    /// internal by default; so does what a client says of its certificate, unless it has shown one.
    private func dropMeshFields() {
        let isInbound = client?.listener.direction == .inbound
        for index in request.fields.indices {
            switch request.fields[index].id {
            // What earlier hops have seen is written anew, with our own element at its end.
            case .xForwardedClientCert, .xEnvoyUpstreamServiceTime:
                request.fields[index].isDropped = true
            case .xEnvoy:
                let name = request.name(request.fields[index])
                if name.equalsIgnoringCase("x-envoy-attempt-count") {
                    // The side that calls counts; the side that is called passes on.
                    request.fields[index].isDropped = !isInbound
                } else if !Self.travels(name) {
                    request.fields[index].isDropped = true
                }
            default: break
            }
        }
    }

    /// `x-envoy-*` fields that tell something; all others ask for something.
    private static func travels(_ name: ByteView) -> Bool {
        name.equalsIgnoringCase("x-envoy-external-address")
            || name.equalsIgnoringCase("x-envoy-original-path")
            || name.equalsIgnoringCase("x-envoy-peer-metadata")
            || name.equalsIgnoringCase("x-envoy-peer-metadata-id")
    }

    private func writeMeshFields(_ client: ClientStream) {
        let ruled = ruledInRequest
        if !ruled.contains(.forwardedProto), request.index(of: .xForwardedProto) < 0 {
            writeForwardedProto(client)
        }
        if !ruled.contains(.clientCertificate) { writeForwardedCertificate(client) }
        if !ruled.contains(.requestID), request.index(of: .xRequestID) < 0 { writeRequestID() }
        if client.listener.direction == .outbound {
            writeAttempt()
        }
        writeOriginalPath()
    }

    // MARK: - Single fields

    /// Which try this is, and how long it may take where that is limited.
    private func writeAttempt() {
        let loop = worker.loop
        // A copy of a request is made before its first try has begun.
        if tries.begun <= 1 {
            loop.outgoing.append("x-envoy-attempt-count: 1\r\n")
        } else {
            loop.outgoing.append("x-envoy-attempt-count: ")
            loop.outgoing.append(decimal: UInt64(tries.begun))
            loop.outgoing.append("\r\n")
        }
        let expected = expectedTimeoutMs
        guard expected > 0 else { return }
        loop.outgoing.append("x-envoy-expected-rq-timeout-ms: ")
        loop.outgoing.append(decimal: expected)
        loop.outgoing.append("\r\n")
    }

    private func writeOriginalPath() {
        guard !rewrittenPath.isEmpty else { return }
        let loop = worker.loop
        loop.outgoing.append("x-envoy-original-path: ")
        loop.outgoing.append(path)
        loop.outgoing.append(queryWithMark)
        loop.outgoing.append("\r\n")
    }

    private func writeForwardedCertificate(_ client: ClientStream) {
        guard client.identity != nil, client.listener.direction != .outbound else { return }
        let loop = worker.loop
        loop.outgoing.append("x-forwarded-client-cert: ")
        appendForwardedCertificate(client, to: &loop.outgoing)
        loop.outgoing.append("\r\n")
    }

    /// Inside the mesh, what earlier hops have seen; then what this one sees. Nothing of a client
    /// that has shown no certificate.
    func appendForwardedCertificate(_ client: ClientStream, to out: inout Buffer) {
        guard let identity = client.identity, client.listener.direction != .outbound else { return }
        if client.listener.direction == .inbound {
            for field in request.fields
            where field.id == .xForwardedClientCert && field.valueLength > 0 {
                out.append(request.value(field))
                out.append(",")
            }
        }
        out.append(identity.forwarded)
    }

    private func writeForwardedProto(_ client: ClientStream) {
        worker.loop.outgoing.append(
            client.isSecure ? "x-forwarded-proto: https\r\n" : "x-forwarded-proto: http\r\n")
    }

    private func writeForwardedFor(_ client: ClientStream, unless ruled: OwnFields) {
        let loop = worker.loop
        if !ruled.contains(.forwardedFor) {
            loop.outgoing.append("x-forwarded-for: ")
            appendForwardedFor(client, to: &loop.outgoing)
            loop.outgoing.append("\r\n")
        }
        guard !ruled.contains(.externalAddress) else { return }
        loop.outgoing.append("x-envoy-external-address: ")
        loop.outgoing.append(host: client.peer)
        loop.outgoing.append("\r\n")
    }

    /// What the client sent in the field, and at the edge the client's own address behind it.
    func appendForwardedFor(_ client: ClientStream, to out: inout Buffer) {
        let isFirst = !appendForwardedFor(to: &out)
        guard client.listener.direction == .gateway else { return }
        if !isFirst { out.append(", ") }
        out.append(host: client.peer)
    }

    /// What the client sent in the field; false where that is nothing.
    @discardableResult
    func appendForwardedFor(to out: inout Buffer) -> Bool {
        var isFirst = true
        for field in request.fields where field.id == .xForwardedFor && field.valueLength > 0 {
            if !isFirst { out.append(", ") }
            isFirst = false
            out.append(request.value(field))
        }
        return !isFirst
    }

    /// A UUID of version 4; Envoy reads the trace decision from its 15th character.
    func writeRequestID() {
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
        let loop = worker.loop
        loop.outgoing.append("x-request-id: ")
        loop.outgoing.append(requestID.readable)
        loop.outgoing.append("\r\n")
    }
}
