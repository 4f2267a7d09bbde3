package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.IntObjectHashMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One end of an HTTP/2 connection, of either role: settings, streams, flow control, and the end. It sees bytes only, so
 * whoever owns the channel feeds it. Owned by its connection's event loop.
 *
 * <pre>
 * preface -> settings -> open -> draining (GOAWAY, streams go on) -> closed
 *                any  -> closed                                      a connection error, either way
 * </pre>
 */
public abstract class Endpoint implements FrameReader.Listener {

    private final boolean server;
    private final Http2Limits limits;
    private final Output output;
    private final FrameReader reader;
    private final FrameWriter writer;
    private final HpackDecoder decoder;
    private final HpackEncoder encoder;
    private final FloodGuard flood;
    private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>();
    private final SendLine line;
    private final RecentResets resets = new RecentResets();
    private final PeerSettings peer;
    private @Nullable ByteBuf held;
    private int lastPeerStream;
    private int nextStream = 1;
    private int receiveWindow;
    private int unacknowledged;
    private boolean goingAway;
    private boolean peerGoingAway;
    private boolean closed;

    /** Neither side is heard before {@link #begin}, so it does no harm that the reader knows us already. */
    @SuppressWarnings("this-escape")
    protected Endpoint(boolean server, Http2Limits limits, Output output) {
        this.server = server;
        this.limits = limits;
        this.output = output;
        reader = new FrameReader(this, limits, server);
        writer = new FrameWriter(output);
        decoder = new HpackDecoder(limits.tableSize(), limits.headerBytes(), limits.headers() + 8);
        encoder = new HpackEncoder(limits.tableSize());
        flood = new FloodGuard(limits);
        line = new SendLine(output);
        peer = new PeerSettings(server);
        receiveWindow = Math.max(SendLine.DEFAULT_WINDOW, limits.connectionWindow());
    }

    /** Says hello. */
    public final void begin() {
        if (!server) {
            writer.bytes(FrameReader.PREFACE);
        }
        // RFC 8441 3: who serves allows extended CONNECT; who asks wants no push (RFC 9113 6.5.2).
        int[] all = {
            PeerSettings.TABLE_SIZE,
            limits.tableSize(),
            PeerSettings.MAX_STREAMS,
            limits.streams(),
            PeerSettings.INITIAL_WINDOW,
            limits.streamWindow(),
            PeerSettings.MAX_HEADER_LIST,
            limits.headerBytes(),
            server ? PeerSettings.ENABLE_CONNECT : PeerSettings.ENABLE_PUSH,
            server ? 1 : 0
        };
        writer.settings(all);
        if (receiveWindow > SendLine.DEFAULT_WINDOW) {
            writer.windowUpdate(0, receiveWindow - SendLine.DEFAULT_WINDOW);
        }
    }

    // ---- for streams

    final Http2Limits limits() {
        return limits;
    }

    final Output output() {
        return output;
    }

    final FrameWriter writer() {
        return writer;
    }

    public final HpackEncoder encoder() {
        return encoder;
    }

    final SendLine line() {
        return line;
    }

    final void sent(int bytes) {
        line.sent(bytes);
        flood.useful();
    }

    final void consumed(int bytes) {
        if (server) {
            credit(bytes);
        }
    }

    private void credit(int bytes) {
        unacknowledged += bytes;
        if (unacknowledged >= limits.connectionWindow() / 2) {
            receiveWindow += unacknowledged;
            writer.windowUpdate(0, unacknowledged);
            unacknowledged = 0;
        }
    }

    final void resetSent(int stream) {
        resets.add(stream);
    }

    final void closed(Http2Stream stream) {
        streams.remove(stream.id());
        if (!closed) {
            streamClosed();
        }
    }

    // ---- for the owner of the channel

    /** Takes bytes, which it then owns. */
    public final void receive(ByteBuf bytes) {
        if (closed) {
            bytes.release();
            return;
        }
        ByteBuf in = join(bytes);
        held = null;
        try {
            while (!closed && frame(in)) {}
            line.advance();
        } catch (Fault fault) {
            fail(fault);
        }
        if (!closed && in.isReadable()) {
            held = in;
        } else {
            in.release();
        }
    }

    private ByteBuf join(ByteBuf bytes) {
        ByteBuf before = held;
        if (before == null) {
            return bytes;
        }
        int size = before.readableBytes() + bytes.readableBytes();
        ByteBuf joined = output.allocator().directBuffer(size);
        joined.writeBytes(before).writeBytes(bytes);
        before.release();
        bytes.release();
        return joined;
    }

    private boolean frame(ByteBuf in) throws Fault {
        try {
            return reader.read(in);
        } catch (Fault fault) {
            if (fault.stream() == 0) {
                throw fault;
            }
            streamFault(fault);
            return true;
        }
    }

    private void streamFault(Fault fault) throws Fault {
        flood.reset();
        Http2Stream stream = streams.get(fault.stream());
        if (stream == null) {
            writer.reset(fault.stream(), fault.code());
            resetSent(fault.stream());
        } else {
            stream.reset(fault.code());
            stream.gone(fault.code());
        }
    }

    /** Sends what was written. */
    public final void flush() {
        writer.flush();
    }

    /** The output takes bytes again. */
    public final void writableAgain() {
        line.advance();
        for (Http2Stream stream : all()) {
            stream.again();
        }
        flush();
    }

    private void fail(Fault fault) {
        failed(fault);
        end(fault.code(), String.valueOf(fault.getMessage()));
    }

    /** Ends the connection with GOAWAY; streams that are open end with it. */
    public final void end(int code, String why) {
        if (closed) {
            return;
        }
        writer.goAway(lastPeerStream, code, why.getBytes(StandardCharsets.US_ASCII));
        writer.flush();
        gone();
        output.close();
    }

    /** The connection is no more. */
    public final void gone() {
        if (closed) {
            return;
        }
        closed = true;
        ByteBuf bytes = held;
        held = null;
        if (bytes != null) {
            bytes.release();
        }
        for (Http2Stream stream : all()) {
            stream.end(ErrorCode.CANCEL);
        }
        writer.release();
    }

    /** Tells the peer to open no more streams; until {@code refuse}, such as it opened before it read this are served. */
    public final void goAway(boolean refuse) {
        if (!goingAway && !closed) {
            goingAway = refuse;
            writer.goAway(refuse ? lastPeerStream : Integer.MAX_VALUE, ErrorCode.NO_ERROR, new byte[0]);
            writer.flush();
        }
    }

    /** Whether no new stream can be opened: GOAWAY went either way, or the numbers are used up. */
    public final boolean goingAway() {
        return goingAway || peerGoingAway || closed || nextStream < 0;
    }

    /** Called a few times a second. */
    public void tick(long now) {
        flood.tick(now);
    }

    /** Whether a header block has begun and not ended. */
    public final boolean inHeaderBlock() {
        return reader.inBlock();
    }

    /** Open streams; a copy, since looking at one may end it. */
    public final List<Http2Stream> all() {
        return new ArrayList<>(streams.values());
    }

    public final int open() {
        return streams.size();
    }

    /** How many streams the peer lets us open, known once its settings have come. */
    public final int peerStreams() {
        return peer.streams();
    }

    public final boolean peerConnects() {
        return peer.connects();
    }

    /** Opens a stream of ours. */
    public final void open(Http2Stream stream) {
        stream.open(nextStream, peer.window(), limits.streamWindow());
        streams.put(nextStream, stream);
        nextStream += 2;
    }

    /** A stream that the peer opens. */
    protected abstract Http2Stream accept();

    /** One stream fewer is open. */
    protected abstract void streamClosed();

    /** The peer's settings have come for the first time, or it goes away. */
    protected abstract void peerChanged();

    /** The connection ends because of the peer. */
    protected abstract void failed(Fault fault);

    // ---- frames

    private void notIdle(int stream) throws Fault {
        boolean peers = (stream & 1) == (server ? 1 : 0);
        if (peers ? stream > lastPeerStream : stream >= nextStream) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "frame on an idle stream");
        }
    }

    @Override
    public final void data(int id, ByteBuf payload, int flow, boolean end) throws Fault {
        notIdle(id);
        receiveWindow -= flow;
        if (receiveWindow < 0) {
            throw Fault.connection(ErrorCode.FLOW_CONTROL_ERROR, "more data than the connection's window");
        }
        Http2Stream stream = streams.get(id);
        if (stream == null || stream.remoteEnded()) {
            credit(flow);
            if (stream == null && resets.has(id)) {
                flood.control();
                return;
            }
            throw Fault.stream(id, ErrorCode.STREAM_CLOSED, "DATA on a closed stream");
        }
        if (payload.isReadable()) {
            flood.useful();
        } else if (!end) {
            flood.control();
        }
        if (!server) {
            // A stream that its taker holds up must not hold up the others (RFC 9113 5.2.2); each has its own window.
            credit(flow);
        }
        stream.received(flow);
        stream.consumed(flow - payload.readableBytes());
        if (end) {
            stream.remoteEnd();
        }
        stream.data(payload, end);
        if (end) {
            stream.maybeClose();
        }
    }

    @Override
    public final void headers(int id, byte[] block, int length, boolean end, int dependency) throws Fault {
        Http2Stream stream = streams.get(id);
        Fault fault = null;
        if (stream == null) {
            if (!server) {
                decoder.decode(block, 0, length, FieldSink.NOBODY);
                notIdle(id);
                return;
            }
            if ((id & 1) == 0) {
                throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "stream of the server's opened by the client");
            }
            if (id <= lastPeerStream) {
                decoder.decode(block, 0, length, FieldSink.NOBODY);
                if (resets.has(id)) {
                    flood.control();
                    return;
                }
                throw Fault.connection(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream");
            }
            if (goingAway) {
                decoder.decode(block, 0, length, FieldSink.NOBODY);
                return;
            }
            lastPeerStream = id;
            if (streams.size() >= limits.streams()) {
                fault = Fault.stream(id, ErrorCode.REFUSED_STREAM, "more streams than limits.http2.streams");
            }
        } else if (stream.remoteEnded()) {
            throw Fault.connection(ErrorCode.STREAM_CLOSED, "HEADERS on a stream that has ended");
        }
        if (dependency == id) {
            fault = Fault.stream(id, ErrorCode.PROTOCOL_ERROR, "stream that depends on itself");
        }
        if (fault != null) {
            decoder.decode(block, 0, length, FieldSink.NOBODY);
            throw fault;
        }
        if (stream == null) {
            stream = accept();
            stream.open(id, peer.window(), limits.streamWindow());
            streams.put(id, stream);
        }
        decoder.decode(block, 0, length, stream.fields());
        flood.useful();
        if (end) {
            stream.remoteEnd();
        }
        stream.headers(end, decoder.overLimit());
        if (end) {
            stream.maybeClose();
        }
    }

    @Override
    public final void priority(int stream, int dependency) throws Fault {
        flood.control();
        if (stream == dependency) {
            throw Fault.stream(stream, ErrorCode.PROTOCOL_ERROR, "stream that depends on itself");
        }
    }

    @Override
    public final void reset(int id, int code) throws Fault {
        notIdle(id);
        Http2Stream stream = streams.get(id);
        if (stream == null) {
            flood.control();
            return;
        }
        if (server) {
            flood.reset();
        }
        stream.end(code);
    }

    @Override
    public final void setting(int id, long value) throws Fault {
        if (id == PeerSettings.TABLE_SIZE) {
            encoder.tableSize((int) Math.min(value, Integer.MAX_VALUE));
            return;
        }
        int change = peer.set(id, value);
        if (change == 0) {
            return;
        }
        for (Http2Stream stream : all()) {
            try {
                stream.sendWindow(change);
            } catch (Fault overflow) {
                throw Fault.connection(ErrorCode.FLOW_CONTROL_ERROR, String.valueOf(overflow.getMessage()));
            }
        }
    }

    @Override
    public final void settingsEnd(boolean ack) throws Fault {
        flood.control();
        if (!ack) {
            writer.settingsAck();
            if (peer.first()) {
                peerChanged();
            }
        }
    }

    @Override
    public final void ping(long data, boolean ack) throws Fault {
        flood.control();
        if (!ack) {
            writer.pingAck(data);
        }
    }

    @Override
    public final void goAway(int lastStream, int code) throws Fault {
        flood.control();
        peerGoingAway = true;
        for (Http2Stream stream : all()) {
            if (!server && stream.id() > lastStream) {
                stream.end(ErrorCode.REFUSED_STREAM);
            }
        }
        peerChanged();
    }

    @Override
    public final void windowUpdate(int id, int increment) throws Fault {
        flood.control();
        if (id == 0) {
            if (increment == 0) {
                throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
            }
            line.open(increment);
            return;
        }
        notIdle(id);
        if (increment == 0) {
            throw Fault.stream(id, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
        }
        Http2Stream stream = streams.get(id);
        if (stream != null) {
            stream.sendWindow(increment);
        }
    }

    @Override
    public final void idleFrame() throws Fault {
        flood.control();
    }
}
