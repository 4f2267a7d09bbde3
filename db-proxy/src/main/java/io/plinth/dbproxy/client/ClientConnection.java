package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.auth.ClientEncryption;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.session.StartupSettings;
import io.plinth.dbproxy.usage.Usage;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.dbproxy.wire.StartupPacket;
import io.plinth.kit.net.LoopPace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's channel: start-up packets, then login, then frames for the {@link ClientSession}. Owned by its event loop.
 */
public final class ClientConnection extends ChannelInboundHandlerAdapter implements FrameReader.Sink {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
    private static final byte ENCRYPTED = 'S';
    private static final byte NOT_ENCRYPTED = 'N';
    /** The first byte of a TLS record with a ClientHello: direct TLS, as libpq 17 can begin. */
    private static final byte TLS_HANDSHAKE = 0x16;

    private static final int MOST_ENCRYPTION_REQUESTS = 2;

    /** What a client that has not logged in may make the proxy collect; a SASL message is far below it. */
    private static final int LONGEST_BEFORE_LOGIN = 64 * 1024;

    private final Front front;
    private final LoopPace pace;
    private boolean counted;
    private int encryptionRequests;
    private boolean longKeys;
    private boolean relaying;
    private CancelKeys.@Nullable Key cancelKey;
    private @Nullable SslHandler tls;
    private @Nullable ByteBuf startup;
    private @Nullable FrameReader reader;
    private @Nullable Login login;
    private long id;
    private @Nullable Instant connected;
    private @Nullable Usage usage;
    private @Nullable Conversation session;
    private Database.@Nullable User user;
    private @Nullable Database database;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Future<?> loginDeadline;

    public ClientConnection(Front front, LoopPace pace) {
        this.front = front;
        this.pace = pace;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        context = ctx;
        counted = true;
        connected = front.clock().instant();
        id = front.clients().enter(this);
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
        Usage counts = usage;
        if (counts != null) {
            counts.received += bytes.readableBytes();
        }
        try {
            if (reader != null) {
                reader.read(bytes, this);
            } else if (startup != null) {
                start(ctx, bytes);
            } else if (relaying) {
                ctx.fireChannelRead(bytes);
            } else {
                bytes.release();
            }
        } catch (SqlException e) {
            fatal(ctx, e.error());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        pace.ready(ctx.channel().eventLoop());
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
        if (tls == null
                && encryptionRequests == 0
                && all.isReadable()
                && all.getByte(all.readerIndex()) == TLS_HANDSHAKE) {
            startTls(ctx, true);
            startup = Unpooled.EMPTY_BUFFER;
            ctx.pipeline().fireChannelRead(all);
            ctx.pipeline().fireChannelReadComplete();
            return;
        }
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
            case StartupPacket.Tls _, StartupPacket.Gss _ -> encryption(ctx, packet instanceof StartupPacket.Tls);
            case StartupPacket.Cancel cancel -> {
                front.cancelKeys().cancel(cancel.process(), cancel.secret());
                end();
                ctx.close();
            }
            case StartupPacket.Session asked -> {
                reader = new FrameReader(
                        ctx.alloc(),
                        Math.min(LONGEST_BEFORE_LOGIN, front.limits().message()));
                longKeys = asked.minor() >= 2;
                begin(ctx, asked);
            }
        }
    }

    private void encryption(ChannelHandlerContext ctx, boolean wantsTls) throws SqlException {
        if (++encryptionRequests > MOST_ENCRYPTION_REQUESTS || tls != null) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "more than one request for encryption of a kind");
        }
        boolean granted = wantsTls && front.encryption() != null;
        ByteBuf more = startup;
        if (granted && more != null && more.isReadable()) {
            // Somebody in the middle may have put it there (CVE-2021-23214).
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "unencrypted bytes after the request for TLS");
        }
        ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(granted ? ENCRYPTED : NOT_ENCRYPTED), ctx.voidPromise());
        if (granted) {
            startTls(ctx, false);
        }
    }

    /** {@code direct}: without asking first, and then the client must name the protocol (ALPN). */
    private void startTls(ChannelHandlerContext ctx, boolean direct) throws SqlException {
        ClientEncryption encryption = front.encryption();
        if (encryption == null) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "TLS is not configured here (db-proxy.tls)");
        }
        SslHandler handler = encryption.handler(ctx.alloc());
        tls = handler;
        ctx.pipeline().addFirst("tls", handler);
        handler.handshakeFuture().addListener(done -> {
            boolean named = ClientEncryption.PROTOCOL.equals(handler.applicationProtocol());
            if (!done.isSuccess() || (direct && !named)) {
                LOG.debug("TLS with a client failed - client={}", ctx.channel().remoteAddress(), done.cause());
                end();
                ctx.close();
            }
        });
    }

    private void begin(ChannelHandlerContext ctx, StartupPacket.Session asked) throws SqlException {
        ClientEncryption encryption = front.encryption();
        SslHandler handler = tls;
        InetSocketAddress remote = remote(ctx);
        InetAddress address = remote == null ? null : remote.getAddress();
        boolean local = address != null && address.isLoopbackAddress();
        if (encryption != null && encryption.required() && handler == null && !local) {
            throw new SqlException("28000", "connection without TLS (expected: sslmode=require)");
        }
        Peer peer = new Peer(
                address,
                handler != null,
                handler == null ? null : ClientEncryption.commonName(handler),
                handler == null || encryption == null ? new byte[0] : encryption.endPoint());
        Login started = new Login(ctx, front, peer, new Login.Done() {
            @Override
            public void accept(StartupSettings settings, Database database, Database.User user) {
                loggedIn(settings, database, user);
            }

            @Override
            public void refuse(SqlError why) {
                fatal(ctx, why);
            }
        });
        login = started;
        started.begin(asked);
    }

    private static @Nullable InetSocketAddress remote(ChannelHandlerContext ctx) {
        return ctx.channel().remoteAddress() instanceof InetSocketAddress address ? address : null;
    }

    /** The client is who it says: learn what servers report, if no one has yet, and let it in. */
    private void loggedIn(StartupSettings asked, Database chosen, Database.User known) {
        ChannelHandlerContext ctx = context;
        FrameReader frames = reader;
        if (ctx == null || frames == null || startupOver()) {
            return;
        }
        login = null;
        database = chosen;
        user = known;
        AdminConsole console = front.console();
        if (console != null && chosen == console.realm()) {
            session = console.open(ctx.channel(), known, asked.values().getOrDefault("application_name", ""));
            endDeadline();
            return;
        }
        if (asked.replication() != null) {
            relay(ctx, asked, chosen, known);
            return;
        }
        frames.limit(front.limits().message());
        ClientSession opened = new ClientSession(ctx.channel(), frames, front, chosen, known, asked);
        session = opened;
        usage = opened.usage();
        if (!chosen.parameters().isEmpty()) {
            welcome(ctx, opened, asked, chosen);
            return;
        }
        ctx.channel().config().setAutoRead(false);
        ServerKey primary = opened.servers().primary(chosen.topology().defaultShard());
        opened.servers()
                .acquire(
                        primary,
                        front.nanoTime().getAsLong(),
                        connection -> {
                            chosen.parameters(connection.identity().parameters());
                            opened.servers().giveBack(connection);
                            ctx.channel().config().setAutoRead(true);
                            welcome(ctx, opened, asked, chosen);
                        },
                        why -> fatal(ctx, why));
    }

    private void relay(ChannelHandlerContext ctx, StartupSettings asked, Database chosen, Database.User known) {
        endDeadline();
        ReplicationRelay.begin(
                ctx,
                front,
                known.servers(chosen.topology().defaultShard()).primary(),
                chosen.rules().pool().connect(),
                asked,
                cancellable -> {
                    FrameReader frames = reader;
                    if (frames != null) {
                        frames.close();
                    }
                    reader = null;
                    relaying = true;
                    CancelKeys.Key key = front.cancelKeys().enter(cancellable, longKeys);
                    cancelKey = key;
                    return key;
                },
                why -> fatal(ctx, why));
    }

    private boolean startupOver() {
        return session != null;
    }

    private void welcome(ChannelHandlerContext ctx, ClientSession opened, StartupSettings asked, Database chosen) {
        if (!ctx.channel().isActive()) {
            return;
        }
        endDeadline();
        CancelKeys.Key key = front.cancelKeys().enter(opened, longKeys);
        cancelKey = key;
        ByteBuf out = ctx.alloc().buffer(512);
        Welcome.write(out, opened.settings(), asked, chosen.parameters(), key);
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    @Override
    public boolean streams(byte type) {
        Conversation open = session;
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
        Conversation open = session;
        if (pending != null) {
            pending.receive(message);
        } else if (open != null) {
            open.receive(message);
        }
        return Verdict.DROP;
    }

    @Override
    public void run(ByteBuf run) {
        Conversation open = session;
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

    EventLoop loop() {
        return context().channel().eventLoop();
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("a client before its channel was active - id=" + id);
        }
        return ctx;
    }

    /** What it is logged in to; null before. */
    public @Nullable Database database() {
        return database;
    }

    public long id() {
        return id;
    }

    /** Lets the client go when it is between transactions. */
    void closeWhenQuiet(String why) {
        Conversation open = session;
        if (open == null || open.quiet()) {
            end(why);
        }
    }

    /** Ends the conversation, whatever is under way. */
    void end(String why) {
        ChannelHandlerContext ctx = context();
        if (ctx.channel().isActive()) {
            fatal(ctx, SqlError.of("57P01", why));
        }
    }

    /** Closes the channel without a word. */
    void drop() {
        context().close();
    }

    /** The client as it is now; null before it is logged in. */
    @Nullable
    ClientView view() {
        Conversation open = session;
        Database.User known = user;
        Database of = database;
        Instant since = connected;
        if (open == null || known == null || of == null || since == null) {
            return null;
        }
        ChannelHandlerContext ctx = context();
        Conversation.State state = open.state();
        return new ClientView(
                id,
                known.name(),
                known.serverName(),
                of.name(),
                remote(ctx),
                ctx.channel().localAddress() instanceof InetSocketAddress local ? local : null,
                since,
                front.nanoTime().getAsLong() - state.sinceNanos(),
                tls != null,
                state);
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
        Login pending = login;
        login = null;
        if (pending != null) {
            pending.end();
        }
        Conversation open = session;
        if (open != null) {
            open.close();
        }
        CancelKeys.Key key = cancelKey;
        cancelKey = null;
        if (key != null) {
            front.cancelKeys().leave(key);
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
        Conversation open = session;
        if (open != null && ctx.channel().isWritable()) {
            open.clientWritable();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end();
        if (counted) {
            counted = false;
            front.metrics().clients.decrementAndGet();
            front.clients().leave(this);
        }
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("client connection failed - client={}", ctx.channel().remoteAddress(), cause);
        ctx.close();
    }
}
