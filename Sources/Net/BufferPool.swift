// Blocks of one size that a loop hands out and takes back, so that the steady state allocates
// nothing and an idle connection holds nothing.

/// Belongs to one loop; not shared between threads.
@safe
public final class BufferPool {
    /// bytes per block
    public static let blockBytes = 16 * 1024
    /// More free blocks than this go back to the system: 1 MiB a loop.
    public static let freeBlocksMax = 64

    private var free: ContiguousArray<UnsafeMutableRawPointer> = unsafe []

    public init() {
        unsafe free.reserveCapacity(Self.freeBlocksMax)
    }

    deinit {
        while let block = unsafe free.popLast() { unsafe block.deallocate() }
    }

    public var freeCount: Int { unsafe free.count }

    /// An empty buffer of `blockBytes`.
    public func take() -> Buffer {
        if let block = unsafe free.popLast() {
            return unsafe Buffer(adopting: block, capacity: Self.blockBytes)
        }
        return Buffer(capacity: Self.blockBytes)
    }

    /// Takes the buffer's memory back. One that has grown is freed instead.
    public func give(_ buffer: consuming Buffer) {
        guard unsafe buffer.capacity == Self.blockBytes && free.count < Self.freeBlocksMax,
            let block = unsafe buffer.base
        else { return }
        unsafe buffer.base = nil
        unsafe free.append(block)
    }
}
