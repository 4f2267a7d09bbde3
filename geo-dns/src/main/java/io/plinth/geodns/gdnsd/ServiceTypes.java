package io.plinth.geodns.gdnsd;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by who imports: gdnsd's service_types as health checks. */
final class ServiceTypes {
    private static final Set<String> GENERAL =
            Set.of("plugin", "up_thresh", "ok_thresh", "down_thresh", "interval", "timeout");
    private static final int MOST_RESULTS = 100;
    private static final int LONGEST_TIMEOUT = 60;
    /** The monitor that always fails. */
    private static final List<String> ALWAYS_DOWN = List.of("/bin/false");

    private final Vscf.Table all;
    private final Path stateFolder;
    private final Notes notes;
    private int commands;

    ServiceTypes(Vscf.Table all, Path stateFolder, Notes notes) {
        this.all = all;
        this.stateFolder = stateFolder;
        this.notes = notes;
    }

    /** How many programs may run at once; 0 where nothing says so. */
    int commands() {
        return commands;
    }

    /** The check of what a resource names as its service types; null for none. */
    @Nullable
    Map<String, Object> check(@Nullable Vscf named) throws GdnsdException {
        if (named == null) {
            return null;
        }
        List<String> wanted = new ArrayList<>(Scope.texts("service_types", named));
        wanted.remove("up");
        if (wanted.isEmpty()) {
            return null;
        }
        if (wanted.size() > 1) {
            notes.add(
                    named.at(),
                    "service_types " + wanted + ": " + wanted.getFirst()
                            + " alone (a target is probed in one way; a `command` may try several)");
        }
        return check(wanted.getFirst(), named.at());
    }

    private @Nullable Map<String, Object> check(String name, Vscf.Mark at) throws GdnsdException {
        if (name.equals("down")) {
            return down();
        }
        Vscf found = all.find(name);
        if (found == null) {
            throw new GdnsdException(
                    at,
                    "service type: " + name + " (expected: one of "
                            + all.entries().keySet() + ")");
        }
        Scope type = new Scope(Scope.table(name, found), null);
        Map<String, Object> check = new LinkedHashMap<>();
        Set<String> own = switch (type.text("plugin", "")) {
            case "http_status" -> http(type, check);
            case "tcp_connect" -> tcp(type, check);
            case "extmon" -> program(type, check);
            case "extfile" -> file(type, check);
            case "static" -> {
                if (type.text("state", "UP").equalsIgnoreCase("DOWN")) {
                    check.putAll(down());
                }
                yield Set.of("state", "ttl");
            }
            case "null" -> {
                check.putAll(down());
                yield Set.of();
            }
            default -> {
                notes.add(found.at(), name + ": always up (its plugin is none of gdnsd's own; say `health` by hand)");
                yield type.table().entries().keySet();
            }
        };
        if (check.isEmpty()) {
            return null;
        }
        if (!check.containsKey("command") || !check.get("command").equals(ALWAYS_DOWN)) {
            timing(name, type, check);
        }
        for (Map.Entry<String, Vscf> entry : type.table().entries().entrySet()) {
            if (!GENERAL.contains(entry.getKey()) && !own.contains(entry.getKey())) {
                notes.add(entry.getValue().at(), name + "." + entry.getKey() + ": left out (nothing here is like it)");
            }
        }
        return check;
    }

    private static Map<String, Object> down() {
        return new LinkedHashMap<>(Map.of("command", ALWAYS_DOWN, "interval", "1h"));
    }

    private static Set<String> http(Scope type, Map<String, Object> check) throws GdnsdException {
        check.put("http", type.text("url_path", "/"));
        Vscf host = type.find("vhost");
        if (host != null) {
            check.put("host", Scope.text("vhost", host));
        }
        check.put("port", type.number("port", 80));
        Vscf codes = type.find("ok_codes");
        if (codes != null) {
            check.put("expect", String.join(",", Scope.texts("ok_codes", codes)));
        }
        return Set.of("url_path", "vhost", "port", "ok_codes");
    }

    private static Set<String> tcp(Scope type, Map<String, Object> check) throws GdnsdException {
        check.put("port", type.number("port", 0));
        return Set.of("port");
    }

    private Set<String> program(Scope type, Map<String, Object> check) throws GdnsdException {
        Vscf command = type.find("cmd");
        if (command == null) {
            throw new GdnsdException(type.at(), "cmd: missing (expected: a program and its arguments)");
        }
        check.put(
                "command",
                Scope.texts("cmd", command).stream()
                        .map(word -> word.replace("%%ITEM%%", "{address}"))
                        .toList());
        commands = Math.max(commands, type.number("max_proc", 0));
        direct(type, check);
        return Set.of("cmd", "direct", "max_proc");
    }

    private Set<String> file(Scope type, Map<String, Object> check) throws GdnsdException {
        Vscf file = type.find("file");
        if (file == null) {
            throw new GdnsdException(type.at(), "file: missing (expected: the file with the states)");
        }
        check.put(
                "file",
                stateFolder.resolve("extfile").resolve(Scope.text("file", file)).toString());
        direct(type, check);
        Vscf down = type.find("def_down");
        if (down != null && type.isSet("def_down")) {
            notes.add(down.at(), "def_down: what the file does not name is up here (name every address in it)");
        }
        Vscf ttl = type.find("def_ttl");
        if (ttl != null) {
            notes.add(ttl.at(), "def_ttl: left out (write the TTL behind each state: UP/60)");
        }
        return Set.of("file", "direct", "def_down", "def_ttl");
    }

    private static void direct(Scope type, Map<String, Object> check) throws GdnsdException {
        if (type.isSet("direct")) {
            check.put("rise", 1);
            check.put("fall", 1);
        }
    }

    private void timing(String name, Scope type, Map<String, Object> check) throws GdnsdException {
        int interval = type.number("interval", 10);
        check.put("interval", interval + "s");
        if (!check.containsKey("file")) {
            int timeout = Math.max(1, type.number("timeout", interval / 2));
            check.put("timeout", Math.min(timeout, LONGEST_TIMEOUT) + "s");
            if (timeout > LONGEST_TIMEOUT) {
                notes.add(type.at(), name + ".timeout: " + LONGEST_TIMEOUT + " s, which is the longest here");
            }
        }
        check.putIfAbsent("rise", results(name, type, "up_thresh", 20));
        check.putIfAbsent("fall", results(name, type, "down_thresh", 10));
        Vscf ok = type.find("ok_thresh");
        if (ok != null && Scope.number("ok_thresh", ok) > 1) {
            notes.add(ok.at(), name + ".ok_thresh: one success is enough here to forget the failures before it");
        }
    }

    private int results(String name, Scope type, String key, int usual) throws GdnsdException {
        int wanted = type.number(key, usual);
        if (wanted > MOST_RESULTS) {
            notes.add(type.at(), name + "." + key + ": " + MOST_RESULTS + ", which is the most here");
        }
        return Math.min(wanted, MOST_RESULTS);
    }
}
