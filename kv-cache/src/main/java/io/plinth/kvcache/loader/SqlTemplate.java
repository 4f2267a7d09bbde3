package io.plinth.kvcache.loader;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Immutable: a statement whose parameters have names. */
final class SqlTemplate {
    /** Text in quotes, casts, and names; only the last are parameters. */
    private static final Pattern PARTS = Pattern.compile("'(?:[^']|'')*'|\"[^\"]*\"|::|:([a-z]+)");

    private static final List<String> NAMES = List.of("key", "name", "value", "bytes");

    private final String sql;
    private final List<String> parameters = new ArrayList<>();

    SqlTemplate(String text) {
        Matcher parts = PARTS.matcher(text);
        StringBuilder out = new StringBuilder();
        while (parts.find()) {
            String name = parts.group(1);
            if (name == null) {
                parts.appendReplacement(out, Matcher.quoteReplacement(parts.group()));
                continue;
            }
            if (!NAMES.contains(name)) {
                throw new IllegalArgumentException(":" + name + " (expected: :key, :name, :value or :bytes)");
            }
            parameters.add(name);
            parts.appendReplacement(out, "?");
        }
        parts.appendTail(out);
        sql = out.toString();
    }

    /** With a question mark for each parameter. */
    String sql() {
        return sql;
    }

    /** The parameters' names, in order. */
    List<String> parameters() {
        return parameters;
    }
}
