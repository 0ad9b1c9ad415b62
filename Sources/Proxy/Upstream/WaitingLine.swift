// Requests that wait at one endpoint, first come first served. Whoever leaves early leaves a gap
// that is skipped, so that leaving costs the same however long the line is.

struct WaitingLine {
    private var places: ContiguousArray<WaitingStream?> = []
    /// Of the first place in the array, since the line began.
    private var firstNumber = 0
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ stream: WaitingStream) {
        stream.number = firstNumber + places.count
        places.append(stream)
        count += 1
    }

    /// Whoever is next, without taking it.
    mutating func first() -> WaitingStream? {
        while head < places.count {
            if let stream = places[head] { return stream }
            head += 1
        }
        return nil
    }

    /// Takes a stream out, wherever it stands; false if it did not stand here.
    @discardableResult
    mutating func remove(_ stream: WaitingStream) -> Bool {
        let place = stream.number - firstNumber
        guard places.indices.contains(place), places[place] === stream else { return false }
        places[place] = nil
        count -= 1
        if count == 0 {
            firstNumber += places.count
            places.removeAll(keepingCapacity: places.count <= 64)
            head = 0
        } else if head > 64, head > places.count / 2 {
            places.removeFirst(head)
            firstNumber += head
            head = 0
        }
        return true
    }

    /// Everybody, in order; the line is empty then.
    mutating func removeAll() -> [WaitingStream] {
        let all = places.compactMap(\.self)
        firstNumber += places.count
        places.removeAll()
        head = 0
        count = 0
        return all
    }
}
