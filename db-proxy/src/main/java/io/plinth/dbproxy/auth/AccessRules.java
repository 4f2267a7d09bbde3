package io.plinth.dbproxy.auth;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may come in from where, and how: the lines of a {@code pg_hba.conf}, the first that matches decides. Immutable.
 *
 * <pre>
 *   host     shop  all   10.0.0.0/8  scram-sha-256
 *   hostssl  all   app   all         cert
 *   host     all   all   all         reject
 * </pre>
 */
public final class AccessRules {
    /**
     * One line.
     *
     * @param encrypted whether TLS is demanded (true), forbidden (false) or neither (null)
     * @param network null for any address
     * @param certificate what a client certificate must show besides
     */
    public record Rule(
            @Nullable Boolean encrypted,
            Set<String> databases,
            Set<String> users,
            @Nullable Network network,
            Method method,
            Certificate certificate) {}

    /** What is demanded of a client's certificate. */
    public enum Certificate {
        NONE,
        VALID,
        NAMED
    }

    /** Addresses with a common beginning. */
    public record Network(byte[] address, int bits) {
        boolean has(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> (bit & 7);
                if ((address[bit >> 3] & mask) != (other[bit >> 3] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Who asks. */
    public record Visitor(
            String database,
            String user,
            boolean replication,
            boolean encrypted,
            @Nullable InetAddress address) {}

    private final List<Rule> rules;

    private AccessRules(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /** This machine trusted or not, everybody else with a password. */
    public static AccessRules standard(boolean trustLoopback) {
        List<Rule> rules = new ArrayList<>();
        Set<String> all = Set.of("all");
        if (trustLoopback) {
            rules.add(new Rule(null, all, all, network("127.0.0.0/8"), Method.TRUST, Certificate.NONE));
            rules.add(new Rule(null, all, all, network("::1/128"), Method.TRUST, Certificate.NONE));
        }
        rules.add(new Rule(null, all, all, null, Method.SCRAM, Certificate.NONE));
        return new AccessRules(rules);
    }

    /** Reads a file; throws IllegalArgumentException that names the line. */
    public static AccessRules read(Path file) throws IOException {
        return parse(file.toString(), Files.readAllLines(file));
    }

    public static AccessRules parse(String name, List<String> lines) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).replaceFirst("#.*", "").strip();
            if (line.isEmpty()) {
                continue;
            }
            try {
                Rule rule = rule(line.split("\\s+"));
                if (rule != null) {
                    rules.add(rule);
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(name + ":" + (i + 1) + ": " + e.getMessage(), e);
            }
        }
        return new AccessRules(rules);
    }

    /** Null for a line about sockets the proxy does not have. */
    private static @Nullable Rule rule(String[] words) {
        Boolean encrypted = switch (words[0]) {
            case "host" -> null;
            case "hostssl" -> Boolean.TRUE;
            case "hostnossl", "hostnogssenc" -> words[0].equals("hostnossl") ? Boolean.FALSE : null;
            case "local", "hostgssenc" -> Boolean.FALSE;
            default -> throw new IllegalArgumentException(words[0] + " (expected: host, hostssl, hostnossl or local)");
        };
        if (words[0].equals("local") || words[0].equals("hostgssenc")) {
            return null;
        }
        if (words.length < 5) {
            throw new IllegalArgumentException("too short (expected: host DATABASE USER ADDRESS METHOD)");
        }
        boolean masked = words.length > 5 && NetUtil.createByteArrayFromIpAddressString(words[4]) != null;
        String address = masked ? words[3] + "/" + prefix(words[4]) : words[3];
        int method = masked ? 5 : 4;
        Certificate certificate = Certificate.NONE;
        for (int i = method + 1; i < words.length; i++) {
            certificate = switch (words[i]) {
                case "clientcert=verify-ca" -> Certificate.VALID;
                case "clientcert=verify-full" -> Certificate.NAMED;
                default ->
                    throw new IllegalArgumentException(
                            words[i] + " (expected: clientcert=verify-ca or clientcert=verify-full)");
            };
        }
        return new Rule(
                encrypted, names(words[1]), names(words[2]), network(address), method(words[method]), certificate);
    }

    private static Set<String> names(String list) {
        return Set.of(list.replace("\"", "").split(","));
    }

    private static Method method(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "trust" -> Method.TRUST;
            case "reject" -> Method.REJECT;
            case "scram-sha-256" -> Method.SCRAM;
            case "md5" -> Method.MD5;
            case "password" -> Method.PASSWORD;
            case "cert" -> Method.CERT;
            default ->
                throw new IllegalArgumentException(
                        word + " (expected: trust, reject, scram-sha-256, md5, password or cert)");
        };
    }

    private static @Nullable Network network(String text) {
        if (text.equals("all")) {
            return null;
        }
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
        if (address == null) {
            throw new IllegalArgumentException(text + " (expected: ADDRESS/BITS, ADDRESS MASK or all)");
        }
        try {
            int bits = slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
            if (bits < 0 || bits > address.length * 8) {
                throw new IllegalArgumentException(text + " (expected: at most " + address.length * 8 + " bits)");
            }
            return new Network(address, bits);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(text + " (expected: ADDRESS/BITS)", e);
        }
    }

    private static int prefix(String mask) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(mask);
        int bits = 0;
        for (byte b : bytes == null ? new byte[0] : bytes) {
            bits += Integer.bitCount(b & 0xff);
        }
        return bits;
    }

    /** The first rule that matches, or null. */
    public @Nullable Rule match(Visitor visitor) {
        for (Rule rule : rules) {
            boolean tls = rule.encrypted == null || rule.encrypted == visitor.encrypted;
            if (tls && database(rule, visitor) && user(rule, visitor) && address(rule.network, visitor.address)) {
                return rule;
            }
        }
        return null;
    }

    private static boolean database(Rule rule, Visitor visitor) {
        if (visitor.replication && !rule.databases.contains("replication")) {
            return false;
        }
        return rule.databases.contains("all")
                || rule.databases.contains(visitor.database)
                || (rule.databases.contains("sameuser") && visitor.database.equals(visitor.user))
                || (visitor.replication && rule.databases.contains("replication"));
    }

    private static boolean user(Rule rule, Visitor visitor) {
        return rule.users.contains("all") || rule.users.contains(visitor.user);
    }

    private static boolean address(@Nullable Network network, @Nullable InetAddress address) {
        return network == null || (address != null && network.has(address.getAddress()));
    }
}
