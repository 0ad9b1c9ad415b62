// Whose identity: a service account of a namespace, with names beside it where wanted.
import ArgumentParser
import Authority
import Control
import PKI

struct WorkloadOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("The workload's namespace.", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The workload's service account.", valueName: "name"))
    var serviceAccount: String?

    @Option(
        help: ArgumentHelp(
            "A host name beside the SPIFFE id; can be given again.", valueName: "name"))
    var dns: [String] = []

    @Option(
        help: ArgumentHelp(
            "An IP address beside the SPIFFE id; can be given again.", valueName: "address"))
    var ip: [String] = []

    var isEmpty: Bool { namespace == nil && serviceAccount == nil }

    func subject(in trustDomain: TrustDomain) throws -> LeafRequest.Subject {
        guard let namespace, let serviceAccount else {
            throw Complaint(
                .usage, "say whose certificate it is: --namespace NAME and --service-account NAME")
        }
        let workload = try WorkloadName(namespace: namespace, serviceAccount: serviceAccount)
        return .workload(
            workload.identity(in: trustDomain), hosts: try dns.map { try DNSName($0) },
            addresses: try ip.map { try IPAddress.bytes($0) })
    }
}
