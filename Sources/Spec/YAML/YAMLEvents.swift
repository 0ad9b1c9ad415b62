// libyaml's event parser behind a safe face: bytes in, events out, errors with their place.
// Yams' own composer builds a Swift object per node and takes 1.7 s for 7 MB of resources; the
// events of the C parser it ships take 0.13 s. This is the only file of the module that speaks C.
internal import CYaml

/// Feeds the events of `bytes` to `sink`, up to the end or the first problem.
/// `firstLine` is the line number of the first byte, from 1.
func parseYAMLEvents<Sink: YAMLEventSink>(
    of bytes: ArraySlice<UInt8>, firstLine: UInt32 = 1, into sink: inout Sink
) throws(YAMLProblem) {
    var failure: YAMLProblem?
    unsafe bytes.withUnsafeBufferPointer { buffer in
        var parser = unsafe LibYAMLParser(input: buffer, firstLine: firstLine)
        do throws(YAMLProblem) {
            while try parser.deliverNext(to: &sink) {}
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
}

/// Owns the C parser for the length of one pass over a buffer that outlives it.
@safe
private struct LibYAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeBufferPointer<UInt8>
    private let lineOffset: UInt32

    init(input: UnsafeBufferPointer<UInt8>, firstLine: UInt32) {
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        unsafe self.input = input
        lineOffset = firstLine
        unsafe yaml_parser_initialize(parser)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// False at the end of the stream.
    mutating func deliverNext<Sink: YAMLEventSink>(
        to sink: inout Sink
    ) throws(YAMLProblem) -> Bool {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) != 0 else { throw problem() }
        defer { unsafe yaml_event_delete(&event) }
        let at = unsafe position(event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT:
            return false
        case YAML_DOCUMENT_START_EVENT:
            try sink.startDocument(at: at)
        case YAML_DOCUMENT_END_EVENT:
            try sink.endDocument()
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let text = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            try sink.scalar(
                unsafe text.span, style: isPlain ? .plain : .text,
                tag: unsafe string(scalar.tag), anchor: unsafe string(scalar.anchor), at: at)
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            try sink.startMapping(
                tag: unsafe string(start.tag), anchor: unsafe string(start.anchor), at: at)
        case YAML_MAPPING_END_EVENT:
            try sink.endMapping()
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            try sink.startSequence(
                tag: unsafe string(start.tag), anchor: unsafe string(start.anchor), at: at)
        case YAML_SEQUENCE_END_EVENT:
            try sink.endSequence()
        case YAML_ALIAS_EVENT:
            try sink.alias(to: unsafe string(event.data.alias.anchor) ?? "", at: at)
        default:
            break
        }
        return true
    }

    private func position(_ mark: yaml_mark_t) -> Position {
        Position(
            line: UInt32(clamping: mark.line) &+ lineOffset,
            column: UInt32(clamping: mark.column) &+ 1)
    }

    private func string(_ text: UnsafePointer<yaml_char_t>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }

    private func problem() -> YAMLProblem {
        let text = unsafe message(parser.pointee.problem) ?? "the text is not YAML"
        switch unsafe parser.pointee.error {
        case YAML_MEMORY_ERROR:
            return YAMLProblem(position: Position(), message: "not enough memory for the file")
        case YAML_READER_ERROR:
            // The reader stops before it counts lines, so the line is found from the byte.
            var offset = unsafe min(Int(parser.pointee.problem_offset), input.count)
            // A wrong trailing byte is the fault of the character that it is the end of.
            if text.contains("trailing") {
                while offset > 0, unsafe input[offset - 1] >= 0x80 { offset -= 1 }
            }
            return YAMLProblem(position: place(ofByte: offset), message: text)
        default:
            break
        }
        var context: (String, Position)?
        if let during = unsafe message(parser.pointee.context) {
            context = unsafe (during, position(parser.pointee.context_mark))
        }
        return YAMLProblem(
            position: unsafe position(parser.pointee.problem_mark), message: text, context: context)
    }

    private func message(_ text: UnsafePointer<CChar>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }

    private func place(ofByte offset: Int) -> Position {
        var line = lineOffset
        var column: UInt32 = 1
        for index in 0..<offset {
            let byte = unsafe input[index]
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return Position(line: line, column: column)
    }
}
