package io.plinth.dbproxy.server;

import io.plinth.kit.config.HostPort;

/**
 * A server as seen by a pool.
 *
 * @param owner the database as clients name it
 * @param name for people: {@code shop/s0} or {@code shop/s0/r1}
 * @param shard the shard it belongs to
 * @param replica whether it takes reads only
 */
public record ServerKey(
        String owner, String name, String shard, boolean replica, HostPort address, String database, Login login) {
    /** Asked for each transaction: texts know theirs, secrets would be hashed each time. */
    @Override
    public int hashCode() {
        return 31 * (31 * name.hashCode() + login.user().hashCode()) + (replica ? 1 : 0);
    }

    /** The same server after its promotion. */
    public ServerKey promoted() {
        return new ServerKey(owner, name, shard, false, address, database, login);
    }
}
