package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.plinth.dbproxy.auth.ScramExchange;
import io.plinth.dbproxy.auth.ScramVerifier;
import io.plinth.dbproxy.wire.Authentication;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.dbproxy.wire.StartupPacket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * From the start-up packet to a user who is believed. Owned by the connection's event loop.
 *
 * <p>A client from this machine may be trusted; every other one proves its password with SCRAM-SHA-256. A user that does
 * not exist goes through the same exchange, so that nobody learns which users there are.
 */
final class Login {
    private static final int NEWEST_MINOR = 0;

    /** Takes the user in. */
    interface Done {
        void accept(StartupSettings asked, Database database, Database.User user);
    }

    private enum Step {
        START,
        FIRST,
        LAST
    }

    private final ChannelHandlerContext ctx;
    private final Front front;
    private final Done done;
    private Step step = Step.START;
    private @Nullable StartupSettings asked;
    private @Nullable Database database;
    private Database.@Nullable User user;
    private @Nullable ScramExchange exchange;

    Login(ChannelHandlerContext ctx, Front front, Done done) {
        this.ctx = ctx;
        this.front = front;
        this.done = done;
    }

    void begin(StartupPacket.Session packet, @Nullable InetSocketAddress remote) throws SqlException {
        StartupSettings settings = StartupSettings.of(packet.parameters());
        asked = settings;
        ByteBuf out = ctx.alloc().buffer(64);
        if (packet.minor() > NEWEST_MINOR || !settings.unknownOptions().isEmpty()) {
            BackendWriter.negotiateVersion(out, NEWEST_MINOR, settings.unknownOptions());
        }
        Database found = front.databases().get().get(settings.database());
        database = found;
        user = found == null ? null : found.user(settings.user());
        boolean local = remote != null && remote.getAddress().isLoopbackAddress();
        if (found != null && user != null && local && found.rules().trustLoopback()) {
            ctx.write(out, ctx.voidPromise());
            step = Step.LAST;
            finish();
            return;
        }
        Database.User known = user;
        ScramVerifier verifier = known == null ? null : known.verifier();
        exchange = verifier == null
                ? new ScramExchange(decoy(settings.user()), false, front.random())
                : new ScramExchange(verifier, true, front.random());
        BackendWriter.sasl(out, Authentication.SCRAM);
        ctx.writeAndFlush(out, ctx.voidPromise());
        step = Step.FIRST;
    }

    /** A verifier of no password; the salt depends on the name only, as a real one would. */
    private static ScramVerifier decoy(String name) {
        byte[] salt = ByteBuffer.allocate(16)
                .putLong(name.hashCode() * 0x9E3779B97F4A7C15L)
                .putLong(name.length() * 0xC2B2AE3D27D4EB4FL ^ name.hashCode())
                .array();
        return new ScramVerifier(4096, salt, new byte[32], new byte[32]);
    }

    void receive(ClientMessage message) throws SqlException {
        ScramExchange scram = exchange;
        StartupSettings settings = asked;
        if (!(message instanceof ClientMessage.Password(byte[] body)) || scram == null || settings == null) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "message during login (expected: SASL response)");
        }
        ByteBuf out = ctx.alloc().buffer(128);
        boolean whole = false;
        try {
            if (step == Step.FIRST) {
                step = Step.LAST;
                BackendWriter.saslData(out, Authentication.SASL_CONTINUE, scram.first(initial(body)));
            } else {
                String answer = scram.last(settings.user(), new String(body, StandardCharsets.UTF_8));
                BackendWriter.saslData(out, Authentication.SASL_FINAL, answer);
                whole = true;
            }
        } catch (SqlException e) {
            out.release();
            throw e;
        }
        ctx.writeAndFlush(out, ctx.voidPromise());
        if (whole) {
            finish();
        }
    }

    /** SASLInitialResponse: the mechanism's name, then the length of the rest. */
    private static String initial(byte[] body) throws SqlException {
        int end = 0;
        while (end < body.length && body[end] != 0) {
            end++;
        }
        String mechanism = new String(body, 0, end, StandardCharsets.US_ASCII);
        int start = end + 5;
        if (!mechanism.equals(Authentication.SCRAM) || start > body.length) {
            throw new SqlException(
                    SqlError.PROTOCOL_VIOLATION,
                    "SASL mechanism: " + mechanism + " (expected: " + Authentication.SCRAM + ")");
        }
        int length = ByteBuffer.wrap(body, end + 1, 4).getInt();
        if (length != body.length - start) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "SASL response length: " + length);
        }
        return new String(body, start, length, StandardCharsets.UTF_8);
    }

    private void finish() throws SqlException {
        StartupSettings settings = asked;
        Database found = database;
        Database.User known = user;
        if (settings == null || known == null || found == null) {
            throw new SqlException("28P01", "password authentication failed");
        }
        String encoding =
                settings.values().getOrDefault("client_encoding", "UTF8").replaceAll("[^A-Za-z0-9]", "");
        if (found.topology().sharded() && !encoding.equalsIgnoreCase("utf8") && !encoding.equalsIgnoreCase("unicode")) {
            throw new SqlException(
                    SqlError.NOT_SUPPORTED,
                    "client_encoding: " + encoding + " (expected: UTF8, with more than one shard)");
        }
        done.accept(settings, found, known);
    }
}
