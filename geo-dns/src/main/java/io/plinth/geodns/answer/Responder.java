package io.plinth.geodns.answer;

import io.plinth.geodns.guard.Guard;
import io.plinth.geodns.guard.ProxyHeader;
import io.plinth.geodns.guard.RateLimit;
import io.plinth.geodns.guard.ServerCookies;
import io.plinth.geodns.policy.Client;
import io.plinth.geodns.wire.ExtendedError;
import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.QueryDecoder;
import io.plinth.geodns.wire.Response;
import io.plinth.geodns.wire.ResponseCode;
import io.plinth.geodns.wire.ResponseEncoder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by one event loop: the whole way from a query's octets to its response's, for one transport. Octets are in
 * arrays, so that every transport has them alike, and nothing is allocated on the usual way.
 */
public final class Responder {
    /** What an array for responses has to hold. */
    public static final int OUT = ResponseEncoder.MAX_MESSAGE + ResponseEncoder.SLACK;

    private static final Logger LOG = LoggerFactory.getLogger(Responder.class);
    private static final int MILLIS = 1_000;

    private final QueryDecoder decoder = new QueryDecoder();
    private final Query query = new Query();
    private final Response response = new Response();
    private final ServerCookies cookies = new ServerCookies();
    private final ProxyHeader proxy = new ProxyHeader();
    private final RateLimit limit;
    private final Answerer answerer;
    private final ResponseEncoder encoder;
    private final Supplier<Snapshot> snapshot;
    private final QueryCounters counters;
    private final QuerySamples samples;
    private final LongSupplier millis;
    private int untilSample;

    /**
     * What responders of a node have in common.
     *
     * @param payloadSize the largest UDP response, and what clients are told to send at most
     * @param nsid who answers, for clients that ask; empty for a secret
     * @param millis since 1970
     */
    public record Settings(
            int payloadSize, byte[] nsid, Supplier<Snapshot> snapshot, QuerySamples samples, LongSupplier millis) {
        /** Without a name and a log, at the beginning of time, for tests. */
        public static Settings of(Supplier<Snapshot> snapshot) {
            return new Settings(1232, new byte[0], snapshot, QuerySamples.NONE, () -> 0);
        }
    }

    /** A responder that has its chances from {@code random}. */
    public Responder(Settings settings, QueryCounters counters, RandomGenerator random) {
        this.answerer = new Answerer(new Client(random));
        this.encoder = new ResponseEncoder(settings.payloadSize(), settings.nsid());
        this.snapshot = settings.snapshot();
        this.samples = settings.samples();
        this.millis = settings.millis();
        this.counters = counters;
        this.limit = new RateLimit(random.nextLong());
        this.untilSample = samples.every();
    }

    /** Its counters. */
    public QueryCounters counters() {
        return counters;
    }

    /** The snapshot in use. */
    public Snapshot snapshot() {
        return snapshot.get();
    }

    /**
     * Answers a datagram into {@code out}, which has {@link #OUT} octets; how many it wrote, 0 for no answer.
     *
     * @param in its octets from {@code from} on
     * @param source the sender's address, 4 or 16 octets
     */
    public int datagram(byte[] in, int from, int length, byte[] source, byte[] out) {
        Snapshot now = snapshot.get();
        byte[] client = source;
        int header = 0;
        if (!now.guard().proxies().isEmpty() && now.guard().isProxy(source)) {
            header = proxy.read(in, from, length);
            if (header == 0) {
                counters.count(QueryCounters.Event.IGNORED);
                return 0;
            }
            client = proxy.client(source);
        }
        return respond(now, in, from + header, length - header, client, out, false);
    }

    /** Answers a message of a stream, whose length stands outside; 0 for no answer. */
    public int message(byte[] in, int from, int length, byte[] source, byte[] out) {
        return respond(snapshot.get(), in, from, length, source, out, true);
    }

    private int respond(Snapshot now, byte[] in, int from, int length, byte[] source, byte[] out, boolean stream) {
        if (!decoder.decode(in, from, length, query)) {
            counters.count(QueryCounters.Event.IGNORED);
            return 0;
        }
        try {
            return answer(now, source, out, stream);
        } catch (RuntimeException e) {
            LOG.debug("query - name={}", query.hasQuestion() ? query.toName() : "none", e);
            counters.count(QueryCounters.Event.FAULT);
            return error(ResponseCode.SERVFAIL, ExtendedError.OTHER, out);
        }
    }

    private int answer(Snapshot now, byte[] source, byte[] out, boolean stream) {
        if (query.error() != ResponseCode.NOERROR) {
            int written = error(query.error(), null, out);
            return stream ? written : limited(now.guard(), source, query.error(), written, out);
        }
        boolean known = stream;
        if (query.cookieLength() != 0) {
            known |= cookies.check(query, now.guard().secrets(), source, millis.getAsLong() / MILLIS)
                    == ServerCookies.Sender.KNOWN;
        }
        if (!query.hasQuestion()) {
            int written = error(ResponseCode.NOERROR, null, out);
            return known ? written : limited(now.guard(), source, ResponseCode.NOERROR, written, out);
        }
        if (!known && now.guard().requireCookie()) {
            return unknown(out);
        }
        answerer.answer(now, query, source, response);
        counters.count(response.code());
        counters.zones().count(response.zone());
        counters.policies().count(response.policy());
        counters.members().count(response.member());
        if (untilSample != 0 && --untilSample == 0) {
            untilSample = samples.every();
            samples.take(query, source, response, stream);
        }
        int written =
                encoder.encode(query, response, out, 0, stream ? ResponseEncoder.MAX_MESSAGE : encoder.udpLimit(query));
        if (written == 0) {
            counters.count(QueryCounters.Event.TRUNCATED);
            // There is no larger transport to send the client to.
            written = stream
                    ? encoder.encode(query, ResponseCode.SERVFAIL, ExtendedError.OTHER, out, 0)
                    : encoder.truncated(query, response, out, 0);
        }
        return known ? written : limited(now.guard(), source, response.code(), written, out);
    }

    /** RFC 7873 section 5.2.3: BADCOOKIE to who knows cookies; the others prove their address over TCP. */
    private int unknown(byte[] out) {
        if (query.cookieLength() != 0) {
            return error(ResponseCode.BADCOOKIE, null, out);
        }
        response.clear();
        counters.count(QueryCounters.Event.TRUNCATED);
        return encoder.truncated(query, response, out, 0);
    }

    private int error(ResponseCode code, @Nullable ExtendedError why, byte[] out) {
        counters.count(code);
        return encoder.encode(query, code, why, out, 0);
    }

    /** Alike are answers of one name, wildcard or delegation, and all to names of one zone that do not exist. */
    private int limited(Guard guard, byte[] source, ResponseCode code, int written, byte[] out) {
        RateLimit.Rule rule = guard.limit();
        if (rule.perSecond() == 0) {
            return written;
        }
        int kind = code == ResponseCode.NOERROR && query.hasQuestion()
                ? response.alike() != 0 ? response.alike() : query.hash(0)
                : (code.code() << 24) + (code == ResponseCode.NXDOMAIN ? response.zone() : 0);
        return switch (limit.check(rule, source, kind, millis.getAsLong())) {
            case SEND -> written;
            case DROP -> {
                counters.count(QueryCounters.Event.LIMITED);
                yield 0;
            }
            case SLIP -> {
                counters.count(QueryCounters.Event.SLIPPED);
                response.clear();
                yield encoder.truncated(query, response, out, 0);
            }
        };
    }
}
