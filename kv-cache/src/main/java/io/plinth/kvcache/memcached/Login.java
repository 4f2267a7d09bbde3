package io.plinth.kvcache.memcached;

import io.plinth.kvcache.acl.UserRef;
import io.plinth.kvcache.acl.Users;
import io.plinth.kvcache.command.NodeState;
import java.nio.charset.StandardCharsets;

/**
 * Owned by one connection: whether its client has shown who it is, as with memcached's -Y. Only users that may do everything come in
 * here.
 */
final class Login {
    /** What is taken in from who has not shown a password; Redis has the same number. */
    private static final int MAX_PASSWORD = 16 * 1024;

    private final NodeState node;
    private final Counts counts;
    private boolean known;

    Login(NodeState node, Counts counts) {
        this.node = node;
        this.counts = counts;
        Users users = node.settings().users();
        known = users.open() && !users.standard().restricted();
    }

    /** Whether the client may give commands. */
    boolean known() {
        return known;
    }

    /** Bytes of the longest data block that is taken. */
    int most() {
        int most = node.limits().maxItem();
        return known ? most : Math.min(MAX_PASSWORD, most);
    }

    /** The first set carries a name and a password: its answer. */
    String set(Line line, byte[] value) {
        String[] words = new String(value, StandardCharsets.ISO_8859_1).trim().split(" ", 2);
        UserRef user = words.length < 2 || !line.name().equals("set")
                ? null
                : node.settings().users().authenticate(words[0], words[1].getBytes(StandardCharsets.ISO_8859_1));
        known = user != null && !user.restricted();
        counts.add(known ? Count.AUTH_CMDS : Count.AUTH_ERRORS);
        return known ? "STORED" : "CLIENT_ERROR authentication failure";
    }
}
