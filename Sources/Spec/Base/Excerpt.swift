// One line of a file made fit for a terminal, with the place of the caret worked out on the way.
// Tabs, wide characters and control characters would each put the caret under the wrong letter.

/// A line of a file as a terminal shows it, and how far in the caret goes.
struct Excerpt {
    /// Tabs are spread to blanks, control characters replaced; long lines cut around the place.
    let line: String
    /// Terminal columns before the caret; nil where the column is not known.
    let caretOffset: Int?

    private static let widthMax = 160

    /// `column` counts Unicode scalars from 1; 0 where it is not known.
    init(line: ArraySlice<UInt8>, column: Int) {
        // Only the part around the place is looked at: a line may be a whole file of JSON.
        let skipped = max(0, column - 1 - Self.widthMax)
        let start = Self.index(ofScalar: skipped, in: line)
        let end = Self.index(ofScalar: 2 * Self.widthMax, in: line[start...])
        var cells: [(text: String, width: Int)] = []
        var caretCell: Int?
        for (index, scalar) in String(decoding: line[start..<end], as: UTF8.self).unicodeScalars
            .enumerated()
        {
            if skipped + index + 1 == column { caretCell = cells.count }
            if scalar == "\t" {
                // Four columns each, wherever it stands: a caret can be put under it.
                cells.append(("    ", 4))
            } else if Self.isControl(scalar) {
                cells.append(("\u{FFFD}", 1))
            } else {
                cells.append((String(scalar), Self.width(of: scalar)))
            }
        }
        if column > 0, caretCell == nil { caretCell = cells.count }
        var first = 0
        let total = cells.reduce(0) { $0 + $1.width }
        if skipped > 0 || total > Self.widthMax, let caretCell {
            var before = 0
            first = caretCell
            while first > 0, before + cells[first - 1].width <= 60 {
                first -= 1
                before += cells[first].width
            }
        }
        var text = first > 0 || skipped > 0 ? "..." : ""
        var width = text.utf8.count
        var offset: Int?
        for index in first...cells.count {
            if index == caretCell { offset = width }
            guard index < cells.count else { break }
            if width + cells[index].width > Self.widthMax {
                text += "..."
                break
            }
            text += cells[index].text
            width += cells[index].width
        }
        self.line = text
        caretOffset = offset
    }

    private static func index(ofScalar number: Int, in bytes: ArraySlice<UInt8>) -> Int {
        var left = number
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] & 0xC0 != 0x80 {
                if left == 0 { return index }
                left -= 1
            }
            index += 1
        }
        return index
    }

    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            || (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    /// Terminal columns of a character: two for East Asian and emoji, none for what combines.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F, 0x1AB0...0x1AFF, 0x20D0...0x20FF: 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
            0x4E00...0x9FFF, 0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE4F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
            0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            2
        default: 1
        }
    }
}
