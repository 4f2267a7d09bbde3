package io.plinth.dbproxy.server;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;
import com.ongres.scram.common.util.TlsServerEndpoint;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.plinth.dbproxy.auth.Md5Password;
import io.plinth.dbproxy.auth.ScramKeys;
import io.plinth.dbproxy.wire.Authentication;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.ServerMessages;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.dbproxy.wire.StartupPacket;
import io.plinth.kit.config.Secret;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Logs in to a server: start-up, authentication, its settings and key, ready. Owned by the connection's event loop. Then
 * a {@link ServerConnection} takes its place.
 */
final class ServerLogin extends ChannelInboundHandlerAdapter implements FrameReader.Sink {
    private static final int LONGEST_MESSAGE = 64 << 10;

    private final ServerKey key;
    private final Duration timeout;
    private final ServerConnector.Outcome outcome;
    private final Handover handover;
    private final Map<String, String> asked;
    private final Map<String, String> parameters = new LinkedHashMap<>();
    private byte[] endPoint = new byte[0];
    private boolean deadline;
    private int process;
    private byte[] secret = new byte[0];
    private boolean over;
    private boolean authenticated;
    private @Nullable ScramClient scram;
    private @Nullable FrameReader reader;
    private @Nullable ChannelHandlerContext context;

    /** Takes the channel over once the server is ready. */
    interface Handover {
        void ready(ChannelHandlerContext ctx, ServerLogin login, ServerIdentity identity);
    }

    /** {@code asked} are further start-up parameters; {@code outcome} is told of failures only. */
    ServerLogin(
            ServerKey key,
            Duration timeout,
            Map<String, String> asked,
            ServerConnector.Outcome outcome,
            Handover handover) {
        this.key = key;
        this.timeout = timeout;
        this.asked = asked;
        this.outcome = outcome;
        this.handover = handover;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            begin(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        begin(ctx);
    }

    /** The connection has TLS under a certificate with this hash. */
    void bind(byte[] certificateHash) {
        endPoint = certificateHash;
    }

    private void begin(ChannelHandlerContext ctx) {
        context = ctx;
        reader = new FrameReader(ctx.alloc(), LONGEST_MESSAGE);
        Map<String, String> startup = new LinkedHashMap<>();
        startup.put("user", key.login().user());
        startup.put("database", key.database());
        startup.put("application_name", "db-proxy");
        startup.putAll(asked);
        ByteBuf out = ctx.alloc().buffer(128);
        FrontendWriter.startup(out, StartupPacket.NEWEST_MINOR, startup);
        ctx.writeAndFlush(out, ctx.voidPromise());
        startDeadline(ctx);
    }

    void startDeadline(ChannelHandlerContext ctx) {
        if (!deadline) {
            deadline = true;
            ctx.executor()
                    .schedule(
                            () -> fail(ctx, "login took longer than " + timeout.toMillis() + " ms"),
                            timeout.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        FrameReader frames = reader;
        if (frames == null) {
            ((ByteBuf) message).release();
            return;
        }
        try {
            frames.read((ByteBuf) message, this);
        } catch (SqlException e) {
            fail(ctx, e.error());
        } catch (IndexOutOfBoundsException e) {
            fail(ctx, "a message too short for its fields");
        }
    }

    @Override
    public boolean streams(byte type) {
        return false;
    }

    @Override
    public Verdict frame(byte type, ByteBuf body) throws SqlException {
        ChannelHandlerContext ctx = context;
        if (ctx == null || over) {
            return Verdict.DROP;
        }
        switch (type) {
            case Backend.AUTHENTICATION -> authentication(ctx, body);
            case Backend.PARAMETER_STATUS -> parameters.put(ServerMessages.string(body), ServerMessages.string(body));
            case Backend.BACKEND_KEY -> {
                process = body.readInt();
                secret = new byte[body.readableBytes()];
                body.readBytes(secret);
            }
            case Backend.NOTICE, Backend.NEGOTIATE_VERSION -> {}
            case Backend.ERROR -> fail(ctx, ServerMessages.failure(body).error());
            case Backend.READY -> ready(ctx);
            default -> throw new SqlException(SqlError.PROTOCOL_VIOLATION, "message " + (char) type + " during login");
        }
        return Verdict.DROP;
    }

    private void authentication(ChannelHandlerContext ctx, ByteBuf body) throws SqlException {
        int kind = body.readInt();
        switch (kind) {
            case Authentication.OK -> {
                if (scram != null && !authenticated) {
                    throw new SqlException(
                            SqlError.PROTOCOL_VIOLATION, "SCRAM: the server did not prove that it knows us");
                }
            }
            case Authentication.CLEARTEXT -> password(ctx, demanded().reveal());
            case Authentication.MD5 -> {
                byte[] salt = new byte[4];
                body.readBytes(salt);
                String stored = key.login().md5();
                password(
                        ctx,
                        Md5Password.answer(
                                stored == null
                                        ? Md5Password.stored(
                                                key.login().user(), demanded().reveal())
                                        : stored,
                                salt));
            }
            case Authentication.SASL -> saslStart(ctx, body);
            case Authentication.SASL_CONTINUE -> saslContinue(ctx, body);
            case Authentication.SASL_FINAL -> saslFinal(body);
            default ->
                throw new SqlException(
                        SqlError.NOT_SUPPORTED,
                        "authentication method " + kind + " (expected: scram-sha-256, md5, password or trust)");
        }
    }

    private void saslStart(ChannelHandlerContext ctx, ByteBuf body) throws SqlException {
        List<String> mechanisms = new ArrayList<>();
        while (body.isReadable() && body.getByte(body.readerIndex()) != 0) {
            mechanisms.add(ServerMessages.string(body));
        }
        ScramKeys keys = key.login().keys();
        boolean plus = endPoint.length > 0 && mechanisms.contains(Authentication.SCRAM_PLUS);
        if (!plus && !mechanisms.contains(Authentication.SCRAM)) {
            throw new SqlException(
                    "28P01", "authentication mechanisms " + mechanisms + " (expected: " + Authentication.SCRAM + ")");
        }
        String mechanism = plus ? Authentication.SCRAM_PLUS : Authentication.SCRAM;
        // PostgreSQL takes the name from the start-up packet.
        var named =
                ScramClient.builder().advertisedMechanisms(List.of(mechanism)).username("*");
        var builder = keys == null
                ? named.password(demanded().reveal().toCharArray())
                        .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
                : named.clientAndServerKey(keys.clientKey(), keys.serverKey());
        ScramClient client = plus
                ? builder.channelBinding(TlsServerEndpoint.TLS_SERVER_END_POINT, endPoint)
                        .build()
                : builder.build();
        scram = client;
        ByteBuf out = ctx.alloc().buffer(96);
        FrontendWriter.saslInitial(out, mechanism, client.clientFirstMessage().toString());
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    private Secret demanded() throws SqlException {
        Secret password = key.login().password();
        if (password == null) {
            throw new SqlException(
                    "28P01",
                    "the server wants a password for user " + key.login().user()
                            + " (expected: server-password in the configuration)");
        }
        return password;
    }

    private static void password(ChannelHandlerContext ctx, String password) {
        ByteBuf out = ctx.alloc().buffer(64);
        FrontendWriter.password(out, password);
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    /** Key derivation takes milliseconds by design, so it happens off the event loop. */
    private void saslContinue(ChannelHandlerContext ctx, ByteBuf body) throws SqlException {
        ScramClient client = client();
        String serverFirst = body.readCharSequence(body.readableBytes(), StandardCharsets.UTF_8)
                .toString();
        Thread.ofVirtual().name("scram").start(() -> {
            try {
                client.serverFirstMessage(serverFirst);
                byte[] answer = client.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8);
                ctx.executor().execute(() -> {
                    ByteBuf out = ctx.alloc().buffer(answer.length + 5);
                    FrontendWriter.raw(out, Frontend.PASSWORD, answer);
                    ctx.writeAndFlush(out, ctx.voidPromise());
                });
            } catch (ScramException | IllegalArgumentException | IllegalStateException e) {
                ctx.executor().execute(() -> fail(ctx, "SCRAM: " + e.getMessage()));
            }
        });
    }

    private void saslFinal(ByteBuf body) throws SqlException {
        try {
            client().serverFinalMessage(body.readCharSequence(body.readableBytes(), StandardCharsets.UTF_8)
                    .toString());
            authenticated = true;
        } catch (ScramException | IllegalArgumentException e) {
            throw new SqlException("28P01", "SCRAM: " + e.getMessage());
        }
    }

    private ScramClient client() throws SqlException {
        ScramClient client = scram;
        if (client == null) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "SASL out of order");
        }
        return client;
    }

    private void ready(ChannelHandlerContext ctx) throws SqlException {
        if (!"on".equals(parameters.getOrDefault("standard_conforming_strings", "on"))) {
            throw new SqlException(SqlError.NOT_SUPPORTED, "standard_conforming_strings: off (expected: on)");
        }
        over = true;
        FrameReader frames = reader;
        if (frames != null) {
            frames.close();
        }
        handover.ready(ctx, this, new ServerIdentity(process, secret, parameters));
    }

    void fail(ChannelHandlerContext ctx, String why) {
        fail(ctx, SqlError.of(SqlError.CONNECTION_FAILURE, why));
    }

    private void fail(ChannelHandlerContext ctx, SqlError error) {
        if (over) {
            return;
        }
        over = true;
        FrameReader frames = reader;
        if (frames != null) {
            frames.close();
        }
        ctx.close();
        outcome.failed(new SqlError(
                error.code(), "login to " + key.name() + " at " + key.address() + ": " + error.message(), null));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(ctx, "the server closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(ctx, String.valueOf(cause.getMessage()));
    }

    @Override
    public void run(ByteBuf run) {
        run.release();
    }

    @Override
    public void handedOn() {}
}
