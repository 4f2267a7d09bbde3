package io.plinth.kvcache.session;

import io.plinth.kvcache.acl.UserRef;
import io.plinth.kvcache.keyspace.Watcher;
import io.plinth.kvcache.keyspace.store.Databases;
import io.plinth.kvcache.session.BufferLimits.ClientClass;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.OutputLimitException;
import io.plinth.kvcache.wire.ProtocolException;
import io.plinth.kvcache.wire.ReplyWriter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop: what a connection has said about itself. CLIENT LIST reads some of it from other loops. */
public final class Client {
    private final long id;
    private final String address;
    private final String localAddress;
    private final long connectedMillis;
    private final ReplyWriter out;
    private final Outlet outlet;
    private final ClientMemory memory;
    private final Watcher watcher = new Watcher();
    private final Set<Channel> channels = new LinkedHashSet<>();
    private final Set<Channel> patterns = new LinkedHashSet<>();
    private final Set<Channel> shardChannels = new LinkedHashSet<>();
    private @Nullable Transaction transaction;
    private ReplyMode replyMode = ReplyMode.ON;
    private volatile String name = "";
    private volatile String libraryName = "";
    private volatile String libraryVersion = "";
    private volatile String lastCommand = "NULL";
    private volatile int database;
    private volatile Databases.Order order = Databases.Order.FIRST;
    private volatile boolean authenticated;
    private volatile boolean noEvict;
    private volatile boolean noTouch;
    private volatile boolean closing;
    private volatile @Nullable Blocked blocked;
    private volatile @Nullable TrackingMode tracking;
    private volatile boolean redirectBroken;
    private boolean caching;
    private boolean primary;
    private volatile boolean copies;
    private boolean debugsScripts;
    private CopyTerms copyTerms = CopyTerms.NONE;
    private volatile boolean secure;
    private Client principal = this;
    private volatile @Nullable UserRef user;
    private long seenMillis;
    private long busyUntil;
    private long came;
    private long movedBefore;
    private boolean running;
    private long argumentBytes;
    private volatile boolean monitors;
    private final ArrayDeque<Runnable> messages = new ArrayDeque<>();
    private long messageBytes;
    private volatile long slowSince;

    public Client(
            long id,
            String address,
            String localAddress,
            long nowMillis,
            ReplyWriter out,
            Outlet outlet,
            ClientMemory memory) {
        this.id = id;
        this.address = address;
        this.localAddress = localAddress;
        this.connectedMillis = nowMillis;
        this.seenMillis = nowMillis;
        this.out = out;
        this.outlet = outlet;
        this.memory = memory;
    }

    public long id() {
        return id;
    }

    public String address() {
        return address;
    }

    public String localAddress() {
        return localAddress;
    }

    public long connectedMillis() {
        return connectedMillis;
    }

    public ReplyWriter out() {
        return out;
    }

    public Outlet outlet() {
        return outlet;
    }

    public Watcher watcher() {
        return watcher;
    }

    public Set<Channel> channels() {
        return channels;
    }

    public Set<Channel> patterns() {
        return patterns;
    }

    public Set<Channel> shardChannels() {
        return shardChannels;
    }

    /** Channels and patterns together, as SUBSCRIBE counts them. */
    public int subscriptions() {
        return channels.size() + patterns.size();
    }

    /** Whether it speaks RESP2 and has subscribed, and may therefore only say a few things. */
    public boolean confined() {
        return out.protocol() == 2 && subscriptions() + shardChannels.size() > 0;
    }

    /** The commands since MULTI, or null outside a transaction. */
    public @Nullable Transaction transaction() {
        return transaction;
    }

    /** MULTI. */
    public void begin() {
        transaction = new Transaction(memory);
    }

    /** EXEC or DISCARD: ends the transaction and every WATCH. */
    public void end() {
        Transaction ending = transaction;
        if (ending != null) {
            ending.end();
            transaction = null;
        }
        if (watcher.size() > 0) {
            watcher.clear();
        }
    }

    public ReplyMode replyMode() {
        return replyMode;
    }

    public void replyMode(ReplyMode mode) {
        replyMode = mode;
    }

    public String name() {
        return name;
    }

    public void name(String text) {
        name = text;
    }

    public String libraryName() {
        return libraryName;
    }

    public void libraryName(String text) {
        libraryName = text;
    }

    public String libraryVersion() {
        return libraryVersion;
    }

    public void libraryVersion(String text) {
        libraryVersion = text;
    }

    /** The database it chose, by its number in records as the command that runs knows it. */
    public int db() {
        return order.stored(database);
    }

    /** The database it chose. */
    public int database() {
        return database;
    }

    /** Chooses a database. */
    public void database(int index) {
        database = index;
    }

    /** Where databases are for the command that runs. */
    public Databases.Order order() {
        return order;
    }

    /** A command begins, or holds segments now: databases are there. Others read it, and it seldom changes, so it is seldom written. */
    @SuppressWarnings("ReferenceEquality")
    public void order(Databases.Order now) {
        if (order != now) {
            order = now;
        }
    }

    public boolean authenticated() {
        return authenticated;
    }

    public void authenticated(boolean yes) {
        authenticated = yes;
    }

    public boolean noEvict() {
        return noEvict;
    }

    public void noEvict(boolean yes) {
        noEvict = yes;
    }

    public boolean noTouch() {
        return noTouch;
    }

    public void noTouch(boolean yes) {
        noTouch = yes;
    }

    /** How it tracks what it reads; null where it does not. */
    public @Nullable TrackingMode tracking() {
        return tracking;
    }

    void tracking(@Nullable TrackingMode mode) {
        tracking = mode;
    }

    /** Whether the client that is told of changes in its stead was gone. */
    public boolean redirectBroken() {
        return redirectBroken;
    }

    public void redirectBroken(boolean yes) {
        redirectBroken = yes;
    }

    /** Whether CLIENT CACHING was the command before. */
    public boolean caching() {
        return caching;
    }

    public void caching(boolean yes) {
        caching = yes;
    }

    /** Who it said it is; null for the default user. */
    public @Nullable UserRef user() {
        return user;
    }

    public void user(@Nullable UserRef known) {
        user = known;
    }

    /** For whom its commands are run: itself, but for the client of scripts. */
    public Client principal() {
        return principal;
    }

    public void principal(Client caller) {
        principal = caller;
    }

    /** Whether its commands are those of the Redis that this node follows. */
    public boolean primary() {
        return primary;
    }

    public void primary(boolean yes) {
        primary = yes;
    }

    /** Whether it said SCRIPT DEBUG YES. */
    public boolean debugsScripts() {
        return debugsScripts;
    }

    public void debugsScripts(boolean yes) {
        debugsScripts = yes;
    }

    /** What it said with REPLCONF. */
    public CopyTerms copyTerms() {
        return copyTerms;
    }

    public void copyTerms(CopyTerms terms) {
        copyTerms = terms;
    }

    /** It gets a file of all keys. */
    public void copies(boolean yes) {
        copies = yes;
    }

    /** Which limit counts for what waits for it. From any thread, as it stands. */
    public ClientClass bufferClass() {
        if (copies) {
            return ClientClass.REPLICA;
        }
        return subscriptions() + shardChannels.size() > 0 ? ClientClass.PUBSUB : ClientClass.NORMAL;
    }

    /** Bytes that wait until it takes them. */
    long waiting() {
        return outlet.pending() + out.size() + messageBytes();
    }

    /** Since when more waits for it than may for a while; 0 where it does not. */
    long slowSince() {
        return slowSince;
    }

    void slowSince(long millis) {
        slowSince = millis;
    }

    /** Whether it came with TLS. */
    public boolean secure() {
        return secure;
    }

    public void secure(boolean yes) {
        secure = yes;
    }

    /** What its blocking command waits for; null when it does not wait. */
    public @Nullable Blocked blocked() {
        return blocked;
    }

    /** Begins or ends the wait of a blocking command. On the connection's loop. */
    public void blocked(@Nullable Blocked by) {
        blocked = by;
    }

    /** Whether no further command is read from it. */
    public boolean closing() {
        return closing;
    }

    /** Reads no further command and closes once everything written is sent. */
    public void close() {
        closing = true;
        outlet.close();
    }

    /** It sent what is no command: is told why, and closed. */
    void ends(ProtocolException why) {
        out.error("ERR " + why.getMessage());
        close();
    }

    /** Reads no further command and closes at once, because the client does not keep up or is not wanted. */
    public void abort() {
        closing = true;
        outlet.abort();
    }

    /** A command of it begins, with arguments of so many bytes: a message for it waits for the end of the reply, as since Redis 7.2. */
    public void startCommand(long bytes) {
        argumentBytes = bytes;
        running = true;
    }

    /** Bytes of the arguments of the command that runs or waits; 0 for none. */
    public long argumentBytes() {
        return running || blocked != null ? argumentBytes : 0;
    }

    /** Whether it sees every command. */
    public boolean monitors() {
        return monitors;
    }

    public void monitors(boolean yes) {
        monitors = yes;
    }

    /** The reply is written: so are the messages that came meanwhile. */
    public void endCommand() {
        running = false;
        for (Runnable write = messages.poll(); write != null; write = messages.poll()) {
            write.run();
        }
        messageBytes = 0;
    }

    /** Writes a message now, or after the reply of the command that is running. */
    void message(int bytes, Runnable write) {
        if (running) {
            messages.add(write);
            messageBytes += bytes;
        } else {
            write.run();
        }
    }

    /** About the bytes of messages that wait for the end of a command. */
    long messageBytes() {
        return running ? messageBytes : 0;
    }

    /** Remembers that a command came. */
    public void seen(long nowMillis, String command) {
        seenMillis = nowMillis;
        lastCommand = command;
    }

    /** Until when it waited for a reply, as far as is known; unlike a command that came it is not shown. */
    long busyUntil() {
        return busyUntil;
    }

    void busyUntil(long millis) {
        busyUntil = millis;
    }

    /** Bytes of it came; answers whether they are read. */
    boolean came(int bytes) {
        came += bytes;
        return !closing;
    }

    /** Whether it sent something, took some of its replies, or got some, since the last look. */
    boolean moves() {
        long moved = 31 * came + outlet.moved();
        boolean moves = moved != movedBefore;
        movedBefore = moved;
        return moves;
    }

    public long seenMillis() {
        return seenMillis;
    }

    public String lastCommand() {
        return lastCommand;
    }

    /**
     * Writes what it did not ask for, behind what waits for it. From any thread.
     *
     * @param bytes about how many
     * @param limits how many may wait for it; a client that does not read so much is closed
     */
    public void push(int bytes, BufferLimits limits, Consumer<ReplyWriter> message) {
        outlet.run(() -> {
            if (!closing() && !limits.cutsPushed(this, bytes)) {
                message(bytes, () -> write(message));
            }
        });
    }

    private void write(Consumer<ReplyWriter> message) {
        if (closing()) {
            return;
        }
        int mark = out.size();
        try {
            message.accept(out);
        } catch (OutputLimitException e) {
            out.rewind(mark);
            abort();
        }
        outlet.written();
    }

    /** Host and port as CLIENT LIST has them. */
    static String address(@Nullable SocketAddress address) {
        if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
            String host = inet.getAddress().getHostAddress();
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + inet.getPort();
        }
        return "?:0";
    }
}
