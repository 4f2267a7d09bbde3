package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;

/**
 * Acts on the frames that the peer of an {@link Endpoint} sends: finds their stream, keeps the receive window and the
 * decoder of header blocks, and counts what floods are made of. Owned by its connection's event loop.
 */
final class InboundFrames implements FrameReader.Listener {
    private final Endpoint endpoint;
    private final boolean server;
    private final HpackDecoder decoder;
    private final FloodGuard flood;
    private final PeerSettings peer;
    private final RecentResets resets = new RecentResets();
    private int lastPeerStream;
    private int receiveWindow;
    private int unacknowledged;

    InboundFrames(Endpoint endpoint, boolean server, FloodGuard flood, PeerSettings peer) {
        this.endpoint = endpoint;
        this.server = server;
        this.flood = flood;
        this.peer = peer;
        Http2Limits limits = endpoint.limits();
        decoder = new HpackDecoder(limits.tableSize(), limits.headerBytes(), limits.headers() + 8);
        receiveWindow = Math.max(SendLine.DEFAULT_WINDOW, limits.connectionWindow());
    }

    /** The last stream that the peer opened. */
    int lastPeerStream() {
        return lastPeerStream;
    }

    /** A stream was reset by us: frames of it may still be on their way. */
    void resetSent(int stream) {
        resets.add(stream);
    }

    /** Bytes have gone on: the peer may send as many again, over all its streams. */
    void credit(int bytes) {
        unacknowledged += bytes;
        if (unacknowledged >= endpoint.limits().connectionWindow() / 2) {
            receiveWindow += unacknowledged;
            endpoint.writer().windowUpdate(0, unacknowledged);
            unacknowledged = 0;
        }
    }

    private void notIdle(int stream) throws Fault {
        boolean peers = (stream & 1) == (server ? 1 : 0);
        if (peers ? stream > lastPeerStream && !endpoint.refuses() : !endpoint.opened(stream)) {
            throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "frame on an idle stream");
        }
    }

    @Override
    public void data(int id, ByteBuf payload, int flow, boolean end) throws Fault {
        notIdle(id);
        receiveWindow -= flow;
        if (receiveWindow < 0) {
            throw Fault.connection(ErrorCode.FLOW_CONTROL_ERROR, "more data than the connection's window");
        }
        Http2Stream stream = endpoint.stream(id);
        if (stream == null || stream.remoteEnded()) {
            credit(flow);
            // Beyond the last stream: opened before the peer read our GOAWAY, and not served (RFC 9113 6.8).
            if (stream == null && (resets.has(id) || id > lastPeerStream)) {
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
    public void headers(int id, byte[] block, int length, boolean end, int dependency) throws Fault {
        Http2Stream stream = endpoint.stream(id);
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
            if (endpoint.refuses()) {
                decoder.decode(block, 0, length, FieldSink.NOBODY);
                return;
            }
            lastPeerStream = id;
            if (endpoint.open() >= endpoint.limits().streams()) {
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
            stream = endpoint.accepted(id);
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
    public void priority(int stream, int dependency) throws Fault {
        flood.control();
        if (stream == dependency) {
            throw Fault.stream(stream, ErrorCode.PROTOCOL_ERROR, "stream that depends on itself");
        }
    }

    @Override
    public void reset(int id, int code) throws Fault {
        notIdle(id);
        Http2Stream stream = endpoint.stream(id);
        if (stream == null) {
            // Nothing of the stream is on its way any more, whoever reset it first (RFC 9113 5.1).
            resets.remove(id);
            flood.control();
            return;
        }
        if (server) {
            flood.reset();
        }
        stream.end(code);
    }

    @Override
    public void setting(int id, long value) throws Fault {
        if (id == PeerSettings.TABLE_SIZE) {
            endpoint.encoder().tableSize((int) Math.min(value, Integer.MAX_VALUE));
            return;
        }
        int change = peer.set(id, value);
        if (change == 0) {
            return;
        }
        for (Http2Stream stream : endpoint.all()) {
            try {
                stream.sendWindow(change);
            } catch (Fault overflow) {
                throw Fault.connection(ErrorCode.FLOW_CONTROL_ERROR, String.valueOf(overflow.getMessage()));
            }
        }
    }

    @Override
    public void settingsEnd(boolean ack) throws Fault {
        flood.control();
        if (!ack) {
            endpoint.writer().settingsAck();
            if (peer.first()) {
                endpoint.peerChanged();
            }
        }
    }

    @Override
    public void ping(long data, boolean ack) throws Fault {
        flood.control();
        if (!ack) {
            endpoint.writer().pingAck(data);
        }
    }

    @Override
    public void goAway(int lastStream, int code) throws Fault {
        flood.control();
        endpoint.peerGoesAway();
        for (Http2Stream stream : endpoint.all()) {
            if (!server && stream.id() > lastStream) {
                stream.end(ErrorCode.REFUSED_STREAM);
            }
        }
        endpoint.peerChanged();
    }

    @Override
    public void windowUpdate(int id, int increment) throws Fault {
        flood.control();
        if (id == 0) {
            if (increment == 0) {
                throw Fault.connection(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
            }
            endpoint.line().open(increment);
            return;
        }
        notIdle(id);
        if (increment == 0) {
            throw Fault.stream(id, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
        }
        Http2Stream stream = endpoint.stream(id);
        if (stream != null) {
            stream.sendWindow(increment);
        }
    }

    @Override
    public void idleFrame() throws Fault {
        flood.control();
    }
}
