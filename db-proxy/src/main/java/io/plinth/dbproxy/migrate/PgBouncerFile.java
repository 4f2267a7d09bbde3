package io.plinth.dbproxy.migrate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a {@code pgbouncer.ini} and its user list. Stateless. */
public final class PgBouncerFile {
    private static final Pattern PAIR = Pattern.compile("([a-z_]+)\\s*=\\s*(?:'((?:[^']|'')*)'|(\\S+))");
    private static final Pattern PLACE = Pattern.compile("^[^:]*:(\\d+): ");
    private static final Pattern COMMA = Pattern.compile(",");
    private static final Pattern USER = Pattern.compile("\"((?:[^\"]|\"\")*)\"\\s+\"((?:[^\"]|\"\")*)\".*");

    /** Settings that have no counterpart and need none. */
    private static final List<String> NEEDLESS = List.of(
            "logfile",
            "pidfile",
            "unix_socket_dir",
            "unix_socket_mode",
            "unix_socket_group",
            "user",
            "stats_period",
            "log_connections",
            "log_disconnections",
            "log_pooler_errors",
            "log_stats",
            "verbose",
            "syslog",
            "syslog_ident",
            "syslog_facility",
            "so_reuseport",
            "tcp_nodelay",
            "tcp_keepalive",
            "tcp_defer_accept",
            "pkt_buf",
            "sbuf_loopcnt",
            "listen_backlog",
            "server_check_delay",
            "server_check_query",
            "ignore_startup_parameters",
            "dns_max_ttl",
            "server_round_robin",
            "job_name",
            "application_name_add_host",
            "server_fast_close",
            "server_reset_query",
            "server_reset_query_always",
            "max_prepared_statements",
            "disable_pqexec");

    private PgBouncerFile() {}

    /**
     * What a file comes to.
     *
     * @param section the section {@code db-proxy}: maps, strings and numbers
     * @param port for the node
     * @param secrets contents of files to be written, by the name that the section has for them
     * @param notes what could not be taken over, one line each
     */
    public record Result(Map<String, Object> section, int port, Map<String, String> secrets, List<String> notes) {}

    /** Reads the file and what it refers to; throws IllegalArgumentException that names the line. */
    public static Result read(Path file) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        Map<String, Map<String, String>> databases = new LinkedHashMap<>();
        List<String> notes = new ArrayList<>();
        Map<String, String> places = new HashMap<>();
        String section = "";
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith(";") || line.startsWith("#")) {
                continue;
            }
            int equals = line.indexOf('=');
            if (line.startsWith("[") && line.endsWith("]")) {
                section = line.substring(1, line.length() - 1);
            } else if (line.startsWith("%include")) {
                notes.add(at(file, i) + line + " is not read: import that file too");
            } else if (equals < 1) {
                throw new IllegalArgumentException(at(file, i) + line + " (expected: name = value)");
            } else {
                String name = line.substring(0, equals).strip();
                String value = line.substring(equals + 1).strip();
                switch (section) {
                    case "pgbouncer" -> {
                        settings.put(name, value);
                        places.put(name, at(file, i));
                    }
                    case "databases" -> {
                        databases.put(name.replace("\"", ""), pairs(value));
                        places.put("databases." + name.replace("\"", ""), at(file, i));
                    }
                    default -> notes.add(at(file, i) + "[" + section + "] " + name + ": not taken over");
                }
            }
        }
        return new Translation(file, settings, databases, places, notes).result();
    }

    private static String at(Path file, int line) {
        return file.getFileName() + ":" + (line + 1) + ": ";
    }

    private static Map<String, String> pairs(String text) {
        Map<String, String> pairs = new LinkedHashMap<>();
        Matcher matcher = PAIR.matcher(text);
        while (matcher.find()) {
            String quoted = matcher.group(2);
            pairs.put(matcher.group(1), quoted == null ? matcher.group(3) : quoted.replace("''", "'"));
        }
        return pairs;
    }

    /** One file's way into a section. Used once. */
    private static final class Translation {
        private final Path file;
        private final Map<String, String> settings;
        private final Map<String, Map<String, String>> databases;
        private final Map<String, String> places;
        private final List<String> notes;
        private final Map<String, String> secrets = new LinkedHashMap<>();

        Translation(
                Path file,
                Map<String, String> settings,
                Map<String, Map<String, String>> databases,
                Map<String, String> places,
                List<String> notes) {
            this.places = places;
            this.file = file;
            this.settings = settings;
            this.databases = databases;
            this.notes = notes;
        }

        Result result() throws IOException {
            Map<String, Object> section = new LinkedHashMap<>();
            Map<String, Object> users = users();
            Map<String, Object> each = new LinkedHashMap<>();
            for (Map.Entry<String, Map<String, String>> database : databases.entrySet()) {
                if (database.getKey().equals("*")) {
                    note("databases.*", "databases.*: not taken over: name each database");
                } else {
                    each.put(database.getKey(), database(database.getKey(), database.getValue(), users));
                }
            }
            section.put("databases", each);
            console(section, users);
            number("max_client_conn", section, "clients");
            seconds("client_login_timeout", section, "login-timeout");
            tls(section);
            int port = Integer.parseInt(take("listen_port", "6432"));
            take("listen_addr", "");
            settings.keySet().stream()
                    .filter(name -> !NEEDLESS.contains(name))
                    .forEach(name -> note(name, name + ": not taken over"));
            notes.sort(Comparator.comparingInt(Translation::line));
            return new Result(section, port, secrets, notes);
        }

        private Map<String, Object> database(String name, Map<String, String> own, Map<String, Object> users) {
            Map<String, Object> made = new LinkedHashMap<>();
            String user = own.get("user");
            if (user != null) {
                Map<String, Object> login = new LinkedHashMap<>();
                login.put("server-user", user);
                String password = own.get("password");
                if (password != null) {
                    login.put("server-password", secret(name + "." + user + ".server", password));
                }
                Map<String, Object> all = new LinkedHashMap<>();
                users.forEach((each, config) -> {
                    Map<String, Object> both = new LinkedHashMap<>();
                    if (config instanceof Map<?, ?> known) {
                        known.forEach((key, value) -> both.put(String.valueOf(key), value));
                    }
                    both.putAll(login);
                    all.put(each, both);
                });
                made.put("users", all);
            } else if (!users.isEmpty()) {
                made.put("users", users);
            }
            access(made, users);
            made.put("pool", pool(own));
            Map<String, Object> shard = new LinkedHashMap<>();
            String host = own.getOrDefault("host", "127.0.0.1");
            if (host.contains(",") || host.startsWith("/")) {
                note(
                        "databases." + name,
                        "databases." + name + ".host: " + host + ": the first address is taken, no socket folders");
                host = host.startsWith("/") ? "127.0.0.1" : host.substring(0, host.indexOf(','));
            }
            shard.put("primary", host + ":" + own.getOrDefault("port", "5432"));
            if (!own.getOrDefault("dbname", name).equals(name)) {
                shard.put("database", own.get("dbname"));
            }
            made.put("shards", Map.of("s0", shard));
            for (String key : own.keySet()) {
                if (!List.of(
                                "host",
                                "port",
                                "dbname",
                                "user",
                                "password",
                                "pool_size",
                                "pool_mode",
                                "max_db_connections")
                        .contains(key)) {
                    note("databases." + name, "databases." + name + "." + key + ": not taken over");
                }
            }
            return made;
        }

        private Map<String, Object> pool(Map<String, String> own) {
            Map<String, Object> pool = new LinkedHashMap<>();
            pool.put("mode", own.getOrDefault("pool_mode", settings.getOrDefault("pool_mode", "session")));
            pool.put(
                    "size",
                    Integer.parseInt(own.getOrDefault("pool_size", settings.getOrDefault("default_pool_size", "20"))));
            bound(
                    own.getOrDefault("max_db_connections", settings.getOrDefault("max_db_connections", "0")),
                    pool,
                    "max-database");
            bound(settings.getOrDefault("max_user_connections", "0"), pool, "max-user");
            duration("query_wait_timeout", pool, "wait");
            duration("server_idle_timeout", pool, "idle");
            duration("server_lifetime", pool, "lifetime");
            duration("server_connect_timeout", pool, "connect-timeout");
            return pool;
        }

        /** Zero means no bound, here as there. */
        private static void bound(String value, Map<String, Object> pool, String key) {
            if (Integer.parseInt(value) > 0) {
                pool.put(key, Integer.parseInt(value));
            }
        }

        private void note(String place, String text) {
            String note = places.getOrDefault(place, "") + text;
            if (!notes.contains(note)) {
                notes.add(note);
            }
        }

        /** The line that a note is about; the file's own order is the reader's. */
        private static int line(String note) {
            Matcher matcher = PLACE.matcher(note);
            return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
        }

        private void console(Map<String, Object> section, Map<String, Object> users) {
            Map<String, Object> console = new LinkedHashMap<>();
            operators("admin_users", "admin-users", console, users);
            operators("stats_users", "stats-users", console, users);
            if (!console.isEmpty()) {
                section.put("console", console);
            }
        }

        private void operators(String name, String key, Map<String, Object> console, Map<String, Object> users) {
            Map<String, Object> operators = new LinkedHashMap<>();
            for (String user :
                    COMMA.splitAsStream(take(name, "")).map(String::strip).toList()) {
                if (users.get(user) instanceof Map<?, ?> known && !known.isEmpty()) {
                    operators.put(user, known);
                } else if (!user.isEmpty()) {
                    note(name, name + ": " + user + " has no password in auth_file: name it in console yourself");
                }
            }
            if (!operators.isEmpty()) {
                console.put(key, operators);
            }
        }

        private void access(Map<String, Object> made, Map<String, Object> users) {
            String type = settings.getOrDefault("auth_type", "md5");
            switch (type) {
                case "hba" -> made.put("hba", settings.getOrDefault("auth_hba_file", "pg_hba.conf"));
                case "trust", "any" -> made.put("loopback", "trust");
                default -> made.put("loopback", "scram");
            }
            String asks = settings.get("auth_user");
            if (asks != null) {
                Map<String, Object> query = new LinkedHashMap<>();
                query.put("user", asks);
                if (users.get(asks) instanceof Map<?, ?> known && known.containsKey("password")) {
                    query.put("password", known.get("password"));
                } else {
                    note(
                            "auth_user",
                            "auth_user: " + asks + " has no plain password in auth_file: give auth-query one");
                }
                String sql = settings.get("auth_query");
                if (sql != null) {
                    query.put("sql", sql);
                }
                made.put("auth-query", query);
            }
        }

        private void tls(Map<String, Object> section) {
            String cert = take("client_tls_cert_file", "");
            String key = take("client_tls_key_file", "");
            String ca = take("client_tls_ca_file", "");
            String mode = take("client_tls_sslmode", "disable");
            if (!cert.isEmpty() && !mode.equals("disable")) {
                Map<String, Object> tls = new LinkedHashMap<>();
                tls.put("cert", cert);
                tls.put("key", key);
                if (!ca.isEmpty()) {
                    tls.put("client-ca", ca);
                }
                tls.put("required", !mode.equals("allow") && !mode.equals("prefer"));
                section.put("tls", tls);
            }
            for (String used : List.of(
                    "pool_mode",
                    "default_pool_size",
                    "query_wait_timeout",
                    "server_idle_timeout",
                    "server_lifetime",
                    "server_connect_timeout",
                    "max_db_connections",
                    "max_user_connections",
                    "auth_type",
                    "auth_hba_file",
                    "auth_user",
                    "auth_query",
                    "auth_file")) {
                settings.remove(used);
            }
        }

        private Map<String, Object> users() throws IOException {
            Map<String, Object> users = new LinkedHashMap<>();
            String list = settings.get("auth_file");
            if (list == null) {
                return users;
            }
            Path path = file.toAbsolutePath().resolveSibling(list);
            if (!Files.isReadable(path)) {
                note("auth_file", "auth_file: " + list + " cannot be read: name the users yourself");
                return users;
            }
            for (String line : Files.readAllLines(path)) {
                Matcher matcher = USER.matcher(line.strip());
                if (matcher.matches()) {
                    String name = matcher.group(1).replace("\"\"", "\"");
                    String stored = matcher.group(2).replace("\"\"", "\"");
                    boolean hashed = stored.startsWith("SCRAM-SHA-256$") || stored.matches("md5[0-9a-f]{32}");
                    users.put(
                            name,
                            stored.isEmpty()
                                    ? new LinkedHashMap<String, Object>()
                                    : new LinkedHashMap<String, Object>(
                                            Map.of(hashed ? "verifier" : "password", secret(name, stored))));
                }
            }
            return users;
        }

        private Map<String, Object> secret(String name, String value) {
            String plain = "secrets/" + name.replaceAll("[^A-Za-z0-9_.-]", "_");
            String path = plain;
            for (int i = 2; secrets.containsKey(path); i++) {
                path = plain + "-" + i;
            }
            secrets.put(path, value);
            return Map.of("file", path);
        }

        private String take(String name, String otherwise) {
            String value = settings.remove(name);
            return value == null ? otherwise : value;
        }

        private void number(String name, Map<String, Object> into, String key) {
            String value = settings.remove(name);
            if (value != null) {
                into.put(key, Integer.parseInt(value));
            }
        }

        private void seconds(String name, Map<String, Object> into, String key) {
            duration(name, into, key);
            settings.remove(name);
        }

        /** Zero means for ever there; the default is kept for it. */
        private void duration(String name, Map<String, Object> into, String key) {
            @Nullable String value = settings.get(name);
            if (value != null && Double.parseDouble(value) > 0) {
                into.put(key, Math.round(Double.parseDouble(value) * 1000) + "ms");
            }
        }
    }
}
