package io.plinth.geodns.guard;

import io.plinth.geodns.wire.Octets;
import io.plinth.geodns.wire.Query;

/**
 * Owned by one event loop: checks and makes server cookies (RFC 7873, RFC 9018 section 4).
 *
 * <pre>
 *  version(8) = 1   reserved(24)   seconds(32)   hash(64) of client cookie, these eight octets, client address
 * </pre>
 */
public final class ServerCookies {
    private static final int CLIENT = 8;
    private static final int HEAD = 8;
    private static final int LENGTH = CLIENT + Query.SERVER_COOKIE;
    private static final int VERSION = 1;
    private static final int OLDEST = 3_600;
    private static final int RENEWED = 1_800;
    private static final int AHEAD = 300;

    private final byte[] input = new byte[CLIENT + HEAD + 16];

    /** What a query's cookie says of its sender. */
    public enum Sender {
        /** No cookie, or only the client's: the address may be forged. */
        UNKNOWN,
        /** A server cookie that is not ours, or too old. */
        WRONG,
        /** It has had an answer at this address. */
        KNOWN
    }

    /**
     * Checks the cookie and puts the one to answer with into the query.
     *
     * @param source the sender's address, 4 or 16 octets
     * @param seconds since 1970
     */
    public Sender check(Query query, CookieSecrets secrets, byte[] source, long seconds) {
        if (query.cookieLength() == 0) {
            return Sender.UNKNOWN;
        }
        int now = (int) seconds;
        byte[] cookie = query.cookie();
        byte[] fresh = query.serverCookie();
        boolean valid = false;
        // The timestamps are serial numbers (RFC 1982).
        int age = now - Octets.intAt(cookie, CLIENT + 4);
        if (query.cookieLength() == LENGTH && cookie[CLIENT] == VERSION && age <= OLDEST && age >= -AHEAD) {
            int length = input(cookie, cookie, CLIENT, source);
            for (int secret = 0; secret < secrets.size() && !valid; secret++) {
                valid = secrets.hash(secret, input, length) == Octets.littleLong(cookie, CLIENT + HEAD);
                // One made with another secret than ours to make is renewed at once.
                if (valid && secret == 0 && age <= RENEWED) {
                    System.arraycopy(cookie, CLIENT, fresh, 0, Query.SERVER_COOKIE);
                    query.answerCookie();
                    return Sender.KNOWN;
                }
            }
        }
        Octets.putInt(fresh, 0, VERSION << 24);
        Octets.putInt(fresh, 4, now);
        Octets.putLittleLong(fresh, HEAD, secrets.hash(0, input, input(cookie, fresh, 0, source)));
        query.answerCookie();
        return valid ? Sender.KNOWN : query.cookieLength() == CLIENT ? Sender.UNKNOWN : Sender.WRONG;
    }

    private int input(byte[] cookie, byte[] head, int headAt, byte[] source) {
        System.arraycopy(cookie, 0, input, 0, CLIENT);
        System.arraycopy(head, headAt, input, CLIENT, HEAD);
        System.arraycopy(source, 0, input, CLIENT + HEAD, source.length);
        return CLIENT + HEAD + source.length;
    }
}
