// The fields of a request as route matching asks for them: by lower-case name, repeated ones
// joined.
import HTTP
import Mesh
import Net

struct RequestFields: HeaderSource {
    let head: RequestHead

    func withValue<R>(of name: [UInt8], _ body: (borrowing Span<UInt8>?) -> R) -> R {
        name.withView { name in
            var found: HeaderField?
            var joined: [UInt8]?
            for field in head.fields where head.field(field, isCalled: name) {
                if let first = found {
                    // RFC 9110 section 5.3: several field lines are one value, in order.
                    if joined == nil { joined = head.value(first).array }
                    joined?.append(0x2c)
                    joined?.append(contentsOf: head.value(field).array)
                } else {
                    found = field
                }
            }
            if let joined {
                return body(joined.span)
            }
            guard let found else { return body(nil) }
            let value = head.value(found)
            return body(value.span)
        }
    }
}
