package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.auth.Credential;
import io.plinth.dbproxy.auth.Md5Password;
import io.plinth.dbproxy.auth.Method;
import io.plinth.dbproxy.auth.ScramExchange;
import io.plinth.dbproxy.auth.ScramKeys;
import io.plinth.dbproxy.auth.ScramVerifier;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.session.StartupSettings;
import io.plinth.dbproxy.wire.Authentication;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.dbproxy.wire.StartupPacket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From the start-up packet to a user who is believed. Owned by the connection's event loop.
 *
 * <p>The first access rule that matches says how. A user that does not exist goes through the same exchange as one that
 * does, so that nobody learns which users there are.
 */
final class Login {
    /** Takes the user in, or tells why not. */
    interface Done {
        void accept(StartupSettings asked, Database database, Database.User user);

        void refuse(SqlError why);
    }

    private enum Step {
        START,
        SASL_FIRST,
        SASL_LAST,
        MD5,
        CLEARTEXT,
        /** A server or a key derivation is waited for. */
        WAITING,
        OVER
    }

    private final ChannelHandlerContext ctx;
    private final Front front;
    private final Peer peer;
    private final Done done;
    private Step step = Step.START;
    private Credential credential = Credential.NONE;
    private byte[] salt = new byte[0];
    private @Nullable StartupSettings asked;
    private @Nullable Database database;
    private Database.@Nullable User user;
    private @Nullable ScramExchange exchange;

    Login(ChannelHandlerContext ctx, Front front, Peer peer, Done done) {
        this.ctx = ctx;
        this.front = front;
        this.peer = peer;
        this.done = done;
    }

    void begin(StartupPacket.Session packet) throws SqlException {
        StartupSettings settings = StartupSettings.of(packet.parameters());
        asked = settings;
        if (packet.minor() > StartupPacket.NEWEST_MINOR
                || !settings.unknownOptions().isEmpty()) {
            ByteBuf out = ctx.alloc().buffer(64);
            BackendWriter.negotiateVersion(
                    out, Math.min(packet.minor(), StartupPacket.NEWEST_MINOR), settings.unknownOptions());
            ctx.write(out, ctx.voidPromise());
        }
        Database found = database(settings);
        database = found;
        if (found != null && found.gate().shut()) {
            throw new SqlException(
                    SqlError.CANNOT_CONNECT_NOW, "database \"" + found.name() + "\" takes no new clients (DISABLE)");
        }
        AccessRules.Rule rule = found == null ? null : demand(found.rules().access(), settings);
        Method method = rule == null ? Method.SCRAM : rule.method();
        user = found == null ? null : found.user(settings.user());
        if (found != null && user == null && found.lookup() != null && method != Method.REJECT) {
            look(found, settings.user(), method);
        } else {
            prove(method);
        }
    }

    /** A standby need not say which database: there is one, or the name decides. */
    private @Nullable Database database(StartupSettings settings) {
        AdminConsole console = front.console();
        if (console != null && console.realm().name().equals(settings.database())) {
            return console.realm();
        }
        Map<String, Database> databases = front.databases().get();
        Database found = databases.get(settings.database());
        boolean only = found == null && settings.physical() && databases.size() == 1;
        return only ? databases.values().iterator().next() : found;
    }

    private AccessRules.Rule demand(AccessRules rules, StartupSettings settings) throws SqlException {
        AccessRules.Rule rule = rules.match(new AccessRules.Visitor(
                settings.database(), settings.user(), settings.physical(), peer.encrypted(), peer.address()));
        if (rule == null || rule.method() == Method.REJECT) {
            throw new SqlException(
                    "28000",
                    (rule == null ? "no access rule for" : "an access rule rejects") + " user \"" + settings.user()
                            + "\", database \"" + settings.database() + "\", "
                            + (peer.encrypted() ? "with TLS" : "without TLS"));
        }
        boolean named = rule.method() == Method.CERT || rule.certificate() == AccessRules.Certificate.NAMED;
        String name = peer.certificateName();
        if (named && !settings.user().equals(name)) {
            throw new SqlException(
                    "28000",
                    "certificate authentication failed for user \"" + settings.user()
                            + "\" (expected: a client certificate with that common name)");
        }
        if (rule.certificate() == AccessRules.Certificate.VALID && name == null) {
            throw new SqlException("28000", "connection requires a valid client certificate");
        }
        return rule;
    }

    /** Asks a server for what it stores of a user who is not configured. */
    private void look(Database found, String name, Method method) {
        step = Step.WAITING;
        front.userLookup().find(ctx.channel().eventLoop(), found, name, ctx.channel()::isActive, stored -> {
            if (step != Step.WAITING) {
                return;
            }
            try {
                if (stored != null) {
                    user = found.looked(name, stored, null);
                }
                prove(method);
            } catch (SqlException e) {
                refuse(e.error());
            }
        });
    }

    private void prove(Method method) throws SqlException {
        StartupSettings settings = settings();
        Database.User known = user;
        credential = known == null ? Credential.NONE : known.credential();
        boolean certified = method == Method.CERT || method == Method.TRUST;
        if (certified && known != null) {
            finish(null);
            return;
        }
        ByteBuf out = ctx.alloc().buffer(64);
        if (method == Method.PASSWORD) {
            BackendWriter.authenticationCleartext(out);
            step = Step.CLEARTEXT;
        } else if (credential.md5() != null && (method == Method.MD5 || credential.scram() == null)) {
            salt = new byte[4];
            front.random().nextBytes(salt);
            BackendWriter.authenticationMd5(out, salt);
            step = Step.MD5;
        } else {
            ScramVerifier verifier = credential.scram();
            exchange = verifier == null
                    ? new ScramExchange(decoy(settings.user()), false, front.random())
                    : new ScramExchange(verifier, true, front.random());
            List<String> mechanisms = new ArrayList<>();
            if (peer.encrypted()) {
                mechanisms.add(Authentication.SCRAM_PLUS);
            }
            mechanisms.add(Authentication.SCRAM);
            BackendWriter.sasl(out, mechanisms);
            step = Step.SASL_FIRST;
        }
        ctx.writeAndFlush(out, ctx.voidPromise());
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
        if (!(message instanceof ClientMessage.Password(byte[] body))) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "message during login (expected: a password message)");
        }
        switch (step) {
            case SASL_FIRST -> saslFirst(body);
            case SASL_LAST -> saslLast(body);
            case MD5 -> md5(text(body));
            case CLEARTEXT -> cleartext(text(body));
            case START, WAITING, OVER ->
                throw new SqlException(SqlError.PROTOCOL_VIOLATION, "a password message nobody asked for");
        }
    }

    private static String text(byte[] body) throws SqlException {
        if (body.length == 0 || body[body.length - 1] != 0) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "password message: without its end");
        }
        return new String(body, 0, body.length - 1, StandardCharsets.UTF_8);
    }

    /** SASLInitialResponse: the mechanism's name, then the length of the rest. */
    private void saslFirst(byte[] body) throws SqlException {
        int end = 0;
        while (end < body.length && body[end] != 0) {
            end++;
        }
        String mechanism = new String(body, 0, end, StandardCharsets.US_ASCII);
        boolean plus = mechanism.equals(Authentication.SCRAM_PLUS) && peer.encrypted();
        int start = end + 5;
        if ((!plus && !mechanism.equals(Authentication.SCRAM)) || start > body.length) {
            throw new SqlException(
                    SqlError.PROTOCOL_VIOLATION,
                    "SASL mechanism: " + mechanism + " (expected: " + Authentication.SCRAM + ")");
        }
        int length = ByteBuffer.wrap(body, end + 1, 4).getInt();
        if (length != body.length - start) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "SASL response length: " + length);
        }
        ScramExchange scram = scram();
        if (peer.encrypted()) {
            scram.encrypted(peer.endPoint(), plus);
        }
        step = Step.SASL_LAST;
        say(Authentication.SASL_CONTINUE, scram.first(new String(body, start, length, StandardCharsets.UTF_8)));
    }

    private void saslLast(byte[] body) throws SqlException {
        ScramExchange scram = scram();
        say(Authentication.SASL_FINAL, scram.last(settings().user(), new String(body, StandardCharsets.UTF_8)));
        finish(scram.keys());
    }

    private void say(int kind, String data) {
        ByteBuf out = ctx.alloc().buffer(128);
        BackendWriter.saslData(out, kind, data);
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    private void md5(String answer) throws SqlException {
        String stored = credential.md5();
        if (stored == null || !Md5Password.matches(stored, salt, answer)) {
            throw failed();
        }
        finish(null);
    }

    /** Checks the password against what is stored, off the loop; where nothing is, a server may be asked. */
    private void cleartext(String password) throws SqlException {
        Database found = database;
        String name = settings().user();
        if (found == null || (user == null && !found.rules().passThrough())) {
            throw failed();
        }
        step = Step.WAITING;
        if (user == null || credential.none()) {
            Database.User tried = found.passed(name, password);
            front.userLookup().accepts(ctx.channel().eventLoop(), found, tried, ctx.channel()::isActive, why -> {
                user = tried;
                end(why == null);
            });
            return;
        }
        Credential stored = credential;
        Thread.ofVirtual().name("password").start(() -> {
            boolean right = stored.isPassword(name, password);
            ctx.executor().execute(() -> end(right));
        });
    }

    private void end(boolean right) {
        if (step != Step.WAITING) {
            return;
        }
        try {
            if (!right) {
                throw failed();
            }
            finish(null);
        } catch (SqlException e) {
            refuse(e.error());
        }
    }

    private SqlException failed() {
        StartupSettings settings = asked;
        return new SqlException(
                "28P01",
                "password authentication failed for user \"" + (settings == null ? "" : settings.user()) + "\"");
    }

    private void refuse(SqlError why) {
        step = Step.OVER;
        done.refuse(why);
    }

    /** Nothing is waited for any more. */
    void end() {
        step = Step.OVER;
    }

    private StartupSettings settings() {
        StartupSettings settings = asked;
        if (settings == null) {
            throw new IllegalStateException("login before its packet - step=" + step);
        }
        return settings;
    }

    private ScramExchange scram() {
        ScramExchange scram = exchange;
        if (scram == null) {
            throw new IllegalStateException("no exchange - step=" + step);
        }
        return scram;
    }

    private void finish(@Nullable ScramKeys keys) throws SqlException {
        StartupSettings settings = settings();
        Database found = database;
        Database.User known = user;
        step = Step.OVER;
        if (known == null || found == null) {
            throw failed();
        }
        String encoding =
                settings.values().getOrDefault("client_encoding", "UTF8").replaceAll("[^A-Za-z0-9]", "");
        if (found.topology().sharded() && !encoding.equalsIgnoreCase("utf8") && !encoding.equalsIgnoreCase("unicode")) {
            throw new SqlException(
                    SqlError.NOT_SUPPORTED,
                    "client_encoding: " + encoding + " (expected: UTF8, with more than one shard)");
        }
        front.clients().admit(ctx.channel(), found, known.name());
        done.accept(settings, found, keys == null ? known : found.proven(known, keys));
    }
}
