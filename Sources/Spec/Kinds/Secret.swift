// Kubernetes' Secret, as far as a gateway needs one: certificates, their keys, and whom to trust.
// Values that mean nothing to a gateway are not kept at all, and none is ever shown: a key that was
// printed once has to be replaced everywhere.

public final class Secret: Resource {
    public static let kind = "Secret"
    public let metadata: Metadata
    public let source: SourceLocation
    /// `kubernetes.io/tls`, `Opaque`, or whatever else is written; nothing depends on it.
    public let type: String
    /// Decoded; `stringData` has the last word.
    private let values: [Entry: [UInt8]]

    /// The keys that are looked at, Istio's generic names and those of `kubernetes.io/tls`.
    public enum Entry: String, Sendable, Hashable, CaseIterable {
        case genericCertificate = "cert"
        case genericKey = "key"
        case genericAuthority = "cacert"
        case genericRevocations = "crl"
        case certificate = "tls.crt"
        case key = "tls.key"
        case authority = "ca.crt"
        case revocations = "ca.crl"
        case staple = "tls.ocsp-staple"
    }

    public init(
        metadata: Metadata, source: SourceLocation, type: String = "",
        values: [Entry: [UInt8]] = [:]
    ) {
        self.metadata = metadata
        self.source = source
        self.type = type
        self.values = values
    }

    /// The bytes under a key; nil where there is none, or nothing under it.
    public func value(_ entry: Entry) -> [UInt8]? {
        guard let value = values[entry], !value.isEmpty else { return nil }
        return value
    }

    /// Certificate and key, PEM: the generic names first, then those of `kubernetes.io/tls`, as
    /// Istio looks for them. A pair is never put together from both.
    public var identity: (certificate: [UInt8], key: [UInt8])? {
        if let certificate = value(.genericCertificate), let key = value(.genericKey) {
            return (certificate, key)
        }
        if let certificate = value(.certificate), let key = value(.key) {
            return (certificate, key)
        }
        return nil
    }

    /// CA certificates, PEM.
    public var authority: [UInt8]? { value(.genericAuthority) ?? value(.authority) }

    /// Certificate revocation lists, PEM.
    public var revocations: [UInt8]? { value(.genericRevocations) ?? value(.revocations) }

    /// A DER OCSP response.
    public var staple: [UInt8]? { value(.staple) }

    /// What is missing for an identity, for a message: names of keys, never what is under them.
    public var missingForIdentity: String? {
        if identity != nil { return nil }
        let has = { [self] (entry: Entry) in value(entry) != nil }
        if has(.genericCertificate) != has(.genericKey), !has(.certificate), !has(.key) {
            return has(.genericKey) ? "it has key but no cert" : "it has cert but no key"
        }
        if has(.certificate) != has(.key) {
            return has(.key) ? "it has tls.key but no tls.crt" : "it has tls.crt but no tls.key"
        }
        return "it has neither tls.crt and tls.key nor cert and key"
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { key.description }
    public var debugDescription: String { key.description }
    /// `dump` and test reports look into objects: here they find the names of the keys.
    public var customMirror: Mirror {
        Mirror(self, children: ["key": key, "entries": values.keys.map(\.rawValue).sorted()])
    }
}
