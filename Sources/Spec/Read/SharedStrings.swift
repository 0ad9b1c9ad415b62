// Hands out one String for texts that come again: hosts, subsets, label keys, gateways.
// Ten thousand VirtualServices name the same gateway and the same few services; without this each
// mention of a long name is an allocation of its own that lives as long as the configuration.

struct SharedStrings {
    /// Direct-mapped: a text has one slot, and a newcomer takes it.
    private var slots = [String](repeating: "", count: 1024)

    mutating func string(_ bytes: ArraySlice<UInt8>) -> String {
        // Up to 15 bytes live inside the String itself.
        guard bytes.count > 15 else { return String(decoding: bytes, as: UTF8.self) }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let slot = Int((hash ^ hash >> 32) & 1023)
        if slots[slot].utf8.count == bytes.count, slots[slot].utf8.elementsEqual(bytes) {
            return slots[slot]
        }
        let string = String(decoding: bytes, as: UTF8.self)
        slots[slot] = string
        return string
    }
}
