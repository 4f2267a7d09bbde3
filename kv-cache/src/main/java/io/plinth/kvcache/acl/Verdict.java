package io.plinth.kvcache.acl;

import org.jspecify.annotations.Nullable;

/**
 * Whether a command is allowed.
 *
 * @param denied what stands against it; null for nothing
 * @param object the command, key or channel that is denied
 */
public record Verdict(@Nullable Denied denied, String object) {
    static final Verdict ALLOWED = new Verdict(null, "");

    /** What is denied, the more telling one later. */
    public enum Denied {
        COMMAND("command"),
        KEY("key"),
        AUTH("auth"),
        CHANNEL("channel");

        private final String label;

        Denied(String label) {
            this.label = label;
        }

        /** As ACL LOG shows it. */
        public String label() {
            return label;
        }
    }

    /** Redis 7.2's words, without a code; in detail as ACL DRYRUN gives them. */
    public String text(String user, boolean detailed) {
        if (denied == Denied.KEY) {
            return detailed
                    ? "User " + user + " has no permissions to access the '" + object + "' key"
                    : "No permissions to access a key";
        }
        if (denied == Denied.CHANNEL) {
            return detailed
                    ? "User " + user + " has no permissions to access the '" + object + "' channel"
                    : "No permissions to access a channel";
        }
        return "User " + user + " has no permissions to run the '" + object + "' command";
    }

    /** Why EXEC refuses what MULTI accepted. */
    public String reason() {
        return denied == Denied.KEY
                ? "no permission to touch the specified keys"
                : denied == Denied.CHANNEL
                        ? "no permission to access one of the channels used as arguments to the command"
                        : "no permission to execute the command or subcommand";
    }
}
