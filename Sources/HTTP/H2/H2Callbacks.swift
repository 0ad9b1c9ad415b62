// nghttp2's callbacks, each leading back to the session or stream object behind its user data.
// This is a C seam: nothing here decides anything.
internal import CNGHTTP2
import Net

enum H2Callbacks {
    /// Made once; never freed.
    @safe
    final class Table: @unchecked Sendable {
        let pointer: OpaquePointer?

        init() {
            var callbacks: OpaquePointer?
            unsafe nghttp2_session_callbacks_new(&callbacks)
            unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(
                callbacks, H2Callbacks.beginHeaders)
            unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, H2Callbacks.header)
            unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(
                callbacks, H2Callbacks.frame)
            unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
                callbacks, H2Callbacks.data)
            unsafe nghttp2_session_callbacks_set_on_stream_close_callback(
                callbacks, H2Callbacks.streamClosed)
            unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(
                callbacks, H2Callbacks.frameNotSent)
            unsafe pointer = callbacks
        }
    }

    static let table = Table()

    private static func session(_ context: UnsafeMutableRawPointer?) -> H2Session? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<H2Session>.fromOpaque(context).takeUnretainedValue()
    }

    static let beginHeaders: nghttp2_on_begin_headers_callback = { session, frame, context in
        guard let frame = unsafe frame, let owner = unsafe H2Callbacks.session(context) else {
            return 0
        }
        let id = unsafe frame.pointee.hd.stream_id
        defer { if let stream = owner.stream(id) { owner.headBegan(stream) } }
        if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST, owner.role == .server {
            owner.adopt(owner.makeStream(id: id))
        } else if let stream = owner.stream(id) {
            // A second block is trailers on a server; on a client the response, after 1xx again.
            stream.isTrailerBlock = owner.role == .server || stream.gotFinalHead
            stream.fieldBlockBytes = 0
            stream.fieldCount = 0
        }
        return 0
    }

    static let header: nghttp2_on_header_callback = {
        session, frame, name, nameLength, value, valueLength, _, context in
        guard let frame = unsafe frame, let owner = unsafe H2Callbacks.session(context),
            let name = unsafe name, let value = unsafe value,
            let stream = unsafe owner.stream(frame.pointee.hd.stream_id)
        else { return 0 }
        stream.fieldBlockBytes += nameLength + valueLength + 32
        stream.fieldCount += 1
        guard stream.fieldBlockBytes <= owner.limits.fieldBlockBytesMax,
            stream.fieldCount <= owner.limits.fieldsMax
        else {
            if !stream.isTooLarge {
                stream.isTooLarge = true
                stream.headTooLarge()
            }
            return 0
        }
        let nameView = unsafe ByteView(start: UnsafeRawPointer(name), count: nameLength)
        let valueView = unsafe ByteView(start: UnsafeRawPointer(value), count: valueLength)
        if stream.isTrailerBlock {
            stream.receivedTrailer(name: nameView, value: valueView)
            return 0
        }
        return stream.received(name: nameView, value: valueView)
            ? 0 : Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }

    static let frame: nghttp2_on_frame_recv_callback = { session, frame, context in
        guard let frame = unsafe frame, let owner = unsafe H2Callbacks.session(context) else {
            return 0
        }
        let header = unsafe frame.pointee.hd
        let ends = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        let type = nghttp2_frame_type(UInt32(header.type))
        switch type {
        case NGHTTP2_HEADERS:
            owner.noteUsefulFrame()
            owner.headEnded()
            guard let stream = owner.stream(header.stream_id) else { return 0 }
            stream.movedMs = owner.nowMs
            if !stream.isTrailerBlock, !stream.isTooLarge { stream.receivedHead(ends: ends) }
            if ends, stream.isTrailerBlock { stream.receivedEnd() }
        case NGHTTP2_DATA:
            if header.length == 0, !ends { owner.noteIdleFrame() } else { owner.noteUsefulFrame() }
            guard ends, let stream = owner.stream(header.stream_id) else { return 0 }
            stream.receivedEnd()
        case NGHTTP2_RST_STREAM:
            owner.noteIdleFrame()
            owner.stream(header.stream_id)?.wasResetByPeer = true
        case NGHTTP2_PING where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
            owner.notePingAnswer()
        case NGHTTP2_WINDOW_UPDATE: owner.noteWindowUpdate()
        case NGHTTP2_GOAWAY: owner.notePeerGoingAway()
        default: owner.noteIdleFrame()
        }
        return 0
    }

    static let data: nghttp2_on_data_chunk_recv_callback = {
        session, _, id, bytes, count, context in
        guard let bytes = unsafe bytes, let owner = unsafe H2Callbacks.session(context),
            let stream = owner.stream(id)
        else { return 0 }
        stream.movedMs = owner.nowMs
        stream.unconsumedBytes += count
        unsafe stream.received(body: ByteView(start: UnsafeRawPointer(bytes), count: count))
        return 0
    }

    static let streamClosed: nghttp2_on_stream_close_callback = { session, id, code, context in
        guard let owner = unsafe H2Callbacks.session(context),
            let stream = owner.stream(id), !stream.isClosed
        else { return 0 }
        stream.isClosed = true
        owner.forget(stream)
        // What was received and never read must not hold the connection's window down.
        if stream.unconsumedBytes > 0 { owner.consume(stream.unconsumedBytes, of: stream) }
        stream.closed(code: code)
        return 0
    }

    static let frameNotSent: nghttp2_on_frame_not_send_callback = { _, frame, _, context in
        guard let frame = unsafe frame, let owner = unsafe H2Callbacks.session(context) else {
            return 0
        }
        let header = unsafe frame.pointee.hd
        guard nghttp2_frame_type(UInt32(header.type)) == NGHTTP2_HEADERS else { return 0 }
        owner.stream(header.stream_id)?.wasNeverSent = true
        return 0
    }

    /// nghttp2 asks for body bytes when flow control allows some.
    static let readBody: nghttp2_data_source_read_callback = {
        session, id, target, limit, flags, _, context in
        guard let owner = unsafe H2Callbacks.session(context), let target = unsafe target,
            let flags = unsafe flags, let stream = owner.stream(id)
        else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        let waiting = stream.outgoing.count
        if waiting == 0, !stream.outputEnded {
            stream.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        owner.noteDataSent(on: stream)
        let count = min(waiting, limit)
        if count > 0 { unsafe stream.outgoing.move(count, to: UnsafeMutableRawPointer(target)) }
        if stream.outgoing.isEmpty, stream.outputEnded {
            unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if !stream.trailers.isEmpty {
                unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
                let fields = FieldArray()
                fields.append(lines: &stream.trailers)
                _ = unsafe fields.withPointer {
                    unsafe nghttp2_submit_trailer(session, id, $0, $1)
                }
            }
            owner.noteOutputIsOut(stream)
        }
        if waiting > owner.limits.lowWaterBytes, stream.outgoing.count <= owner.limits.lowWaterBytes
        {
            owner.noteRoom(stream)
        }
        return count
    }
}
