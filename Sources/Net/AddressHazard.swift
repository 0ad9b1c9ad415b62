// Addresses that a name from outside must not lead to: this machine itself, its link, and the
// services by which clouds tell a machine its secrets.
// Whoever decides what a name resolves to would otherwise decide what of the inside is called (DNS
// rebinding), so each spelling of such an address counts as the address.

/// Why an address is not dialled for a name that somebody else answers for.
public enum AddressHazard: Sendable, Hashable, CaseIterable {
    /// 0.0.0.0/8, ::; connecting there reaches this machine (RFC 1122 section 3.2.1.3).
    case unspecified
    /// 127.0.0.0/8, ::1
    case loopback
    /// 169.254.0.0/16, fe80::/10: neighbours, and most clouds' metadata.
    case linkLocal
    /// Metadata and platform services at other addresses.
    case metadata
    /// 224.0.0.0/4, ff00::/8
    case multicast
    /// 240.0.0.0/4 with the broadcast address: routed nowhere (RFC 1112 section 4), and the
    /// automatic addresses of a mesh are among them.
    case reserved
    /// A socket's path is no address of a name.
    case path

    /// As in `127.0.0.1 is a loopback address`.
    public var text: String {
        switch self {
        case .unspecified: "an unspecified address"
        case .loopback: "a loopback address"
        case .linkLocal: "a link-local address"
        case .metadata: "a metadata address"
        case .multicast: "a multicast address"
        case .reserved: "a reserved address"
        case .path: "a unix socket"
        }
    }
}

extension SocketAddress {
    /// nil for addresses that anybody may be.
    public var hazard: AddressHazard? {
        switch self {
        case .v4(let bits, _): Self.hazard(ofV4: bits)
        case .v6(let high, let low, _): Self.hazard(ofV6: high, low)
        case .unix: .path
        }
    }

    private static func hazard(ofV4 bits: UInt32) -> AddressHazard? {
        switch bits >> 24 {
        case 0: return .unspecified
        case 127: return .loopback
        case 224...239: return .multicast
        case 240...255: return .reserved
        default: break
        }
        if bits >> 16 == 0xa9fe { return .linkLocal }
        return metadataV4.contains(bits) ? .metadata : nil
    }

    /// Alibaba 100.100.100.200, Azure 168.63.129.16, Oracle 192.0.0.192.
    private static let metadataV4: [UInt32] = [0x6464_64c8, 0xa83f_8110, 0xc000_00c0]

    private static func hazard(ofV6 high: UInt64, _ low: UInt64) -> AddressHazard? {
        if high == 0, low == 0 { return .unspecified }
        if high == 0, low == 1 { return .loopback }
        if high >> 54 == 0xfe80 >> 6 { return .linkLocal }
        if high >> 56 == 0xff { return .multicast }
        // AWS fd00:ec2::254 and, by which EKS gives out credentials, fd00:ec2::23;
        // Google fd20:ce::254.
        switch (high, low) {
        case (0xfd00_0ec2_0000_0000, 0x254), (0xfd00_0ec2_0000_0000, 0x23),
            (0xfd20_00ce_0000_0000, 0x254):
            return .metadata
        default: break
        }
        for bits in v4Addresses(withinV6: high, low) {
            if let hazard = hazard(ofV4: bits) { return hazard }
        }
        return nil
    }

    /// The IPv4 addresses that an IPv6 address leads to where it is one of the forms that carry
    /// some; none for any other.
    private static func v4Addresses(withinV6 high: UInt64, _ low: UInt64) -> [UInt32] {
        let last = UInt32(truncatingIfNeeded: low)
        if high == 0 {
            switch low >> 32 {
            // IPv4-mapped and the older IPv4-compatible form (RFC 4291 section 2.5.5), and
            // IPv4-translated (RFC 2765 section 2.1).
            case 0xffff, 0, 0xffff_0000: return [last]
            default: return []
            }
        }
        switch high >> 32 {
        // Teredo (RFC 4380 section 4): the server, and the client turned over.
        case 0x2001_0000: return [UInt32(truncatingIfNeeded: high), ~last]
        case 0x0064_ff9b:
            // NAT64 (RFC 6052 section 2.1).
            if UInt32(truncatingIfNeeded: high) == 0, low >> 32 == 0 { return [last] }
            // A network's own NAT64 (RFC 8215), whose prefix may have any of RFC 6052's lengths.
            return high >> 16 & 0xffff == 1 ? localTranslations(high, low) : []
        default: break
        }
        // 6to4 (RFC 3056 section 2).
        if high >> 48 == 0x2002 { return [UInt32(truncatingIfNeeded: high >> 16)] }
        return []
    }

    /// RFC 6052 section 2.2 with prefixes of 48, 56, 64 and 96 bits; bits 64 to 71 are left out.
    /// Read by a length that is not the network's an address begins with zeros, and means nothing.
    private static func localTranslations(_ high: UInt64, _ low: UInt64) -> [UInt32] {
        [
            UInt32(truncatingIfNeeded: high << 16 | low >> 40 & 0xffff),
            UInt32(truncatingIfNeeded: high << 24 | low >> 32 & 0xff_ffff),
            UInt32(truncatingIfNeeded: low >> 24),
            UInt32(truncatingIfNeeded: low),
        ].filter { $0 >> 24 != 0 }
    }
}
