package io.plinth.mqbroker.auth;

import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Owned by its connection's event loop; names are read from any thread. Who is connected, and to which virtual host. */
public final class Identity {
    private final Access access;
    private volatile String user = "";
    private volatile @Nullable Topology topology;
    private @Nullable Permissions permissions;

    public Identity(Access access) {
        this.access = access;
    }

    /** Empty before the login. */
    public String user() {
        return user;
    }

    public void user(String name) {
        user = name;
    }

    /** The user has entered the virtual host. */
    public void opened(Topology vhost) {
        topology = vhost;
        permissions = new Permissions(access, user, vhost.vhost());
    }

    /** The name of the virtual host, empty before it is open. */
    public String vhost() {
        Topology known = topology;
        return known == null ? "" : known.vhost();
    }

    /** The virtual host's definitions, once it is open. */
    public Topology topology() {
        return Objects.requireNonNull(topology, "connection is not open");
    }

    /** What the user may do there. */
    public Permissions permissions() {
        return Objects.requireNonNull(permissions, "connection is not open");
    }

    /** Refuses one more channel where the user has a limit. */
    public void checkChannels(int open) {
        long most = access.userLimit(user, "max-channels");
        if (most >= 0 && open >= most) {
            throw new AmqpException(
                    ReplyCode.NOT_ALLOWED,
                    "number of channels opened for user '" + user + "' has reached the maximum allowed user limit of ("
                            + most + ")");
        }
    }
}
