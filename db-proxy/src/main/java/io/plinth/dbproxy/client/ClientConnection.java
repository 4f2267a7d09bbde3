package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.dbproxy.wire.StartupPacket;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's channel: start-up packets, then login, then frames for the {@link ClientSession}. Owned by its event loop.
 */
public final class ClientConnection extends ChannelInboundHandlerAdapter implements FrameReader.Sink {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
    private static final byte NOT_ENCRYPTED = 'N';
    private static final int MOST_ENCRYPTION_REQUESTS = 2;

    /** What a client that has not logged in may make the proxy collect; a SASL message is far below it. */
    private static final int LONGEST_BEFORE_LOGIN = 64 * 1024;

    private final Front front;
    private final Runnable closed;
    private boolean counted;
    private int encryptionRequests;
    private long cancelKey = -1;
    private @Nullable ByteBuf startup;
    private @Nullable FrameReader reader;
    private @Nullable Login login;
    private @Nullable ClientSession session;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Future<?> loginDeadline;

    /** {@code closed} runs when the client has gone. */
    public ClientConnection(Front front, Runnable closed) {
        this.front = front;
        this.closed = closed;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        context = ctx;
        counted = true;
        startup = Unpooled.EMPTY_BUFFER;
        int clients = front.metrics().clients.incrementAndGet();
        loginDeadline = ctx.executor()
                .schedule(
                        () -> fatal(ctx, SqlError.of("08006", "login took too long (login-timeout)")),
                        front.limits().login().toMillis(),
                        TimeUnit.MILLISECONDS);
        if (clients > front.limits().clients()) {
            fatal(
                    ctx,
                    SqlError.of(
                            SqlError.TOO_MANY_CONNECTIONS,
                            "more than " + front.limits().clients() + " clients"));
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        try {
            if (reader != null) {
                reader.read(bytes, this);
            } else if (startup != null) {
                start(ctx, bytes);
            } else {
                bytes.release();
            }
        } catch (SqlException e) {
            fatal(ctx, e.error());
        }
    }

    private void start(ChannelHandlerContext ctx, ByteBuf bytes) throws SqlException {
        ByteBuf before = startup;
        ByteBuf all = bytes;
        if (before != null && before.isReadable()) {
            all = ctx.alloc().buffer(before.readableBytes() + bytes.readableBytes());
            all.writeBytes(before).writeBytes(bytes);
            bytes.release();
        }
        if (before != null) {
            before.release();
        }
        startup = all;
        StartupPacket packet = StartupPacket.read(all);
        while (packet != null && reader == null && startup != null) {
            packet(ctx, packet);
            packet = reader == null && startup != null ? StartupPacket.read(all) : null;
        }
        if (reader != null && startup != null) {
            startup = null;
            reader.read(all, this);
        }
    }

    private void packet(ChannelHandlerContext ctx, StartupPacket packet) throws SqlException {
        switch (packet) {
            case StartupPacket.Tls _, StartupPacket.Gss _ -> {
                if (++encryptionRequests > MOST_ENCRYPTION_REQUESTS) {
                    throw new SqlException(
                            SqlError.PROTOCOL_VIOLATION, "more than one request for encryption of a kind");
                }
                ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(NOT_ENCRYPTED), ctx.voidPromise());
            }
            case StartupPacket.Cancel cancel -> {
                front.cancelKeys().cancel(cancel.process(), cancel.secret());
                end();
                ctx.close();
            }
            case StartupPacket.Session asked -> {
                reader = new FrameReader(
                        ctx.alloc(),
                        Math.min(LONGEST_BEFORE_LOGIN, front.limits().message()));
                login = new Login(ctx, front, this::loggedIn);
                login.begin(asked, remote(ctx));
            }
        }
    }

    private static @Nullable InetSocketAddress remote(ChannelHandlerContext ctx) {
        return ctx.channel().remoteAddress() instanceof InetSocketAddress address ? address : null;
    }

    /** The client is who it says: learn what servers report, if no one has yet, and let it in. */
    private void loggedIn(StartupSettings asked, Database database, Database.User user) {
        ChannelHandlerContext ctx = context;
        FrameReader frames = reader;
        if (ctx == null || frames == null || startupOver()) {
            return;
        }
        login = null;
        frames.limit(front.limits().message());
        ClientSession opened = new ClientSession(ctx.channel(), frames, front, database, user, asked);
        session = opened;
        if (!database.parameters().isEmpty()) {
            welcome(ctx, opened, asked, database);
            return;
        }
        ctx.channel().config().setAutoRead(false);
        ServerKey primary = opened.servers().primary(database.topology().defaultShard());
        opened.servers()
                .acquire(
                        primary,
                        connection -> {
                            database.parameters(connection.identity().parameters());
                            opened.servers().giveBack(connection);
                            ctx.channel().config().setAutoRead(true);
                            welcome(ctx, opened, asked, database);
                        },
                        why -> fatal(ctx, why));
    }

    private boolean startupOver() {
        return session != null;
    }

    private void welcome(ChannelHandlerContext ctx, ClientSession opened, StartupSettings asked, Database database) {
        if (!ctx.channel().isActive()) {
            return;
        }
        endDeadline();
        ByteBuf out = ctx.alloc().buffer(512);
        BackendWriter.authenticationOk(out);
        Map<String, String> reported = new TreeMap<>(database.parameters());
        reported.put("in_hot_standby", "off");
        Map<String, String> spelled = new HashMap<>();
        reported.keySet().forEach(name -> spelled.put(name.toLowerCase(java.util.Locale.ROOT), name));
        reported.put("application_name", "");
        asked.values().forEach((name, value) -> {
            String reportedName = spelled.get(name);
            if (reportedName != null && !name.equals("datestyle")) {
                reported.put(reportedName, value);
            }
        });
        reported.forEach((name, value) -> {
            opened.settings().tell(name, value);
            BackendWriter.parameterStatus(out, name, value);
        });
        cancelKey = front.cancelKeys().enter(opened);
        BackendWriter.backendKey(out, (int) (cancelKey >>> 32), (int) cancelKey);
        BackendWriter.ready(out, Backend.IDLE);
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    @Override
    public boolean streams(byte type) {
        ClientSession open = session;
        return type == Frontend.COPY_DATA && open != null && open.copying();
    }

    @Override
    public Verdict frame(byte type, ByteBuf body) throws SqlException {
        FrameReader frames = reader;
        if (frames != null) {
            // Copied data that came before this message goes first.
            frames.cut(this);
        }
        ClientMessage message = ClientMessage.read(type, body);
        Login pending = login;
        ClientSession open = session;
        if (pending != null) {
            pending.receive(message);
        } else if (open != null) {
            open.receive(message);
        }
        return Verdict.DROP;
    }

    @Override
    public void run(ByteBuf run) {
        ClientSession open = session;
        if (open == null) {
            run.release();
        } else {
            open.copied(run);
        }
    }

    @Override
    public void handedOn() {}

    /** Ends the conversation with an error. */
    void fatal(ChannelHandlerContext ctx, SqlError error) {
        if (session == null) {
            front.metrics().loginFailures.inc();
        }
        LOG.debug("client refused: {} - client={}", error, ctx.channel().remoteAddress());
        end();
        ByteBuf out = ctx.alloc().buffer(256);
        BackendWriter.error(out, "FATAL", error);
        ctx.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
    }

    /** Lets the client go when it is between transactions; tells whether it was. */
    public boolean closeWhenQuiet() {
        ChannelHandlerContext ctx = context;
        ClientSession open = session;
        if (ctx == null || (open != null && !open.quiet())) {
            return false;
        }
        fatal(ctx, SqlError.of("57P01", "the proxy is shutting down"));
        return true;
    }

    private void end() {
        endDeadline();
        FrameReader frames = reader;
        if (frames != null) {
            frames.close();
        }
        ByteBuf rest = startup;
        startup = null;
        if (rest != null) {
            rest.release();
        }
        login = null;
        ClientSession open = session;
        if (open != null) {
            open.close();
        }
        if (cancelKey >= 0) {
            front.cancelKeys().leave(cancelKey);
            cancelKey = -1;
        }
    }

    private void endDeadline() {
        Future<?> deadline = loginDeadline;
        loginDeadline = null;
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ClientSession open = session;
        if (open != null && ctx.channel().isWritable()) {
            open.clientWritable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end();
        if (counted) {
            counted = false;
            front.metrics().clients.decrementAndGet();
            closed.run();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("client connection failed - client={}", ctx.channel().remoteAddress(), cause);
        ctx.close();
    }
}
