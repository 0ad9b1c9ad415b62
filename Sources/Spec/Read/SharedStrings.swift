// Hands out one String for texts that come again: hosts, subsets, label keys, gateways.
// Ten thousand VirtualServices name the same gateway and the same few services; without this each
// mention of a long name is an allocation of its own that lives as long as the configuration.

/// A small memory of texts, to be passed from file to file. Used by one thread.
public final class SharedStrings {
    /// Direct-mapped: a text has one slot, and a newcomer takes it.
    private var slots: [String] = []
    private static let slotCount = 1024

    public init() {}

    /// The text as a String; the same one as last time, most of the time.
    func string(_ bytes: ArraySlice<UInt8>) -> String {
        // Up to 15 bytes live inside the String itself.
        guard bytes.count > 15 else { return String(decoding: bytes, as: UTF8.self) }
        if slots.isEmpty { slots = Array(repeating: "", count: Self.slotCount) }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let slot = Int((hash ^ hash >> 32) % UInt64(Self.slotCount))
        if slots[slot].utf8.count == bytes.count, slots[slot].utf8.elementsEqual(bytes) {
            return slots[slot]
        }
        let string = String(decoding: bytes, as: UTF8.self)
        slots[slot] = string
        return string
    }
}
