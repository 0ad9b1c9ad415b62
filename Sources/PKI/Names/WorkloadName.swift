// Who a workload is in Istio's words: a service account in a namespace.
// Istio's ids are `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICE_ACCOUNT`, exactly those segments
// (istio `pkg/spiffe/spiffe.go`).

public struct WorkloadName: Sendable, Hashable {
    public let namespace: String
    public let serviceAccount: String

    /// - Parameters:
    ///   - namespace: an RFC 1123 label, as Kubernetes' namespaces are.
    ///   - serviceAccount: RFC 1123 labels with dots between.
    public init(namespace: String, serviceAccount: String) throws(PKIError) {
        guard DNSName.isLabel(namespace[...]) else {
            throw .badName(
                namespace,
                reason: "is no namespace: 1 to 63 lower-case letters, digits and inner dashes")
        }
        let labels = serviceAccount.split(separator: ".", omittingEmptySubsequences: false)
        guard serviceAccount.utf8.count <= DNSName.bytesMax, labels.allSatisfy(DNSName.isLabel)
        else {
            throw .badName(
                serviceAccount,
                reason: "is no service account: labels of lower-case letters, digits and inner "
                    + "dashes, with dots between")
        }
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }

    /// The workload's id in a trust domain.
    public func identity(in trustDomain: TrustDomain) -> SPIFFEID {
        SPIFFEID(
            trustDomain: trustDomain,
            checkedSegments: ["ns", namespace, "sa", serviceAccount])
    }
}

extension SPIFFEID {
    /// The service account this id names; nil where the id is not of Istio's form.
    public var workload: WorkloadName? {
        guard segments.count == 4, segments[0] == "ns", segments[2] == "sa" else { return nil }
        return try? WorkloadName(namespace: segments[1], serviceAccount: segments[3])
    }
}
