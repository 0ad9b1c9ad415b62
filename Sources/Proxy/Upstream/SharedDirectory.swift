// What the workers of a process share about things of a name: found when a configuration is
// adopted, let go when the last worker has left it. The lock is taken then and never for a request.
import Synchronization

final class SharedDirectory<Key: Hashable & Sendable, Item: Sendable>: Sendable {
    private struct Entry {
        let item: Item
        var users: Int
    }

    private let entries = Mutex<[Key: Entry]>([:])

    /// The item of that name, made by whoever comes first. Each `enter` asks for one `leave`.
    func enter(_ key: Key, make: () -> Item) -> Item {
        entries.withLock { entries in
            if let known = entries[key] {
                entries[key]?.users += 1
                return known.item
            }
            let item = make()
            entries[key] = Entry(item: item, users: 1)
            return item
        }
    }

    /// Nil where nobody has entered it.
    subscript(key: Key) -> Item? { entries.withLock { $0[key]?.item } }

    /// True when nobody is left.
    @discardableResult
    func leave(_ key: Key) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[key] else { return false }
            if entry.users > 1 {
                entries[key]?.users -= 1
                return false
            }
            entries[key] = nil
            return true
        }
    }

    var count: Int { entries.withLock { $0.count } }
}
