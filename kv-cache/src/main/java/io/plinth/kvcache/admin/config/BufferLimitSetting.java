package io.plinth.kvcache.admin.config;

import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.session.BufferLimits.Limit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code client-output-buffer-limit}: a hard and a soft limit in bytes, and seconds, for each class of clients. What is given replaces that
 * of the classes it names. At the start they are those of the file ({@code output-buffer}, {@code pubsub-buffer}).
 */
final class BufferLimitSetting implements Setting {
    /** In the order of {@link io.plinth.kvcache.session.BufferLimits.ClientClass}. */
    private static final List<String> CLASSES = List.of("normal", "slave", "pubsub");

    private static final int WORDS = 4;

    @Override
    public String shown(NodeState node) {
        List<Limit> limits = node.clients().buffers().all();
        List<String> words = new ArrayList<>();
        for (int i = 0; i < CLASSES.size(); i++) {
            Limit limit = limits.get(i);
            words.add(CLASSES.get(i) + " " + limit.hard() + " " + limit.soft() + " " + limit.seconds());
        }
        return String.join(" ", words);
    }

    @Override
    public @Nullable String change(NodeState node, String value) {
        String[] words = value.isEmpty() ? new String[0] : value.split(" ", -1);
        if (words.length % WORDS != 0) {
            return "Wrong number of arguments in buffer limit configuration.";
        }
        List<Limit> next = new ArrayList<>(node.clients().buffers().all());
        for (int i = 0; i < words.length; i += WORDS) {
            String name = words[i].toLowerCase(Locale.ROOT).replace("replica", "slave");
            if (!CLASSES.contains(name)) {
                return "Invalid client class specified in buffer limit configuration.";
            }
            long hard = Kind.Size.bytes(words[i + 1]);
            long soft = Kind.Size.bytes(words[i + 2]);
            if (hard < 0 || soft < 0 || !words[i + 3].matches("\\d{1,18}")) {
                return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            }
            next.set(CLASSES.indexOf(name), new Limit(hard, soft, Long.parseLong(words[i + 3])));
        }
        node.clients().buffers().set(next);
        return null;
    }
}
