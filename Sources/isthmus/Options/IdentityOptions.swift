// Who a proxy is in its mesh, and who says so: a folder of certificates, or an authority.
// Flags as Istio's agent has them in its environment, said once.
import ArgumentParser
import Control
import Mesh
import Net
import PKI

struct IdentityOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder with cert-chain.pem, key.pem and root-cert.pem, as isthmus ca issue --out "
                + "writes; with --ca, where they are kept.", valueName: "folder"))
    var identity: String?

    @Option(
        help: ArgumentHelp(
            "An authority that issues and renews it: isthmus ca serve.", valueName: "host:15012"))
    var ca: String?

    @Option(
        help: ArgumentHelp(
            "The root certificate that the authority's own leads to. "
                + "(default: root-cert.pem in --identity, or certs/root-cert.pem)",
            valueName: "file"))
    var caRoot: String?

    @Option(
        help: ArgumentHelp(
            "The name in the authority's certificate. (default: the host of --ca)",
            valueName: "name"))
    var caName: String?

    @Option(
        help: ArgumentHelp(
            "A file with the enrolment token of isthmus ca token.", valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "What the SPIFFE ids of this mesh begin with, spiffe://NAME/...", valueName: "name"),
        transform: trustDomain)
    var trustDomain = TrustDomain.clusterLocal

    func validate() throws {
        guard ca == nil else { return }
        for (flag, value) in [
            ("--ca-root", caRoot), ("--ca-name", caName), ("--token-file", tokenFile),
        ] where value != nil {
            throw ValidationError("\(flag) says nothing without --ca HOST:15012")
        }
    }

    private var isGiven: Bool { ca != nil || identity != nil }

    /// What of it matters to compiling.
    func describe(_ node: inout Node) {
        node.hasIdentity = isGiven
        node.trustDomain = trustDomain.name
    }

    private static func trustDomain(_ argument: String) throws -> TrustDomain {
        do {
            return try TrustDomain(argument)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// nil where none of the flags is given.
    /// - Parameters:
    ///   - namespace: of the workload.
    ///   - serviceAccount: of the workload; an authority issues for it.
    func source(namespace: String, serviceAccount: String) throws -> IdentitySource? {
        guard let ca else { return identity.map { .folder($0) } }
        let workload: WorkloadName
        do {
            workload = try WorkloadName(namespace: namespace, serviceAccount: serviceAccount)
        } catch {
            throw Complaint(.usage, "no identity: \(error)")
        }
        var contact = AuthorityContact(
            address: ca, rootsPath: rootsPath(), workload: workload,
            token: tokenFile.map { .file($0) }, folder: identity)
        contact.serverName = caName
        return .authority(contact)
    }

    private func rootsPath() -> String {
        if let caRoot { return caRoot }
        if let identity {
            let kept = "\(identity)/root-cert.pem"
            if (try? File.read(kept, bytesMax: 1)) != nil { return kept }
        }
        return "certs/root-cert.pem"
    }
}
