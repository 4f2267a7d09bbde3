package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.IntObjectHashMap;
import io.plinth.lbproxy.wire.http1.HeldBytes;
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
public abstract class Endpoint {
    /** Bytes that a client's connection begins with, as nothing else does (RFC 9113 3.4). */
    public static final int PREFACE_LENGTH = FrameReader.PREFACE.length;

    private final boolean server;
    private final Http2Limits limits;
    private final Output output;
    private final FrameReader reader;
    private final FrameWriter writer;
    private final HpackEncoder encoder;
    private final FloodGuard flood;
    private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>();
    private final SendLine line;
    private final InboundFrames inbound;
    private final PeerSettings peer;
    private @Nullable ByteBuf held;
    private int nextStream = 1;
    private boolean goingAway;
    private boolean peerGoingAway;
    private boolean closed;

    /** Neither side is heard before {@link #begin}, so it does no harm that the reader knows us already. */
    @SuppressWarnings("this-escape")
    protected Endpoint(boolean server, Http2Limits limits, Output output) {
        this.server = server;
        this.limits = limits;
        this.output = output;
        writer = new FrameWriter(output);
        encoder = new HpackEncoder(limits.tableSize());
        flood = new FloodGuard(limits);
        line = new SendLine(output);
        peer = new PeerSettings(server);
        inbound = new InboundFrames(this, server, flood, peer);
        reader = new FrameReader(inbound, limits, server);
    }

    /** Whether what has come is that preface, or may yet become it. */
    public static boolean prefaceBegins(ByteBuf bytes) {
        int count = Math.min(bytes.readableBytes(), PREFACE_LENGTH);
        for (int i = 0; i < count; i++) {
            if (bytes.getByte(bytes.readerIndex() + i) != FrameReader.PREFACE[i]) {
                return false;
            }
        }
        return true;
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
        if (limits.connectionWindow() > SendLine.DEFAULT_WINDOW) {
            writer.windowUpdate(0, limits.connectionWindow() - SendLine.DEFAULT_WINDOW);
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
            inbound.credit(bytes);
        }
    }

    final void resetSent(int stream) {
        inbound.resetSent(stream);
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
        ByteBuf in = HeldBytes.join(held, bytes);
        held = null;
        try {
            while (!closed && frame(in)) {}
            line.advance();
        } catch (Fault fault) {
            fail(fault);
        } catch (RuntimeException e) {
            in.release();
            throw e;
        }
        if (!closed && in.isReadable()) {
            held = in;
        } else {
            in.release();
        }
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
        writer.goAway(inbound.lastPeerStream(), code, why.getBytes(StandardCharsets.US_ASCII));
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
            writer.goAway(refuse ? inbound.lastPeerStream() : Integer.MAX_VALUE, ErrorCode.NO_ERROR, new byte[0]);
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

    /** Bytes of a frame that has not come whole. */
    public final int partial() {
        ByteBuf bytes = held;
        return bytes == null ? 0 : bytes.readableBytes();
    }

    /** Whether the peer's window for the whole connection holds bytes up. */
    public final boolean windowClosed() {
        return line.window() <= 0 && line.waits();
    }

    /** Open streams; a copy, since looking at one may end it. */
    public final List<Http2Stream> all() {
        return new ArrayList<>(streams.values());
    }

    public final int open() {
        return streams.size();
    }

    @Nullable
    final Http2Stream stream(int id) {
        return streams.get(id);
    }

    /** Whether a stream of ours has that number, or had. */
    final boolean opened(int id) {
        return id < nextStream || nextStream < 0;
    }

    /** A stream that the peer opened. */
    final Http2Stream accepted(int id) {
        Http2Stream stream = accept();
        stream.open(id, peer.window(), limits.streamWindow());
        streams.put(id, stream);
        return stream;
    }

    /** Whether streams that the peer opens now are no longer served. */
    final boolean refuses() {
        return goingAway;
    }

    final void peerGoesAway() {
        peerGoingAway = true;
    }

    /** How many streams the peer lets us open, known once its settings have come. */
    public final int peerStreams() {
        return peer.streams();
    }

    /** Whether the peer's settings have come. */
    public final boolean settled() {
        return peer.come();
    }

    /** Whether the peer takes extended CONNECT (RFC 8441 3), known once its settings have come. */
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
}
