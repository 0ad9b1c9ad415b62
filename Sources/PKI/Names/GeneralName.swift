// One subject alternative name (RFC 5280 section 4.2.1.6).

public enum GeneralName: Sendable, Hashable {
    case dns(String)
    case uri(String)
    /// 4 or 16 bytes.
    case address([UInt8])
    case email(String)
    /// A kind that is neither made nor judged here, by its tag.
    case other(tag: Int)

    /// The name's DER, tagged as in the standard's module.
    var der: [UInt8]? {
        switch self {
        case .email(let text): DER.value(tag: DER.implicitTag(1), Array(text.utf8))
        case .dns(let text): DER.value(tag: DER.implicitTag(2), Array(text.utf8))
        case .uri(let text): DER.value(tag: DER.implicitTag(6), Array(text.utf8))
        case .address(let bytes): DER.value(tag: DER.implicitTag(7), bytes)
        case .other: nil
        }
    }
}

extension GeneralName: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dns(let text): "DNS:\(text)"
        case .uri(let text): "URI:\(text)"
        case .address(let bytes): "IP:\(IPAddress.text(bytes))"
        case .email(let text): "email:\(text)"
        case .other(let tag): "other name (tag \(tag))"
        }
    }
}
