package io.plinth.dbproxy.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.ServerFirstMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of SCRAM-SHA-256, with channel binding {@code tls-server-end-point} where the connection has TLS (RFC
 * 5802, RFC 7677, RFC 5929). Owned by the connection's event loop; it computes a few HMACs and no key derivation.
 */
public final class ScramExchange {
    private static final int NONCE_BYTES = 18;
    private static final String END_POINT = "p=tls-server-end-point,,";

    private static final Pattern BARE = Pattern.compile("n=[^,\\x00]*,r=([\\x21-\\x2b\\x2d-\\x7e]{1,1024})");

    private final ScramVerifier verifier;
    private final boolean known;
    private final SecureRandom random;
    private String bare = "";
    private String serverFirst = "";
    private String nonce = "";
    private String binding = "";
    private boolean plus;
    private byte[] endPoint = new byte[0];
    private @Nullable ScramKeys keys;

    /** {@code known} is false for a user that does not exist: the exchange runs and fails at its end. */
    public ScramExchange(ScramVerifier verifier, boolean known, SecureRandom random) {
        this.verifier = verifier;
        this.known = known;
        this.random = random;
    }

    /**
     * The connection has TLS under this certificate.
     *
     * @param chosen whether the client has picked the mechanism with channel binding
     */
    public void encrypted(byte[] certificateHash, boolean chosen) {
        endPoint = certificateHash.clone();
        plus = chosen;
    }

    /** What logs in to a server with the same verifier; null before the client's proof was right. */
    public @Nullable ScramKeys keys() {
        return keys;
    }

    /** Answers client-first with server-first. */
    public String first(String clientFirst) throws SqlException {
        String header = header(clientFirst);
        byte[] bound = header.getBytes(StandardCharsets.US_ASCII);
        if (plus) {
            byte[] whole = Arrays.copyOf(bound, bound.length + endPoint.length);
            System.arraycopy(endPoint, 0, whole, bound.length, endPoint.length);
            bound = whole;
        }
        binding = Base64.getEncoder().encodeToString(bound);
        bare = clientFirst.substring(header.length());
        // The name may be empty, as libpq leaves it: PostgreSQL takes it from the start-up packet.
        Matcher first = BARE.matcher(bare);
        if (!first.matches()) {
            throw malformed("client-first-message");
        }
        ServerFirstMessage answer = new ServerFirstMessage(
                first.group(1),
                ScramFunctions.nonce(NONCE_BYTES, random),
                Base64.getEncoder().encodeToString(verifier.salt()),
                verifier.iterations());
        nonce = answer.getNonce();
        serverFirst = answer.toString();
        return serverFirst;
    }

    /** A client that could bind but was not offered to, when it was, has been talked down by somebody in the middle. */
    private String header(String clientFirst) throws SqlException {
        if (plus) {
            if (!clientFirst.startsWith(END_POINT)) {
                throw malformed("client-first-message (expected: channel binding tls-server-end-point)");
            }
            return END_POINT;
        }
        if (clientFirst.startsWith("y,,") && endPoint.length > 0) {
            throw malformed("client-first-message: channel binding was offered");
        }
        if (!clientFirst.startsWith("n,,") && !clientFirst.startsWith("y,,")) {
            throw malformed("client-first-message: channel binding or authzid, which is not offered");
        }
        return clientFirst.substring(0, 3);
    }

    /** Checks client-final and answers with server-final; throws when the proof is not one. */
    public String last(String user, String clientFinal) throws SqlException {
        int proofAt = clientFinal.lastIndexOf(",p=");
        String withoutProof = proofAt < 0 ? "" : clientFinal.substring(0, proofAt);
        if (nonce.isEmpty() || !withoutProof.equals("c=" + binding + ",r=" + nonce)) {
            throw malformed("client-final-message");
        }
        byte[] proof;
        try {
            proof = Base64.getDecoder().decode(clientFinal.substring(proofAt + 3));
        } catch (IllegalArgumentException e) {
            throw malformed("proof");
        }
        String authMessage = bare + "," + serverFirst + "," + withoutProof;
        ScramMechanism mechanism = ScramMechanism.SCRAM_SHA_256;
        byte[] signature = ScramFunctions.clientSignature(mechanism, verifier.storedKey(), authMessage);
        if (proof.length != signature.length) {
            throw malformed("proof");
        }
        byte[] key = ScramFunctions.clientProof(proof, signature);
        boolean right = MessageDigest.isEqual(ScramFunctions.hash(mechanism, key), verifier.storedKey());
        if (!right || !known) {
            throw new SqlException("28P01", "password authentication failed for user \"" + user + "\"");
        }
        keys = new ScramKeys(key, verifier.serverKey());
        byte[] server = ScramFunctions.serverSignature(mechanism, verifier.serverKey(), authMessage);
        return "v=" + Base64.getEncoder().encodeToString(server);
    }

    private static SqlException malformed(String what) {
        return new SqlException(SqlError.PROTOCOL_VIOLATION, "SCRAM: malformed " + what);
    }
}
