// The header fields the proxy knows by name, as small integers.
// A field is identified once, when its line is scanned; every later question is an integer compare.
public import Net

/// `other` is every field not listed; two `other` fields may be different fields.
public enum HeaderID: UInt8, Sendable, CaseIterable {
    case other = 0
    case host, connection, contentLength, transferEncoding, upgrade, expect, te, trailer
    case keepAlive, proxyConnection
    case userAgent, accept, cookie, contentType, authorization, origin
    case server, date, location, setCookie
    case xForwardedFor, xForwardedProto, xForwardedClientCert, xRequestID
    /// Every `x-envoy-*` field: control headers that only the proxy itself may set.
    case xEnvoy
    case xEnvoyUpstreamServiceTime

    /// The canonical spelling, lower case.
    public var name: StaticString {
        switch self {
        case .other: ""
        case .host: "host"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .upgrade: "upgrade"
        case .expect: "expect"
        case .te: "te"
        case .trailer: "trailer"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .userAgent: "user-agent"
        case .accept: "accept"
        case .cookie: "cookie"
        case .contentType: "content-type"
        case .authorization: "authorization"
        case .origin: "origin"
        case .server: "server"
        case .date: "date"
        case .location: "location"
        case .setCookie: "set-cookie"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedClientCert: "x-forwarded-client-cert"
        case .xRequestID: "x-request-id"
        case .xEnvoy: "x-envoy-"
        case .xEnvoyUpstreamServiceTime: "x-envoy-upstream-service-time"
        }
    }

    /// Which field a name is, in any case.
    public static func identify(_ name: ByteView) -> HeaderID {
        switch name.count {
        case 2: return name.pick(.te)
        case 4: return lowercased(name[0]) == 0x68 ? name.pick(.host) : name.pick(.date)
        case 6:
            switch lowercased(name[0]) {
            case 0x61: return name.pick(.accept)
            case 0x63: return name.pick(.cookie)
            case 0x65: return name.pick(.expect)
            case 0x6f: return name.pick(.origin)
            case 0x73: return name.pick(.server)
            default: return .other
            }
        case 7: return lowercased(name[0]) == 0x75 ? name.pick(.upgrade) : name.pick(.trailer)
        case 8: return name.pick(.location)
        case 10:
            switch lowercased(name[0]) {
            case 0x63: return name.pick(.connection)
            case 0x6b: return name.pick(.keepAlive)
            case 0x73: return name.pick(.setCookie)
            case 0x75: return name.pick(.userAgent)
            default: return envoy(name)
            }
        case 12:
            if lowercased(name[0]) == 0x63 { return name.pick(.contentType) }
            return lowercased(name[2]) == 0x72 ? name.pick(.xRequestID) : envoy(name)
        case 13: return lowercased(name[0]) == 0x61 ? name.pick(.authorization) : envoy(name)
        case 14: return lowercased(name[0]) == 0x63 ? name.pick(.contentLength) : envoy(name)
        case 15: return lowercased(name[2]) == 0x66 ? name.pick(.xForwardedFor) : envoy(name)
        case 16: return lowercased(name[0]) == 0x70 ? name.pick(.proxyConnection) : envoy(name)
        case 17:
            if lowercased(name[0]) == 0x74 { return name.pick(.transferEncoding) }
            return lowercased(name[2]) == 0x66 ? name.pick(.xForwardedProto) : envoy(name)
        case 23: return lowercased(name[2]) == 0x66 ? name.pick(.xForwardedClientCert) : envoy(name)
        case 29:
            let found = name.pick(.xEnvoyUpstreamServiceTime)
            return found == .other ? envoy(name) : found
        default: return envoy(name)
        }
    }

    private static func envoy(_ name: ByteView) -> HeaderID {
        guard name.count > 8, lowercased(name[0]) == 0x78, name[1] == 0x2d else { return .other }
        return name.prefix(8).equalsIgnoringCase("x-envoy-") ? .xEnvoy : .other
    }
}

extension ByteView {
    fileprivate func pick(_ id: HeaderID) -> HeaderID {
        equalsIgnoringCase(id.name) ? id : .other
    }
}
