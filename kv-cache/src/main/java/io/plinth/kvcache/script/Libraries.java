package io.plinth.kvcache.script;

import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.lua.code.Chunk;
import io.plinth.kvcache.lua.code.SyntaxError;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: the libraries of functions, a snapshot behind one volatile field. */
final class Libraries {
    private static final String NAME_RULE =
            "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character"
                    + " long";

    /** A function as it was registered. */
    record Declared(String name, @Nullable String description, Set<String> flags) {}

    /** A library. */
    record Library(String name, String code, Chunk chunk, List<Declared> functions) {
        Library with(List<Declared> registered) {
            return new Library(name, code, chunk, List.copyOf(registered));
        }
    }

    /** {@code kept} has the source of those that did not load at the start, by their names. */
    private record Snapshot(
            Map<String, Library> libraries, Map<String, Library> byFunction, Map<String, String> kept) {}

    private static final Pattern NAME = Pattern.compile("#![^\\n]* name=([A-Za-z0-9_]+)");

    private Consumer<List<byte[]>> heard = codes -> {};
    private volatile Snapshot snapshot = new Snapshot(Map.of(), Map.of(), Map.of());

    Collection<Library> all() {
        return snapshot.libraries.values();
    }

    int functions() {
        return snapshot.byFunction.size();
    }

    @Nullable
    Library ofFunction(String name) {
        return snapshot.byFunction.get(name);
    }

    @Nullable
    Declared function(String name) {
        Library library = ofFunction(name);
        return library == null
                ? null
                : library.functions.stream()
                        .filter(f -> f.name.equals(name))
                        .findFirst()
                        .orElse(null);
    }

    static boolean validName(String name) {
        return name.matches("[A-Za-z0-9_]+");
    }

    /** A library whose functions are not known yet; {@code named} sees its name before it is compiled. */
    static Library parse(String code, Consumer<String> named) {
        int end = code.indexOf('\n');
        if (!code.startsWith("#!")) {
            throw new CommandException("ERR Missing library metadata");
        }
        if (end < 0) {
            throw new CommandException("ERR Invalid library metadata");
        }
        String[] words = code.substring(2, end).trim().split(" +", -1);
        String name = null;
        for (int i = 1; i < words.length; i++) {
            if (!words[i].startsWith("name=")) {
                throw new CommandException("ERR Invalid metadata value given: " + Replies.line(words[i]));
            }
            if (name != null) {
                throw new CommandException("ERR Invalid metadata value, name argument was given multiple times");
            }
            name = words[i].substring("name=".length());
        }
        if (name == null) {
            throw new CommandException("ERR Library name was not given");
        }
        if (!validName(name)) {
            throw new CommandException(NAME_RULE);
        }
        if (!words[0].equalsIgnoreCase("lua")) {
            throw new CommandException("ERR Engine '" + Replies.line(words[0]) + "' not found");
        }
        named.accept(name);
        try {
            return new Library(name, code, Chunk.compile(code.substring(end), "@user_function"), List.of());
        } catch (SyntaxError e) {
            throw new CommandException("ERR Error compiling function: " + Replies.line(e.getMessage()));
        }
    }

    void checkNew(String name, boolean replace) {
        if (!replace && snapshot.libraries.containsKey(name)) {
            throw new CommandException("ERR Library '" + name + "' already exists");
        }
    }

    synchronized void add(Library library, boolean replace) {
        Map<String, Library> next = new TreeMap<>(snapshot.libraries);
        join(next, library, replace, "'");
        publish(next, keptBut(library.name));
    }

    /** Takes in all of them, or none; in place of those there are where {@code flush} is. */
    synchronized void restore(List<Library> libraries, boolean flush, boolean replace) {
        Map<String, Library> given = new TreeMap<>();
        libraries.forEach(library -> join(given, library, false, "'"));
        Map<String, Library> next = flush ? given : new TreeMap<>(snapshot.libraries);
        Map<String, String> kept = flush ? Map.of() : new TreeMap<>(snapshot.kept);
        if (!flush) {
            for (Library library : libraries) {
                join(next, library, replace, "");
                kept.remove(library.name);
            }
        }
        publish(next, kept);
    }

    /** Redis has quotes around a name in one of its messages and none in the other. */
    private static void join(Map<String, Library> to, Library library, boolean replace, String quote) {
        if (!replace && to.containsKey(library.name)) {
            throw new CommandException("ERR Library " + quote + library.name + quote + " already exists");
        }
        for (Library other : to.values()) {
            for (Declared function : library.functions) {
                boolean there = other.functions.stream().anyMatch(each -> each.name.equals(function.name));
                if (there && !other.name.equals(library.name)) {
                    throw new CommandException("ERR Function " + function.name + " already exists");
                }
            }
        }
        to.put(library.name, library);
    }

    synchronized void delete(String name) {
        Map<String, Library> next = new TreeMap<>(snapshot.libraries);
        if (next.remove(name) == null && !snapshot.kept.containsKey(name)) {
            throw new CommandException("ERR Library not found");
        }
        publish(next, keptBut(name));
    }

    synchronized void flush() {
        publish(Map.of(), Map.of());
    }

    /** Keeps the source of one that does not load, until another of its name comes or it is deleted. */
    synchronized void keep(String code) {
        Matcher matcher = NAME.matcher(code);
        Map<String, String> kept = new TreeMap<>(snapshot.kept);
        kept.put(matcher.lookingAt() ? matcher.group(1) : code, code);
        publish(snapshot.libraries, kept);
    }

    private Map<String, String> keptBut(String name) {
        Map<String, String> kept = new TreeMap<>(snapshot.kept);
        kept.remove(name);
        return kept;
    }

    /** Tells of every change from now on: all that there is then, one after the other. */
    synchronized void heard(Consumer<List<byte[]>> by) {
        heard = by;
    }

    /** The source of each that is loaded. */
    List<byte[]> sources() {
        return snapshot.libraries.values().stream()
                .map(library -> library.code().getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    /** The source of each, and of those that are only kept. */
    List<byte[]> codes() {
        Snapshot present = snapshot;
        return Stream.concat(present.libraries.values().stream().map(Library::code), present.kept.values().stream())
                .map(code -> code.getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }

    private void publish(Map<String, Library> libraries, Map<String, String> kept) {
        Map<String, Library> functions = new TreeMap<>();
        for (Library library : libraries.values()) {
            library.functions.forEach(function -> functions.put(function.name, library));
        }
        snapshot = new Snapshot(libraries, functions, kept);
        heard.accept(codes());
    }
}
