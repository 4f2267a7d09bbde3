package io.plinth.dbproxy.server;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a session has set, each setting with the SQL that sets it again. Immutable. */
public final class Settings {
    public static final Settings NONE = new Settings(new TreeMap<>());

    private final TreeMap<String, String> sql;
    /** All of it in one text, which is what connections and sessions are compared by with each request. */
    private final String whole;

    private final boolean serializable;
    private final boolean readOnly;

    private Settings(TreeMap<String, String> sql) {
        this.sql = sql;
        StringBuilder text = new StringBuilder();
        sql.forEach((name, statement) ->
                text.append(name).append('\0').append(statement).append('\0'));
        this.whole = text.toString();
        this.serializable = says("default_transaction_isolation", "serializable");
        this.readOnly = says("default_transaction_read_only", "on", "true", "yes", "1");
    }

    /** SQL that sets {@code name} as a connection's start would: lists are split, values are not quoted again. */
    public static String assignment(String name, String value) {
        return "SELECT pg_catalog.set_config(" + literal(name) + ", " + literal(value) + ", false)";
    }

    /** With {@code name} set by {@code statement}, or reset where that is null. */
    public Settings with(String name, @Nullable String statement) {
        TreeMap<String, String> next = new TreeMap<>(sql);
        if (statement == null) {
            next.remove(name);
        } else {
            next.put(name, statement);
        }
        return new Settings(next);
    }

    /** With {@code name} as {@code other} has it. */
    public Settings like(String name, Settings other) {
        return with(name, other.sql.get(name));
    }

    /** Whether transactions are serializable that do not say what they are. */
    public boolean serializable() {
        return serializable;
    }

    /** Whether transactions are read-only that do not say what they are. */
    public boolean readOnly() {
        return readOnly;
    }

    /** Whether a setting was made with one of these words as its value. */
    private boolean says(String name, String... values) {
        String statement = sql.get(name);
        if (statement == null) {
            return false;
        }
        String text = " " + statement.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]+", " ") + " ";
        return Arrays.stream(values).anyMatch(value -> text.contains(" " + value + " "));
    }

    /** The statements that turn a session with these settings into one with {@code wanted}; empty when it is one. */
    public String towards(Settings wanted) {
        if (this == wanted || whole.equals(wanted.whole)) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (String name : sql.keySet()) {
            if (!wanted.sql.containsKey(name)) {
                text.append("RESET ").append(identifier(name)).append(";\n");
            }
        }
        for (Map.Entry<String, String> setting : wanted.sql.entrySet()) {
            if (!setting.getValue().equals(sql.get(setting.getKey()))) {
                text.append(setting.getValue()).append(";\n");
            }
        }
        return text.toString();
    }

    private static String identifier(String name) {
        return Arrays.stream(name.split("\\.", -1))
                .map(part -> "\"" + part.replace("\"", "\"\"") + "\"")
                .collect(Collectors.joining("."));
    }

    private static String literal(String text) {
        return (text.indexOf('\\') >= 0 ? "E'" : "'")
                + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
