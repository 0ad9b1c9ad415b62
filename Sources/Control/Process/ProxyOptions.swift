// How a proxy process is to run; what the command line decides.
public import Net
public import Proxy

public struct ProxyOptions: Sendable {
    public var source: ConfigurationSource
    /// What its log lines are marked with, where several proxies share a log.
    public var name: String?
    /// At least 1; one a processor by default.
    public var workerCount: Int
    /// Istio's limits unless told otherwise.
    public var settings = ProxySettings()
    /// nil: no admin server.
    public var admin: SocketAddress?
    /// `/healthz/ready`, for load balancers; nil: none.
    public var status: SocketAddress?
    /// The merged metrics of Istio's agent; nil: none.
    public var metrics: SocketAddress?
    /// The file access logs go to, where they do, so that it can be opened again.
    public var accessLogPath: String?
    /// Where this proxy's own identity in a mesh comes from; nil outside of one.
    public var identity: IdentitySource?
    /// Whom host names are asked of.
    public var resolver = ResolverSettings()
    /// Having nothing to listen on is nothing to warn of: its rules are still to come.
    public var waitsForRules = false
    /// Ports for people that another proxy of this machine has are nothing to warn of.
    public var yieldsPorts = false
    /// The flags as given, for `/server_info`.
    public var commandLine: [String] = []

    public init(source: ConfigurationSource, workerCount: Int = Machine.processorCount) {
        self.source = source
        self.workerCount = workerCount
    }
}
