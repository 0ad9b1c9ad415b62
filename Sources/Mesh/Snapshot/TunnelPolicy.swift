// An HTTP proxy stands at a cluster's endpoints: what it is asked for before a connection's bytes
// may go through it (`tunnel` of a traffic policy).
// An object, because a cluster with one is rare and the field must cost the others a pointer.

public final class TunnelPolicy: Sendable, Hashable {
    public enum Method: Sendable, Hashable {
        /// The connection carries the bytes as they are, both ways (RFC 9110 section 9.3.6).
        case connect
        /// Request and answer carry them as their bodies.
        case post
    }

    public let method: Method
    /// The far end, `example.com:443` or `[2001:db8::1]:443`.
    public let target: String

    public init(method: Method, target: String) {
        self.method = method
        self.target = target
    }

    public static func == (left: TunnelPolicy, right: TunnelPolicy) -> Bool {
        left === right || left.method == right.method && left.target == right.target
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(target)
    }
}

extension Cluster {
    /// `through a tunnel to example.com:443 (CONNECT)`; none where there is none.
    var tunnelSteps: [String] {
        guard let tunnel else { return [] }
        let word = tunnel.method == .connect ? "CONNECT" : "POST"
        return ["through a tunnel to \(tunnel.target), which the endpoint is asked for by \(word)"]
    }
}
