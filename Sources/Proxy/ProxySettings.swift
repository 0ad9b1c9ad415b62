// What a proxy is told once, at its start.
public import Net
public import Telemetry

public struct ProxySettings: Sendable {
    public var limits = ProxyLimits()
    /// The value of the `server` response field.
    public var serverName = Array("isthmus".utf8)
    /// What the proxy knows itself by among those that a request has passed (Via, RFC 9110 section
    /// 7.6.3); of no meaning to anybody else, and another one each time it starts.
    public var pseudonym = Self.newPseudonym()
    /// The Host of a mirrored request says so, `httpbin-shadow:8000`.
    public var marksMirroredHosts = true
    /// 80 random bytes all workers share, so that TLS sessions resume on any of them.
    public var ticketKeys: [UInt8] = []
    /// What `%HOSTNAME%` prints.
    public var hostname: [UInt8] = []
    /// The proxy itself, as Istio's metrics name the source of a request.
    public var source = IstioLabels.Peer()
    /// Sockets beside the workload, where it is in a network namespace of its own.
    public var workloadSockets: SocketSupply?
    /// Whom host names are asked of that requests name.
    public var resolver = ResolverSettings()
    /// Hears of calls that a policy did not let through; called on a worker's thread, so many
    /// times a second at most.
    public var tellRefusal: (@Sendable (Refusal) -> Void)?
    /// nil: no access log.
    public var accessLog: AccessLogSettings?

    public init() {}

    private static func newPseudonym() -> [UInt8] {
        var random = Random()
        return Array("isthmus-\(String(random.next(), radix: 36))".utf8)
    }
}

public struct AccessLogSettings: Sendable {
    /// Where lines go; opened for appending by the caller.
    public var descriptor: Int32
    public var format: AccessLogFormat

    public init(descriptor: Int32, format: AccessLogFormat) {
        self.descriptor = descriptor
        self.format = format
    }
}
