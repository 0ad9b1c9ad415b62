// A message head: its bytes, and the table of fields that points into them.
// The bytes stay as the peer sent them, so that fields are passed on with their case and in runs.
public import Net

/// Reused from message to message; belongs to one loop.
open class Head {
    /// The head's own copy of its bytes, from the first byte of the start line to the empty line.
    public final var bytes = Buffer()
    public final var fields: ContiguousArray<HeaderField> = []
    /// Bytes from the start of the head to the first field line.
    public final var fieldsStart: UInt32 = 0
    /// All bytes of the head with its empty line.
    public final var length = 0
    public init() {
        fields.reserveCapacity(24)
    }

    /// Forgets the message; memory is kept for the next one unless it has grown large.
    open func reset() {
        if bytes.allocatedBytes > 8192 { bytes = Buffer() } else { bytes.removeAll() }
        fields.removeAll(keepingCapacity: true)
        fieldsStart = 0
        length = 0
    }

    @inline(__always)
    public final func name(_ field: HeaderField) -> ByteView {
        bytes.readable.slice(Int(field.nameStart), Int(field.nameLength))
    }

    @inline(__always)
    public final func value(_ field: HeaderField) -> ByteView {
        bytes.readable.slice(Int(field.valueStart), Int(field.valueLength))
    }

    /// The first field with this id, or -1.
    public final func index(of id: HeaderID) -> Int {
        var index = 0
        while index < fields.count {
            if fields[index].id == id { return index }
            index += 1
        }
        return -1
    }

    /// The value of the first field with this id.
    public final func value(of id: HeaderID) -> ByteView? {
        let found = index(of: id)
        return found < 0 ? nil : value(fields[found])
    }

    /// Whether `field` is called `name`, given in lower case.
    public final func field(_ field: HeaderField, isCalled name: ByteView) -> Bool {
        Int(field.nameLength) == name.count && self.name(field).equalsIgnoringCase(name)
    }

    /// The value of the first field called `name`, given in lower case.
    public final func value(named name: ByteView) -> ByteView? {
        for field in fields where self.field(field, isCalled: name) { return value(field) }
        return nil
    }

    /// Marks every field called `name` (lower case) as not to be passed on. The two that say where
    /// the body ends stay whoever asks: without them its bytes would be read as a message.
    public final func drop(named name: ByteView) {
        for index in fields.indices where field(fields[index], isCalled: name) {
            switch fields[index].id {
            case .contentLength, .transferEncoding: continue
            default: fields[index].isDropped = true
            }
        }
    }

    /// Appends the field lines that are passed on, in runs as long as they come.
    public final func appendKeptFields(to out: inout Buffer) {
        let all = bytes.readable
        var runStart = -1
        var runEnd = 0
        for field in fields {
            if field.isDropped {
                if runStart >= 0 { out.append(all.slice(runStart, runEnd - runStart)) }
                runStart = -1
            } else {
                if runStart < 0 { runStart = Int(field.nameStart) }
                runEnd = Int(field.lineEnd)
            }
        }
        if runStart >= 0 { out.append(all.slice(runStart, runEnd - runStart)) }
    }
}
