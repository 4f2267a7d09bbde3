package io.plinth.kit.net;

import io.plinth.kit.config.HostPort;
import java.net.UnknownHostException;
import java.util.Locale;

/** Turns the kernel's refusal into one line that says what to do. */
final class BindFailure {
    private BindFailure() {}

    static String explain(String node, String listener, HostPort at, String key, Exception cause) {
        String start = node + ": " + listener + ": " + at;
        if (cause instanceof UnknownHostException) {
            return start + " has no address (expected: an address of this machine); change " + key;
        }
        String reason = String.valueOf(cause.getMessage());
        String lower = reason.toLowerCase(Locale.ROOT);
        if (lower.contains("in use")) {
            return start + " is in use; stop what listens there or change " + key;
        }
        if (lower.contains("permission denied")) {
            return start + " needs a privilege; allow it with `sysctl -w net.ipv4.ip_unprivileged_port_start="
                    + at.port() + "` or change " + key;
        }
        if (lower.contains("cannot assign") || lower.contains("not available")) {
            return start + " is not an address of this machine; change " + key;
        }
        return start + " cannot be bound: " + reason + "; change " + key;
    }
}
