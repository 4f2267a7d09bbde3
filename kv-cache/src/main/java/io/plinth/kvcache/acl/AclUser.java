package io.plinth.kvcache.acl;

import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Immutable: what a user may do.
 *
 * @param enabled whether it may authenticate
 * @param noPassword whether any password is right
 * @param sanitize null where nothing was said about the payload of RESTORE, which is checked in any case
 * @param passwords SHA-256, in lower-case hexadecimal digits
 * @param root the permissions given outside parentheses
 * @param selectors further ones
 */
public record AclUser(
        String name,
        boolean enabled,
        boolean noPassword,
        @Nullable Boolean sanitize,
        List<String> passwords,
        Selector root,
        List<Selector> selectors) {
    public AclUser {
        passwords = List.copyOf(passwords);
        selectors = List.copyOf(selectors);
    }

    static AclUser fresh(String name) {
        return new AclUser(name, false, false, null, List.of(), Selector.NOTHING, List.of());
    }

    /** The user of connections that have not said who they are: may do everything. */
    static AclUser standard(@Nullable String password) {
        List<String> passwords =
                password == null ? List.of() : List.of(hash(password.getBytes(StandardCharsets.UTF_8)));
        return new AclUser(Users.DEFAULT, true, password == null, null, passwords, Selector.ALL, List.of());
    }

    static String hash(byte[] password) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(password));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Whether a password is right. */
    boolean opens(byte[] password) {
        if (noPassword) {
            return true;
        }
        byte[] hash = hash(password).getBytes(StandardCharsets.US_ASCII);
        boolean found = false;
        for (String known : passwords) {
            found |= MessageDigest.isEqual(known.getBytes(StandardCharsets.US_ASCII), hash);
        }
        return found;
    }

    /** Whether there is nothing to check. */
    boolean unrestricted() {
        return root.unrestricted();
    }

    /** Whether every key may be read. */
    boolean readsAllKeys() {
        return root.allKeys() || selectors.stream().anyMatch(Selector::allKeys);
    }

    Verdict check(CommandFacts command, Args args) {
        Verdict worst = root.check(command, args);
        for (Selector selector : selectors) {
            if (worst.denied() == null) {
                break;
            }
            Verdict next = selector.check(command, args);
            if (next.denied() == null || next.denied().compareTo(worst.denied()) >= 0) {
                worst = next;
            }
        }
        return worst;
    }

    boolean channelAllowed(byte[] channel, boolean literally) {
        return root.channelAllowed(channel, literally)
                || selectors.stream().anyMatch(selector -> selector.channelAllowed(channel, literally));
    }

    /** On or off, and what else is said in one word. */
    public List<String> flags() {
        List<String> flags = new ArrayList<>();
        flags.add(enabled ? "on" : "off");
        if (noPassword) {
            flags.add("nopass");
        }
        if (sanitize != null) {
            flags.add(sanitize ? "sanitize-payload" : "skip-sanitize-payload");
        }
        return flags;
    }

    /** As ACL LIST shows it. */
    public String text() {
        List<String> words = new ArrayList<>(List.of("user", name));
        words.addAll(flags());
        passwords.forEach(hash -> words.add("#" + hash));
        words.add(root.text());
        selectors.forEach(selector -> words.add("(" + selector.text() + ")"));
        return String.join(" ", words);
    }

    /** What ACL GETUSER shows of the permissions outside parentheses, then of each further one: commands, keys, channels. */
    public List<List<String>> permissions() {
        List<List<String>> all = new ArrayList<>();
        all.add(List.of(root.commandRules(), root.keyRules(), root.channelRules()));
        selectors.forEach(each -> all.add(List.of(each.commandRules(), each.keyRules(), each.channelRules())));
        return all;
    }
}
