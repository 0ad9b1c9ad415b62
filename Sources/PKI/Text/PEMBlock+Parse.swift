// Reads every block of a PEM text.
// Blocks with labels unknown here are stepped over; what is inside a known one must be exact.

extension PEMBlock {
    /// All blocks whose label is known, in order.
    ///
    /// - Throws: `.malformed` with the line where a block is not closed or not base64.
    public static func parse(_ text: [UInt8]) throws(PKIError) -> [PEMBlock] {
        var blocks: [PEMBlock] = []
        var open: (name: String, label: PEMLabel?, line: Int)?
        var encoded: [UInt8] = []
        var hasHeaders = false
        var number = 0
        for raw in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = trimmed(raw)
            if let name = boundary(line, "-----BEGIN ") {
                if let open {
                    throw .malformed(
                        open.label ?? .certificate,
                        reason: "the block begun at line \(open.line) is not ended before "
                            + "line \(number)")
                }
                open = (name, PEMLabel(rawValue: name), number)
                encoded.removeAll(keepingCapacity: true)
                hasHeaders = false
            } else if let name = boundary(line, "-----END ") {
                guard let begun = open, begun.name == name else {
                    throw .malformed(
                        PEMLabel(rawValue: name) ?? .certificate,
                        reason: "line \(number) ends a block that was not begun")
                }
                open = nil
                guard let label = begun.label else { continue }
                guard let der = Base64.decode(encoded), !der.isEmpty else {
                    throw .malformed(
                        label, reason: "the block begun at line \(begun.line) is not base64")
                }
                blocks.append(PEMBlock(label, der: der, isLegacyEncrypted: hasHeaders))
            } else if open != nil {
                // RFC 1421 headers stand before the base64 and contain a colon, which it cannot.
                if line.contains(UInt8(ascii: ":")) {
                    hasHeaders = true
                } else {
                    encoded += line
                }
            }
        }
        if let open {
            throw .malformed(
                open.label ?? .certificate,
                reason: "the block begun at line \(open.line) has no END line")
        }
        return blocks
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        let blanks: [UInt8] = [0x20, 0x09, 0x0D]
        while let last = line.last, blanks.contains(last) { line.removeLast() }
        while let first = line.first, blanks.contains(first) { line.removeFirst() }
        return line
    }

    private static func boundary(_ line: ArraySlice<UInt8>, _ start: String) -> String? {
        guard line.starts(with: start.utf8), line.count >= start.utf8.count + 5,
            line.suffix(5).elementsEqual("-----".utf8)
        else { return nil }
        return String(decoding: line.dropFirst(start.utf8.count).dropLast(5), as: UTF8.self)
    }
}
