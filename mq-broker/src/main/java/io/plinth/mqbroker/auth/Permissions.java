package io.plinth.mqbroker.auth;

import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its connection's event loop. What the connection's user may do in its virtual host. Answers are remembered until any setting
 * changes, and no more than so many.
 */
public final class Permissions {
    private static final int REMEMBERED = 256;
    private static final String DEFAULT_EXCHANGE = "amq.default";

    /** What is done with a queue or an exchange. */
    public enum Operation {
        CONFIGURE("configure"),
        WRITE("write"),
        READ("read");

        private final String text;

        Operation(String text) {
            this.text = text;
        }
    }

    /** On what it is done. */
    public enum Resource {
        QUEUE("queue"),
        EXCHANGE("exchange");

        private final String text;

        Resource(String text) {
            this.text = text;
        }
    }

    private record Topics(SafePattern write, SafePattern read) {}

    private final Access access;
    private final String user;
    private final String vhost;
    private final Map<Operation, Map<String, Boolean>> answers = new EnumMap<>(Operation.class);
    private final Map<String, Topics> topics = new HashMap<>();
    private Access.Grant grant = Access.Grant.NOTHING;
    private boolean impersonator;
    private long version = Long.MIN_VALUE;

    public Permissions(Access access, String user, String vhost) {
        this.access = access;
        this.user = user;
        this.vhost = vhost;
        for (Operation operation : Operation.values()) {
            answers.put(operation, new HashMap<>());
        }
    }

    private void refresh() {
        long now = access.version();
        if (now == version) {
            return;
        }
        version = now;
        answers.values().forEach(Map::clear);
        topics.clear();
        Access.Grant known = access.grant(user, vhost);
        grant = known == null ? Access.Grant.NOTHING : known;
        User self = access.user(user);
        impersonator = self != null && self.is(User.IMPERSONATOR);
        String from = Settings.key(user, vhost, "");
        for (Map.Entry<String, FieldTable> entry :
                access.settings().all(Settings.TOPIC_PERMISSION).tailMap(from).entrySet()) {
            if (!entry.getKey().startsWith(from)) {
                break;
            }
            topics.put(
                    Settings.names(entry.getKey()).getLast(),
                    new Topics(
                            expanded(entry.getValue().string("write")),
                            expanded(entry.getValue().string("read"))));
        }
    }

    private SafePattern expanded(@Nullable String pattern) {
        return SafePattern.of(expanded(pattern == null ? "" : pattern, user, vhost));
    }

    private static String expanded(String pattern, String user, String vhost) {
        return pattern.replace("{username}", Pattern.quote(user))
                .replace("{vhost}", Pattern.quote(vhost))
                .replace("{client_id}", Pattern.quote("{client_id}"));
    }

    /** What is wrong with a pattern of a topic permission, which may have variables; null for nothing. */
    public static @Nullable String topicProblem(String pattern) {
        return SafePattern.problem(pattern) == null ? null : SafePattern.problem(expanded(pattern, "u", "v"));
    }

    /** Refuses what the user may not do. */
    public void check(Operation operation, Resource resource, String name) {
        refresh();
        SafePattern pattern = switch (operation) {
            case CONFIGURE -> grant.configure();
            case WRITE -> grant.write();
            case READ -> grant.read();
        };
        if (pattern.all()) {
            return;
        }
        Map<String, Boolean> known = Objects.requireNonNull(answers.get(operation));
        Boolean allowed = known.get(name);
        if (allowed == null) {
            if (known.size() >= REMEMBERED) {
                known.clear();
            }
            String subject = resource == Resource.EXCHANGE && name.isEmpty() ? DEFAULT_EXCHANGE : name;
            allowed = pattern.found(subject);
            known.put(name, allowed);
        }
        if (!allowed) {
            String subject = resource == Resource.EXCHANGE && name.isEmpty() ? DEFAULT_EXCHANGE : name;
            throw new AmqpException(
                    ReplyCode.ACCESS_REFUSED,
                    operation.text + " access to " + resource.text + " '" + subject + "' in vhost '" + vhost
                            + "' refused for user '" + user + "'");
        }
    }

    /** Refuses a routing key on a topic exchange that the user has a topic permission for. */
    public void checkTopic(Operation operation, String exchange, String routingKey) {
        refresh();
        Topics patterns = topics.isEmpty() ? null : topics.get(exchange);
        if (patterns == null) {
            return;
        }
        SafePattern pattern = operation == Operation.WRITE ? patterns.write() : patterns.read();
        if (!pattern.found(routingKey)) {
            throw new AmqpException(
                    ReplyCode.ACCESS_REFUSED,
                    operation.text + " access to topic '" + routingKey + "' in exchange '" + exchange + "' in vhost '"
                            + vhost + "' refused for user '" + user + "'");
        }
    }

    /** Whether the user may name another in {@code user-id}. */
    public boolean impersonates() {
        refresh();
        return impersonator;
    }
}
