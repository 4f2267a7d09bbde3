package io.plinth.mqbroker.auth;

import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.ReplyCode;
import java.nio.charset.StandardCharsets;

/**
 * The SASL mechanisms that are offered: PLAIN (RFC 4616), AMQPLAIN, which is a field table without its length, EXTERNAL (RFC 4422
 * appendix A) to whoever showed a certificate, and ANONYMOUS (RFC 4505) where the configuration names who that is.
 */
public final class Sasl {
    public static final String EXTERNAL = "EXTERNAL";
    public static final String ANONYMOUS = "ANONYMOUS";

    /** What is offered. */
    public static String mechanisms(boolean external, boolean anonymous) {
        return "PLAIN AMQPLAIN" + (external ? " " + EXTERNAL : "") + (anonymous ? " " + ANONYMOUS : "");
    }

    /** A name and what was given for its password. */
    public record Login(String user, String password) {}

    private Sasl() {}

    public static Login login(String mechanism, byte[] response, FieldTableCodec tables) {
        return switch (mechanism) {
            case "PLAIN" -> plain(response);
            case "AMQPLAIN" -> amqPlain(response, tables);
            default ->
                throw new AmqpException(
                        ReplyCode.ACCESS_REFUSED,
                        "mechanism '" + mechanism + "' is not supported (expected: PLAIN or AMQPLAIN)");
        };
    }

    private static Login plain(byte[] response) {
        // [authzid] NUL authcid NUL passwd
        String[] parts = new String(response, StandardCharsets.UTF_8).split("\0", -1);
        if (parts.length != 3) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR,
                    "PLAIN response: " + parts.length + " parts (expected: 3, separated by NUL)");
        }
        return new Login(parts[1], parts[2]);
    }

    private static Login amqPlain(byte[] response, FieldTableCodec tables) {
        FieldTable table = tables.read(
                Unpooled.wrappedBuffer(Unpooled.buffer(4).writeInt(response.length), Unpooled.wrappedBuffer(response)));
        String user = table.string("LOGIN");
        String password = table.string("PASSWORD");
        if (user == null || password == null) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR, "AMQPLAIN response: incomplete (expected: LOGIN and PASSWORD)");
        }
        return new Login(user, password);
    }
}
