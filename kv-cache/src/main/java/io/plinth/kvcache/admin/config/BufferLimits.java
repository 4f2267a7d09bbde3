package io.plinth.kvcache.admin.config;

import io.plinth.kvcache.command.NodeState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code client-output-buffer-limit}: a hard and a soft limit in bytes, and seconds, for each class of clients. What is given replaces that
 * of the classes it names. Kept and shown; those that hold are in the file ({@code output-buffer}, {@code pubsub-buffer}). Safe for all
 * loops.
 */
final class BufferLimits implements Setting {
    private static final List<String> CLASSES = List.of("normal", "slave", "pubsub");
    private static final int WORDS = 4;

    private volatile List<String> limits;

    /** {@code value} names all classes, in their order. */
    BufferLimits(String value) {
        limits = parts(value.split(" ", -1));
    }

    private static List<String> parts(String[] words) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < words.length; i += WORDS) {
            parts.add(String.join(" ", Arrays.asList(words).subList(i, i + WORDS)));
        }
        return List.copyOf(parts);
    }

    @Override
    public String shown(NodeState node) {
        return String.join(" ", limits);
    }

    @Override
    public @Nullable String change(NodeState node, String value) {
        String[] words = value.isEmpty() ? new String[0] : value.split(" ", -1);
        if (words.length % WORDS != 0) {
            return "Wrong number of arguments in buffer limit configuration.";
        }
        List<String> next = new ArrayList<>(limits);
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
            next.set(CLASSES.indexOf(name), name + " " + hard + " " + soft + " " + Long.parseLong(words[i + 3]));
        }
        limits = List.copyOf(next);
        return null;
    }
}
