package io.plinth.kit.config.read;

import io.plinth.kit.config.Problem;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The file as positioned values, before any of it means something. Immutable. */
sealed interface Tree {
    /** Where it begins. */
    Mark mark();

    /**
     * Text with no structure.
     *
     * @param text the value without quotes; empty for YAML null
     */
    record Scalar(String text, boolean isNull, Mark mark) implements Tree {}

    /** Named values in the order of the file. */
    record Mapping(Map<String, Entry> entries, Mark mark) implements Tree {
        public Mapping {
            entries = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        }

        static Mapping empty(Mark mark) {
            return new Mapping(Map.of(), mark);
        }
    }

    /** Unnamed values. */
    record Sequence(List<Tree> items, Mark mark) implements Tree {
        public Sequence {
            items = List.copyOf(items);
        }
    }

    /**
     * A key and its value.
     *
     * @param key where the key stands
     */
    record Entry(Mark key, Tree value) {}

    /**
     * A position.
     *
     * @param file as the user named it, or the environment variable or option that set the value
     * @param line from 1
     * @param column from 1
     */
    record Mark(String file, int line, int column) {
        Problem problem(String message) {
            return new Problem(file, line, column, message);
        }
    }
}
