// A folder that goes with its test, and an authority in it.
import Foundation
import PKI
import Testing

@testable import Authority

final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory
            .appending(path: "isthmus-authority-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var certs: String { path + "/certs" }

    func authority(
        at now: UnixTime = .now, _ change: (inout AuthorityPlan) -> Void = { _ in }
    ) throws -> Authority {
        var plan = AuthorityPlan(trustDomain: .clusterLocal)
        change(&plan)
        return try Authority.create(path: certs, plan: plan, at: now)
    }

    func text(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: certs + "/" + name)))
    }

    func mode(_ name: String) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: certs + "/" + name)
        return try #require(facts[.posixPermissions] as? Int)
    }

    var files: Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: certs)) ?? [])
    }
}

extension LeafRequest {
    static func workload(
        _ name: String = "reviews", domain: TrustDomain = .clusterLocal,
        key: PrivateKey? = nil, lifetime: Lifetime? = nil
    ) throws -> LeafRequest {
        LeafRequest(
            .workload(
                try WorkloadName(namespace: "default", serviceAccount: name)
                    .identity(in: domain), hosts: [], addresses: []),
            key: try (key ?? PrivateKey.generate(.p256)).publicKey, lifetime: lifetime)
    }
}
