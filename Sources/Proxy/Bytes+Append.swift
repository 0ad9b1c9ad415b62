// Appending views and addresses to the byte arrays that log lines are made in.
import Net

extension [UInt8] {
    mutating func append(_ view: ByteView) {
        for index in 0..<view.count { append(view[index]) }
    }

    mutating func append(_ literal: StaticString) {
        append(ByteView(literal))
    }

    mutating func append(_ address: SocketAddress) {
        var buffer = Buffer()
        buffer.append(address)
        append(buffer.readable)
    }

    mutating func append(host address: SocketAddress) {
        var buffer = Buffer()
        buffer.append(host: address)
        append(buffer.readable)
    }
}
