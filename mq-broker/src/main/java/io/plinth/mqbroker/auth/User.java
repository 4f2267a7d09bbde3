package io.plinth.mqbroker.auth;

import java.util.List;

/**
 * Someone who may connect.
 *
 * @param hash of the password, empty for a user that cannot log in with one
 * @param tags what it may see and do over the management API
 * @param fromFile whether the configuration has it: then only that changes it, and it may do everything in every virtual host
 */
public record User(
        String name, String hash, PasswordHash algorithm, List<String> tags, boolean loopbackOnly, boolean fromFile) {
    public static final String ADMINISTRATOR = "administrator";
    public static final String MONITORING = "monitoring";
    public static final String POLICYMAKER = "policymaker";
    public static final String MANAGEMENT = "management";
    /** May publish with another user's name in {@code user-id}. */
    public static final String IMPERSONATOR = "impersonator";

    public User {
        tags = List.copyOf(tags);
    }

    /** Whether it has the tag. */
    public boolean is(String tag) {
        return tags.contains(tag);
    }
}
