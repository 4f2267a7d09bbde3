package io.plinth.mqbroker.session;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.auth.Sasl;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.ReplyCode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the connection's event loop. From protocol header to open (section 2.2.4): START -> TUNE by a login that is admitted, TUNE ->
 * OPEN by tune-ok within the limits, OPEN -> DONE by open of a virtual host the user may enter.
 */
final class Handshake {
    private static final Logger LOG = LoggerFactory.getLogger(Handshake.class);

    private enum State {
        START,
        TUNE,
        OPEN,
        DONE
    }

    private final Connection connection;
    private final SessionLimits limits;
    private final FieldTableCodec tables;
    private State state = State.START;

    Handshake(Connection connection, SessionLimits limits, FieldTableCodec tables) {
        this.connection = connection;
        this.limits = limits;
        this.tables = tables;
    }

    /** Closes a connection that is not open by then. */
    void within(ChannelHandlerContext context, Duration time) {
        Runnable check = () -> {
            if (!done()) {
                LOG.debug("{}: handshake took too long", context.channel());
                context.close();
            }
        };
        context.executor().schedule(check, time.toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean done() {
        return state == State.DONE;
    }

    /** Whether the client has logged in. */
    boolean authenticated() {
        return state != State.START;
    }

    void begin(Channel channel) {
        connection.write(
                0,
                new ConnectionMethod.Start(
                        0,
                        9,
                        connection.broker().serverProperties(),
                        Sasl.mechanisms(certified(channel) != null, limits.anonymous() != null)
                                .getBytes(StandardCharsets.US_ASCII),
                        "en_US".getBytes(StandardCharsets.US_ASCII)));
    }

    void on(Method method, Channel channel) {
        switch (state) {
            case START -> {
                if (!(method instanceof ConnectionMethod.StartOk startOk)) {
                    throw wrong(method, "start-ok");
                }
                login(startOk, channel);
            }
            case TUNE -> {
                if (!(method instanceof ConnectionMethod.TuneOk tuneOk)) {
                    throw wrong(method, "tune-ok");
                }
                tune(tuneOk);
            }
            case OPEN -> {
                if (!(method instanceof ConnectionMethod.Open open)) {
                    throw wrong(method, "open");
                }
                open(open);
            }
            case DONE -> throw wrong(method, "nothing of the handshake");
        }
    }

    private static AmqpException wrong(Method method, String expected) {
        return new AmqpException(
                ReplyCode.COMMAND_INVALID,
                "method " + method.classId() + "." + method.methodId() + " (expected: connection." + expected + ")");
    }

    /** The common name of the certificate the client showed, or null. */
    private static @Nullable String certified(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            return null;
        }
        try {
            X509Certificate shown = (X509Certificate) tls.engine().getSession().getPeerCertificates()[0];
            for (Rdn part : new LdapName(shown.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    return String.valueOf(part.getValue());
                }
            }
            return null;
        } catch (SSLPeerUnverifiedException | InvalidNameException e) {
            LOG.debug("{}: no certificate of the client: {}", channel, e.getMessage());
            return null;
        }
    }

    /** Who it is, or null where it did not show that it may be. */
    private @Nullable String admitted(ConnectionMethod.StartOk method, Channel channel) {
        Access access = connection.broker().access();
        InetAddress from = ((InetSocketAddress) channel.remoteAddress()).getAddress();
        String shown = switch (method.mechanism()) {
            case Sasl.EXTERNAL -> certified(channel);
            case Sasl.ANONYMOUS -> limits.anonymous();
            default -> null;
        };
        if (shown != null) {
            return access.admits(Attempts.Protocol.AMQP, shown, from) ? shown : null;
        }
        Sasl.Login login = Sasl.login(method.mechanism(), method.response(), tables);
        return access.admits(Attempts.Protocol.AMQP, login, from) ? login.user() : null;
    }

    private void login(ConnectionMethod.StartOk method, Channel channel) {
        connection.negotiated().client(method.clientProperties(), method.mechanism());
        String user = admitted(method, channel);
        if (user == null) {
            throw new AmqpException(
                    ReplyCode.ACCESS_REFUSED,
                    "Login was refused using authentication mechanism " + method.mechanism()
                            + ". For details see the broker logfile.");
        }
        connection.identity().user(user);
        state = State.TUNE;
        connection.write(0, new ConnectionMethod.Tune(limits.channelMax(), limits.frameMax(), (int)
                limits.heartbeat().toSeconds()));
    }

    private void tune(ConnectionMethod.TuneOk method) {
        long frameMax = method.frameMax() == 0 ? limits.frameMax() : method.frameMax();
        int channelMax = method.channelMax() == 0 ? limits.channelMax() : method.channelMax();
        if (frameMax > limits.frameMax() || channelMax > limits.channelMax()) {
            throw new AmqpException(
                    ReplyCode.NOT_ALLOWED,
                    "negotiated frame_max = " + frameMax + ", channel_max = " + channelMax + " (expected: at most "
                            + limits.frameMax() + " and " + limits.channelMax() + ")");
        }
        if (frameMax < Frame.MIN_SIZE) {
            throw new AmqpException(
                    ReplyCode.NOT_ALLOWED,
                    "negotiated frame_max = " + frameMax + " (expected: at least " + Frame.MIN_SIZE + ")");
        }
        connection.tuned((int) frameMax, channelMax, method.heartbeat());
        state = State.OPEN;
    }

    private void open(ConnectionMethod.Open method) {
        Broker broker = connection.broker();
        String vhost = method.vhost();
        String user = connection.identity().user();
        Topology topology = broker.vhosts().get(vhost);
        if (topology == null) {
            throw new AmqpException(ReplyCode.NOT_ALLOWED, "vhost " + vhost + " not found");
        }
        String refused = "access to vhost '" + vhost + "' refused for user '" + user + "'";
        if (!broker.access().enters(user, vhost)) {
            throw new AmqpException(ReplyCode.NOT_ALLOWED, refused);
        }
        long ofVhost = Access.vhostLimit(broker.access().settings(), vhost, "max-connections");
        if (ofVhost >= 0
                && broker.connections().countWhere(c -> c.identity().vhost().equals(vhost)) >= ofVhost) {
            throw new AmqpException(ReplyCode.NOT_ALLOWED, refused + ": connection limit (" + ofVhost + ") is reached");
        }
        long ofUser = broker.access().userLimit(user, "max-connections");
        if (ofUser >= 0
                && broker.connections()
                                .countWhere(c -> !c.identity().vhost().isEmpty()
                                        && c.identity().user().equals(user))
                        >= ofUser) {
            throw new AmqpException(
                    ReplyCode.NOT_ALLOWED,
                    "Connection refused for user '" + user + "': user connection limit (" + ofUser + ") is reached");
        }
        connection.identity().opened(topology);
        state = State.DONE;
        connection.write(0, new ConnectionMethod.OpenOk(""));
    }
}
