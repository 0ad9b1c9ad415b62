// Handing a descriptor over to an owner that keeps its number.

internal import Glibc

extension Descriptor {
    /// Gives the number away: whoever gets it closes it.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Another descriptor of the same open file, or -1.
    public func duplicate() -> Descriptor {
        Descriptor(fcntl(raw, F_DUPFD_CLOEXEC, 0))
    }
}
