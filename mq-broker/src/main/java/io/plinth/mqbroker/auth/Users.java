package io.plinth.mqbroker.auth;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Set;

/** Who may connect with which password. Immutable; a reload makes another. */
public final class Users {
    private final Map<String, String> passwords;
    private final Set<String> loopbackOnly;

    /**
     * Users by name.
     *
     * @param loopbackOnly users refused from any other address
     */
    public Users(Map<String, String> passwords, Set<String> loopbackOnly) {
        this.passwords = Map.copyOf(passwords);
        this.loopbackOnly = Set.copyOf(loopbackOnly);
    }

    /** Whether the user may connect from there; takes as long for an unknown user as for a wrong password. */
    public boolean admits(Sasl.Login login, InetAddress from) {
        String password = passwords.getOrDefault(login.user(), "");
        boolean same = MessageDigest.isEqual(
                password.getBytes(StandardCharsets.UTF_8), login.password().getBytes(StandardCharsets.UTF_8));
        boolean known = passwords.containsKey(login.user());
        boolean here = from.isLoopbackAddress() || !loopbackOnly.contains(login.user());
        return same && known && here;
    }
}
