package io.plinth.kit.config.read;

import io.plinth.kit.config.read.Tree.Mark;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** One tree over another: a region's overrides, the environment's, the command line's. */
final class Overlay {
    /** {@code PLINTH__KV_CACHE__MEMORY=1GiB} sets {@code kv-cache.memory}. */
    static final String ENVIRONMENT_PREFIX = "PLINTH__";

    private Overlay() {}

    /** {@code over} wins; mappings are merged key by key, everything else is replaced. */
    static Tree merge(Tree under, Tree over) {
        if (!(under instanceof Tree.Mapping below) || !(over instanceof Tree.Mapping above)) {
            return over;
        }
        Map<String, Tree.Entry> entries = new LinkedHashMap<>(below.entries());
        above.entries()
                .forEach((key, entry) -> entries.merge(
                        key, entry, (old, next) -> new Tree.Entry(next.key(), merge(old.value(), next.value()))));
        return new Tree.Mapping(entries, below.mark());
    }

    /** Sets every {@code PLINTH__A__B} of the environment. */
    static Tree.Mapping environment(Tree.Mapping tree, Map<String, String> env) {
        Tree.Mapping result = tree;
        for (Map.Entry<String, String> variable : new TreeMap<>(env).entrySet()) {
            String name = variable.getKey();
            if (name.startsWith(ENVIRONMENT_PREFIX)) {
                List<String> path =
                        List.of(name.substring(ENVIRONMENT_PREFIX.length()).split("__", -1));
                Mark mark = new Mark("environment variable " + name, 1, 1);
                result = set(result, path, new Tree.Scalar(variable.getValue(), false, mark));
            }
        }
        return result;
    }

    /** Sets every dotted path. */
    static Tree.Mapping options(Tree.Mapping tree, Map<String, String> options) {
        Tree.Mapping result = tree;
        for (Map.Entry<String, String> option : options.entrySet()) {
            Mark mark = new Mark("option " + option.getKey(), 1, 1);
            result = set(
                    result, List.of(option.getKey().split("\\.", -1)), new Tree.Scalar(option.getValue(), false, mark));
        }
        return result;
    }

    private static Tree.Mapping set(Tree.Mapping tree, List<String> path, Tree.Scalar value) {
        String key = key(tree, path.getFirst());
        Map<String, Tree.Entry> entries = new LinkedHashMap<>(tree.entries());
        Tree.Entry old = entries.get(key);
        Tree next = value;
        if (path.size() > 1) {
            Tree.Mapping below = old != null && old.value() instanceof Tree.Mapping mapping
                    ? mapping
                    : Tree.Mapping.empty(value.mark());
            next = set(below, path.subList(1, path.size()), value);
        }
        entries.put(key, new Tree.Entry(old == null ? value.mark() : old.key(), next));
        return new Tree.Mapping(entries, tree.mark());
    }

    /** The key as the file spells it, else in lower-case-dashed form. */
    private static String key(Tree.Mapping tree, String name) {
        String wanted = upper(name);
        for (String key : tree.entries().keySet()) {
            if (upper(key).equals(wanted)) {
                return key;
            }
        }
        return name.toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String upper(String key) {
        return key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }
}
