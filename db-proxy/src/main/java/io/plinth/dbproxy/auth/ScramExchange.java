package io.plinth.dbproxy.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.ServerFirstMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The server's side of SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). Owned by the connection's event loop;
 * it computes a few HMACs and no key derivation.
 */
public final class ScramExchange {
    private static final int NONCE_BYTES = 18;
    private static final String CHANNEL_BINDING_NONE = "biws"; // base64 of "n,,"
    private static final String CHANNEL_BINDING_NOT_OFFERED = "eSws"; // base64 of "y,,"

    private static final Pattern BARE = Pattern.compile("n=[^,\\x00]*,r=([\\x21-\\x2b\\x2d-\\x7e]{1,1024})");

    private final ScramVerifier verifier;
    private final boolean known;
    private final SecureRandom random;
    private String bare = "";
    private String serverFirst = "";
    private String nonce = "";
    private String binding = CHANNEL_BINDING_NONE;

    /** {@code known} is false for a user that does not exist: the exchange runs and fails at its end. */
    public ScramExchange(ScramVerifier verifier, boolean known, SecureRandom random) {
        this.verifier = verifier;
        this.known = known;
        this.random = random;
    }

    /** Answers client-first with server-first. */
    public String first(String clientFirst) throws SqlException {
        if (!clientFirst.startsWith("n,,") && !clientFirst.startsWith("y,,")) {
            throw malformed("client-first-message: channel binding or authzid, which is not offered");
        }
        binding = clientFirst.startsWith("y") ? CHANNEL_BINDING_NOT_OFFERED : CHANNEL_BINDING_NONE;
        bare = clientFirst.substring(3);
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
        byte[] server = ScramFunctions.serverSignature(mechanism, verifier.serverKey(), authMessage);
        return "v=" + Base64.getEncoder().encodeToString(server);
    }

    private static SqlException malformed(String what) {
        return new SqlException(SqlError.PROTOCOL_VIOLATION, "SCRAM: malformed " + what);
    }
}
