// Which listener has a redirected connection, by where it was meant to go.
// One address first, then the smallest block, then the port alone, then the rest: Envoy's order.
// Made anew for every snapshot; listeners themselves are made when the first connection asks.
import Mesh
import Net

struct CaptureTable {
    private struct Destination: Hashable {
        let high: UInt64
        let low: UInt64
        let port: UInt16
    }

    private struct Block {
        let block: AddressBlock
        let spec: ListenerSpec
    }

    private struct Way {
        var exact: [Destination: ListenerSpec] = [:]
        /// By port, the smallest first.
        var blocks: [UInt16: [Block]] = [:]
        var ports: [UInt16: ListenerSpec] = [:]
        var rest: ListenerSpec?
    }

    private var outbound = Way()
    private var inbound = Way()

    /// nil where nothing is captured.
    init?(_ listeners: [ListenerSpec]) {
        var isEmpty = true
        for spec in listeners {
            guard case .captured(let blocks) = spec.reach else { continue }
            isEmpty = false
            if spec.direction == .inbound {
                Self.add(spec, blocks, to: &inbound)
            } else {
                Self.add(spec, blocks, to: &outbound)
            }
        }
        if isEmpty { return nil }
    }

    private static func add(
        _ spec: ListenerSpec, _ blocks: [AddressBlock], to way: inout Way
    ) {
        let port = spec.declaredPort
        if blocks.isEmpty {
            if port == 0 {
                way.rest = way.rest ?? spec
            } else if way.ports[port] == nil {
                way.ports[port] = spec
            }
            return
        }
        for block in blocks {
            if block.isOneAddress {
                let key = Destination(high: block.high, low: block.low, port: port)
                if way.exact[key] == nil { way.exact[key] = spec }
            } else {
                way.blocks[port, default: []].append(Block(block: block, spec: spec))
                way.blocks[port]?.sort { $0.block.length > $1.block.length }
            }
        }
    }

    /// nil where the gate has nobody behind it.
    func listener(for address: SocketAddress, _ direction: ListenerSpec.Direction)
        -> ListenerSpec?
    {
        direction == .inbound ? Self.find(address, inbound) : Self.find(address, outbound)
    }

    private static func find(_ address: SocketAddress, _ way: Way) -> ListenerSpec? {
        guard let (high, low) = address.bits else { return nil }
        let port = address.port
        if let spec = way.exact[Destination(high: high, low: low, port: port)] { return spec }
        if let blocks = way.blocks[port],
            let found = blocks.first(where: { $0.block.contains(high, low) })
        {
            return found.spec
        }
        return way.ports[port] ?? way.rest
    }
}

extension Worker {
    /// The listener behind `gate` for a connection meant for `address`.
    func captured(to address: SocketAddress, by gate: Listener) -> Listener? {
        guard let spec = capture?.listener(for: address, gate.direction) else { return nil }
        if let listener = listeners[spec.name] { return listener }
        let listener = Listener(spec, descriptor: -1, worker: self)
        listeners[spec.name] = listener
        return listener
    }
}
