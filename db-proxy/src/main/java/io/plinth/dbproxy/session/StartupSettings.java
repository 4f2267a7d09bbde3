package io.plinth.dbproxy.session;

import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client's start-up packet asks for.
 *
 * @param values settings by name in lower case
 * @param unknownOptions protocol options that are not understood, for NegotiateProtocolVersion
 * @param replication null for an ordinary connection
 */
public record StartupSettings(
        String user,
        String database,
        Map<String, String> values,
        List<String> unknownOptions,
        @Nullable String replication) {

    public static StartupSettings of(Map<String, String> parameters) throws SqlException {
        String user = parameters.getOrDefault("user", "");
        if (user.isEmpty()) {
            throw new SqlException("28000", "no PostgreSQL user name specified in startup packet");
        }
        String database = parameters.getOrDefault("database", "");
        Map<String, String> values = new LinkedHashMap<>();
        List<String> unknown = new ArrayList<>();
        String replication = null;
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            String name = parameter.getKey();
            String value = parameter.getValue();
            switch (name) {
                case "user", "database" -> {}
                case "options" -> options(value, values);
                case "replication" ->
                    replication =
                            List.of("false", "off", "no", "0").contains(value.toLowerCase(Locale.ROOT)) ? null : value;
                default -> {
                    if (name.startsWith("_pq_.")) {
                        unknown.add(name);
                    } else {
                        values.put(name.toLowerCase(Locale.ROOT), value);
                    }
                }
            }
        }
        if (!"on".equals(values.getOrDefault("standard_conforming_strings", "on"))) {
            throw new SqlException(SqlError.NOT_SUPPORTED, "standard_conforming_strings: only on is supported");
        }
        return new StartupSettings(user, database.isEmpty() ? user : database, values, unknown, replication);
    }

    /** {@code -c name=value} and {@code --name=value}, a backslash before a blank that belongs to the value. */
    private static void options(String text, Map<String, String> values) throws SqlException {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
            } else if (!Character.isWhitespace(c)) {
                word.append(c);
            } else if (!word.isEmpty()) {
                words.add(word.toString());
                word.setLength(0);
            }
        }
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        for (int i = 0; i < words.size(); i++) {
            String option = words.get(i);
            String assignment = option.equals("-c") && i + 1 < words.size()
                    ? words.get(++i)
                    : option.startsWith("--") || option.startsWith("-c") ? option.substring(2) : "";
            int equals = assignment.indexOf('=');
            if (equals <= 0) {
                throw new SqlException(
                        SqlError.NOT_SUPPORTED, "options: " + option + " (expected: -c name=value or --name=value)");
            }
            values.put(
                    assignment.substring(0, equals).replace('-', '_').toLowerCase(Locale.ROOT),
                    assignment.substring(equals + 1));
        }
    }

    /** Whether the client is a standby that wants the write-ahead log itself. */
    public boolean physical() {
        return replication != null && !replication.equalsIgnoreCase("database");
    }

    public Settings settings() {
        Settings settings = Settings.NONE;
        for (Map.Entry<String, String> value : values.entrySet()) {
            settings = settings.with(value.getKey(), Settings.assignment(value.getKey(), value.getValue()));
        }
        return settings;
    }
}
