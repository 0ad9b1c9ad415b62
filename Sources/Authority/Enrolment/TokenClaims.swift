// Reads the claims of a token: one flat object of texts and whole numbers.
// A general JSON parser would take more than tokens are made of, and every bit of that would have
// to be refused afterwards.

enum TokenClaims {
    enum Value: Equatable {
        case text(String)
        case number(Int64)
    }

    /// nil for anything but `{"name":"text","name":123}` without blanks, escapes and repetitions.
    static func parse(_ json: [UInt8]) -> [String: Value]? {
        guard json.first == UInt8(ascii: "{"), json.last == UInt8(ascii: "}"), json.count > 2 else {
            return nil
        }
        var values: [String: Value] = [:]
        var rest = json.dropFirst().dropLast()
        while true {
            guard let name = takeText(&rest), take(UInt8(ascii: ":"), from: &rest),
                values[name] == nil
            else { return nil }
            if let text = takeText(&rest) {
                values[name] = .text(text)
            } else {
                let digits = rest.prefix { (0x30...0x39).contains($0) }
                guard let number = Int64(String(decoding: digits, as: UTF8.self)) else {
                    return nil
                }
                values[name] = .number(number)
                rest = rest.dropFirst(digits.count)
            }
            if rest.isEmpty { return values }
            guard take(UInt8(ascii: ","), from: &rest) else { return nil }
        }
    }

    private static func take(_ byte: UInt8, from rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func takeText(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        let body = rest.dropFirst().prefix {
            $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 && $0 < 0x7F
        }
        guard rest.dropFirst(body.count + 1).first == UInt8(ascii: "\"") else { return nil }
        rest = rest.dropFirst(body.count + 2)
        return String(decoding: body, as: UTF8.self)
    }
}
