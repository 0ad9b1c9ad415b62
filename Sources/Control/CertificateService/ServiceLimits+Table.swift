// The certificate service's limits as `isthmus version --limits` shows them.
internal import Authority
internal import HTTP

extension ServiceLimits {
    /// Name, value, unit, what it is for.
    public var table: [(name: String, value: String, unit: String, purpose: String)] {
        [
            ("ca-message-bytes", "\(messageBytesMax)", "bytes", "message of one call"),
            ("ca-held-bytes", "\(heldBytesMax)", "bytes", "all calls that are under way"),
            ("ca-head-bytes", "\(http2.fieldBlockBytesMax)", "bytes", "head of a call"),
            (
                "ca-token-bytes", "\(EnrolmentToken.bytesMax)", "bytes",
                "enrolment token"
            ),
            ("ca-connections", "\(connectionsMax)", "connections", "of the certificate service"),
            (
                "ca-streams", "\(http2.concurrentStreamsMax)", "streams",
                "calls at once on a connection"
            ),
            ("ca-handshake", "\(handshakeMs)", "ms", "for a TLS handshake"),
            (
                "ca-request", "\(requestMs)", "ms",
                "from the first byte of a call to the last of its answer"
            ),
            (
                "ca-stranger-idle", "\(strangerIdleMs)", "ms",
                "without a call, for who has proved nothing"
            ),
            ("ca-idle", "\(idleMs)", "ms", "without a call, for workloads that have"),
            ("ca-age", "\(ageMs)", "ms", "after which a connection takes no new calls"),
            ("ca-batch", "\(batchMax)", "calls", "issued with one pair of the ledger's commits"),
        ]
    }
}
