package io.plinth.kvcache.acl;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules of ACL SETUSER, applied one after the other to a user that is. Used by one thread. */
final class UserRules {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final Catalogue catalogue;
    private final String name;
    private boolean enabled;
    private boolean noPassword;
    private @Nullable Boolean sanitize;
    private final List<String> passwords;
    private SelectorBuilder root;
    private final List<Selector> selectors;

    private UserRules(Catalogue catalogue, AclUser from) {
        this.catalogue = catalogue;
        name = from.name();
        enabled = from.enabled();
        noPassword = from.noPassword();
        sanitize = from.sanitize();
        passwords = new ArrayList<>(from.passwords());
        root = new SelectorBuilder(catalogue, from.root());
        selectors = new ArrayList<>(from.selectors());
    }

    /** The user after these rules. {@link AclException} names the first that is not right. */
    static AclUser apply(Catalogue catalogue, AclUser from, List<String> rules) {
        UserRules to = new UserRules(catalogue, from);
        for (String rule : joined(rules)) {
            try {
                to.apply(rule);
            } catch (AclException e) {
                throw new AclException("Error in ACL SETUSER modifier '" + rule + "': " + e.getMessage());
            }
        }
        return new AclUser(
                to.name, to.enabled, to.noPassword, to.sanitize, to.passwords, to.root.build(), to.selectors);
    }

    /** Words in parentheses become one rule. */
    private static List<String> joined(List<String> rules) {
        List<String> joined = new ArrayList<>();
        for (int i = 0; i < rules.size(); i++) {
            String rule = rules.get(i);
            int start = i;
            while (rule.startsWith("(") && !rule.endsWith(")")) {
                i++;
                if (i == rules.size()) {
                    throw new AclException(
                            "Unmatched parenthesis in acl selector starting at '" + rules.get(start) + "'.");
                }
                rule += " " + rules.get(i);
            }
            joined.add(rule);
        }
        return joined;
    }

    private void apply(String rule) {
        switch (rule.toLowerCase(Locale.ROOT)) {
            case "on" -> enabled = true;
            case "off" -> enabled = false;
            case "nopass" -> {
                noPassword = true;
                passwords.clear();
            }
            case "resetpass" -> {
                noPassword = false;
                passwords.clear();
            }
            case "sanitize-payload" -> sanitize = true;
            case "skip-sanitize-payload" -> sanitize = false;
            case "clearselectors" -> selectors.clear();
            case "reset" -> {
                enabled = false;
                noPassword = false;
                sanitize = true;
                passwords.clear();
                selectors.clear();
                root = new SelectorBuilder(catalogue, Selector.NOTHING);
            }
            default -> other(rule);
        }
    }

    private void other(String rule) {
        String rest = rule.isEmpty() ? "" : rule.substring(1);
        switch (rule.isEmpty() ? ' ' : rule.charAt(0)) {
            case '>' -> add(AclUser.hash(rest.getBytes(StandardCharsets.ISO_8859_1)));
            case '#' -> add(checked(rest));
            case '<' -> remove(AclUser.hash(rest.getBytes(StandardCharsets.ISO_8859_1)));
            case '!' -> remove(checked(rest));
            case '(' -> {
                SelectorBuilder selector = new SelectorBuilder(catalogue, Selector.NOTHING);
                for (String each : rule.substring(1, rule.length() - 1).trim().split(" +", -1)) {
                    if (!each.isEmpty()) {
                        selector.apply(each);
                    }
                }
                selectors.add(selector.build());
            }
            default -> root.apply(rule);
        }
    }

    private static String checked(String hash) {
        if (!HASH.matcher(hash).matches()) {
            throw new AclException(
                    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal"
                            + " characters");
        }
        return hash;
    }

    private void add(String hash) {
        if (!passwords.contains(hash)) {
            passwords.add(hash);
        }
        noPassword = false;
    }

    private void remove(String hash) {
        if (!passwords.remove(hash)) {
            throw new AclException("The password you are trying to remove from the user does not exist");
        }
    }
}
