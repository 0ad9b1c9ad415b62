// The names in a certificate, told apart by kind: a name of one kind never stands for another.
internal import COpenSSL
internal import Net

extension PeerFacts {
    /// Everything of the subjectAltName, and nothing else yet.
    @unsafe
    init(namesOf certificate: OpaquePointer) {
        self.init()
        guard let names = unsafe isthmus_alternative_names(certificate) else { return }
        defer { unsafe isthmus_names_free(names) }
        for index in 0..<(unsafe isthmus_names_count(names)) {
            var bytes: UnsafePointer<UInt8>?
            var count = unsafe isthmus_name_text(names, index, &bytes)
            if count > 0, let bytes = unsafe bytes {
                let text = unsafe ByteView(start: UnsafeRawPointer(bytes), count: Int(count)).string
                alternativeNames.append(text)
                if unsafe isthmus_name_is_uri(names, index) == 1 { uris.append(text) }
                continue
            }
            count = unsafe isthmus_name_address(names, index, &bytes)
            if count > 0, let bytes = unsafe bytes,
                let text = unsafe PeerFacts.address(
                    ByteView(start: UnsafeRawPointer(bytes), count: Int(count)))
            {
                alternativeNames.append(text)
                addresses.append(text)
            }
        }
    }

    /// Network bytes as text; nil for a length that no address has.
    private static func address(_ bytes: ByteView) -> String? {
        func word(_ start: Int, _ count: Int) -> UInt64 {
            (start..<start + count).reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
        }
        switch bytes.count {
        case 4: return SocketAddress.v4(UInt32(word(0, 4)), port: 0).host
        case 16: return SocketAddress.v6(high: word(0, 8), low: word(8, 8), port: 0).host
        default: return nil
        }
    }

    /// An IP address, brackets allowed, in the one way of writing it that is compared (RFC 5952);
    /// nil for anything else.
    public static func canonicalAddress(_ text: String) -> String? {
        guard let address = SocketAddress(host: text, port: 0) else { return nil }
        if case .unix = address { return nil }
        return address.host
    }
}
