// Header fields that a proxy writes of itself before routes have their say: where a rule sets or
// removes one, the rule's word stands alone.
// Known when compiling, so that a request asks a few bits and compares no names.

public struct OwnFields: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let forwardedFor = OwnFields(rawValue: 1 << 0)
    public static let forwardedProto = OwnFields(rawValue: 1 << 1)
    public static let requestID = OwnFields(rawValue: 1 << 2)
    public static let clientCertificate = OwnFields(rawValue: 1 << 3)
    public static let externalAddress = OwnFields(rawValue: 1 << 4)
    /// Of responses, as the next.
    public static let serviceTime = OwnFields(rawValue: 1 << 5)
    public static let date = OwnFields(rawValue: 1 << 6)

    private static let names: [(name: StaticString, field: OwnFields)] = [
        ("x-forwarded-for", .forwardedFor),
        ("x-forwarded-proto", .forwardedProto),
        ("x-request-id", .requestID),
        ("x-forwarded-client-cert", .clientCertificate),
        ("x-envoy-external-address", .externalAddress),
        ("x-envoy-upstream-service-time", .serviceTime),
        ("date", .date),
    ]

    /// Empty for every other name. - Parameter name: in any case.
    init(named name: [UInt8]) {
        let lowered = String(decoding: name, as: UTF8.self).lowercased()
        self = Self.names.first { lowered == "\($0.name)" }?.field ?? []
    }
}

extension HeaderMutations.Operations {
    /// Those it sets or removes; but a date that is removed is written anew, as by Envoy.
    var ownFields: OwnFields {
        var fields = OwnFields()
        for name in remove { fields.formUnion(OwnFields(named: name)) }
        fields.remove(.date)
        for value in set { fields.formUnion(OwnFields(named: value.name)) }
        return fields
    }
}
