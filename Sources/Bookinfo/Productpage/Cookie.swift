// The one cookie of the application (RFC 6265).
// It is read and written here alone, so that what it may hold is decided once.
import HTTP

enum Cookie {
    static let name = "session"

    /// The session's name in a request, if it looks like one.
    static func session(in request: ServerRequest) -> String? {
        for field in request.fields where field.name.lowercased() == "cookie" {
            for pair in field.value.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                guard trimmed.hasPrefix(name + "=") else { continue }
                return String(trimmed.dropFirst(name.utf8.count + 1))
            }
        }
        return nil
    }

    /// Scripts cannot read it, and other sites' forms do not send it.
    static func setting(_ session: String) -> HTTPField {
        HTTPField("set-cookie", "\(name)=\(session); Path=/; HttpOnly; SameSite=Lax")
    }

    static var clearing: HTTPField {
        HTTPField(
            "set-cookie", "\(name)=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
    }
}
