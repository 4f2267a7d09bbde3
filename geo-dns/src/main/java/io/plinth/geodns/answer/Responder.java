package io.plinth.geodns.answer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.geodns.wire.Decoded;
import io.plinth.geodns.wire.QueryDecoder;
import io.plinth.geodns.wire.Response;
import io.plinth.geodns.wire.ResponseCode;
import io.plinth.geodns.wire.ResponseEncoder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by one event loop: the whole way from a query's octets to its response's, for one transport. */
public final class Responder {
    private static final Logger LOG = LoggerFactory.getLogger(Responder.class);
    private static final int TYPICAL_RESPONSE = 512;

    private final QueryDecoder decoder = new QueryDecoder();
    private final Response response = new Response();
    private final Answerer answerer;
    private final ResponseEncoder encoder;
    private final Supplier<Snapshot> snapshot;
    private final QueryCounters counters;

    /**
     * A responder.
     *
     * @param payloadSize the largest UDP response, and what clients are told to send at most
     */
    public Responder(Answerer answerer, int payloadSize, Supplier<Snapshot> snapshot, QueryCounters counters) {
        this.answerer = answerer;
        this.encoder = new ResponseEncoder(payloadSize);
        this.snapshot = snapshot;
        this.counters = counters;
    }

    /** Its counters. */
    public QueryCounters counters() {
        return counters;
    }

    /**
     * Answers a datagram; null where it deserves none.
     *
     * @param source the sender's address, 4 or 16 octets
     */
    public @Nullable ByteBuf datagram(ByteBuf message, byte[] source, ByteBufAllocator buffers) {
        Decoded decoded = decoder.decode(message);
        if (decoded instanceof Decoded.Ignored) {
            counters.count(QueryCounters.Event.IGNORED);
            return null;
        }
        ByteBuf out = buffers.directBuffer(TYPICAL_RESPONSE);
        if (decoded instanceof Decoded.Query query) {
            respond(query, source, out, encoder.udpLimit(query.edns()));
        } else if (decoded instanceof Decoded.Invalid invalid) {
            refuse(invalid, out);
        }
        return out;
    }

    /**
     * Answers a message of a stream, with its length before it; null where it deserves none.
     *
     * @param source the sender's address, 4 or 16 octets
     */
    public @Nullable ByteBuf message(ByteBuf message, byte[] source, ByteBufAllocator buffers) {
        Decoded decoded = decoder.decode(message);
        if (decoded instanceof Decoded.Ignored) {
            counters.count(QueryCounters.Event.IGNORED);
            return null;
        }
        ByteBuf out = buffers.directBuffer(TYPICAL_RESPONSE);
        out.writeShort(0);
        if (decoded instanceof Decoded.Query query) {
            if (respond(query, source, out, ResponseEncoder.MAX_MESSAGE)) {
                // There is no larger transport to send the client to.
                out.writerIndex(2);
                encoder.encode(servfail(query), out);
            }
        } else if (decoded instanceof Decoded.Invalid invalid) {
            refuse(invalid, out);
        }
        out.setShort(0, out.readableBytes() - 2);
        return out;
    }

    private void refuse(Decoded.Invalid invalid, ByteBuf out) {
        encoder.encode(invalid, out);
        counters.count(invalid.reason());
    }

    private boolean respond(Decoded.Query query, byte[] source, ByteBuf out, int limit) {
        int start = out.writerIndex();
        try {
            answerer.answer(snapshot.get(), query, source, response);
            boolean truncated = encoder.encode(query, response, out, limit);
            counters.count(response.code());
            if (truncated) {
                counters.count(QueryCounters.Event.TRUNCATED);
            }
            return truncated;
        } catch (RuntimeException e) {
            LOG.debug("query - question={}", query.question(), e);
            out.writerIndex(start);
            encoder.encode(servfail(query), out);
            counters.count(ResponseCode.SERVFAIL);
            counters.count(QueryCounters.Event.FAULT);
            return false;
        }
    }

    private static Decoded.Invalid servfail(Decoded.Query query) {
        return new Decoded.Invalid(query.id(), query.flags(), ResponseCode.SERVFAIL, query.question(), query.edns());
    }
}
