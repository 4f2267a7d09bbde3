package io.plinth.kit.config.read;

import io.plinth.kit.config.Default;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Retired;
import io.plinth.kit.config.Secret;
import io.plinth.kit.config.Shorthand;
import io.plinth.kit.config.read.Tree.Mark;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Trees to records, by the records' own annotations. A mistake is reported and binding goes on, so that one reading
 * finds them all; the result is null as soon as anything in it was wrong.
 */
final class Binder {
    private final List<Problem> problems;
    private final Secrets secrets;
    private final boolean lenient;

    Binder(List<Problem> problems, Path folder, Map<String, String> env) {
        this(problems, folder, env, false);
    }

    /**
     * A lenient binder goes on with what is right: a wrong value is taken for its default or left out. That serves only
     * to run a section's own checks beside its other mistakes; the result is never used.
     */
    Binder(List<Problem> problems, Path folder, Map<String, String> env, boolean lenient) {
        this.lenient = lenient;
        this.problems = problems;
        this.secrets = new Secrets(folder, env);
    }

    /**
     * Binds a record.
     *
     * @param where the key the value stands at, for what is missing in it
     * @param further keys that are allowed beside the record's own
     */
    <T extends Record> @Nullable T record(Tree tree, Class<T> type, Mark where, Set<String> further) {
        Tree.Mapping mapping = mapping(tree, type);
        if (mapping == null) {
            return null;
        }
        int before = problems.size();
        RecordComponent[] components = type.getRecordComponents();
        unknownKeys(mapping, type, further);
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = component(mapping, components[i], where);
        }
        boolean unusable = lenient ? lacks(components, values) : problems.size() > before;
        return unusable ? null : create(type, types, values, where);
    }

    private static boolean lacks(RecordComponent[] components, @Nullable Object[] values) {
        for (int i = 0; i < components.length; i++) {
            if (values[i] == null && !Components.nullable(components[i])) {
                return true;
            }
        }
        return false;
    }

    private Tree.@Nullable Mapping mapping(Tree tree, Class<?> type) {
        return switch (tree) {
            case Tree.Mapping mapping -> mapping;
            case Tree.Scalar scalar when scalar.isNull() -> Tree.Mapping.empty(scalar.mark());
            default -> {
                Shorthand shorthand = type.getAnnotation(Shorthand.class);
                if (shorthand != null) {
                    yield new Tree.Mapping(Map.of(shorthand.value(), new Tree.Entry(tree.mark(), tree)), tree.mark());
                }
                problems.add(
                        tree.mark().problem("a single value (expected: keys " + String.join(", ", keys(type)) + ")"));
                yield null;
            }
        };
    }

    private void unknownKeys(Tree.Mapping mapping, Class<?> type, Set<String> further) {
        Set<String> known = keys(type);
        Set<String> offered = new LinkedHashSet<>(known);
        offered.addAll(further);
        mapping.entries().forEach((key, entry) -> {
            if (!offered.contains(key)) {
                String retired = retired(type, key);
                problems.add(entry.key()
                        .problem(
                                retired != null
                                        ? "key `" + key + "` is retired: " + retired
                                        : "unknown key `" + key + "`" + Nearest.hint(key, offered)));
            }
        });
    }

    private static @Nullable String retired(Class<?> type, String key) {
        Retired retired = type.getAnnotation(Retired.class);
        if (retired != null) {
            for (String line : retired.value()) {
                if (line.startsWith(key + ":")) {
                    return line.substring(key.length() + 1).strip();
                }
            }
        }
        return null;
    }

    private static Set<String> keys(Class<?> type) {
        Set<String> keys = new LinkedHashSet<>();
        for (RecordComponent component : type.getRecordComponents()) {
            keys.add(Components.key(component));
        }
        return keys;
    }

    private @Nullable Object component(Tree.Mapping mapping, RecordComponent component, Mark where) {
        String key = Components.key(component);
        Tree.Entry entry = mapping.entries().get(key);
        Type type = component.getGenericType();
        Class<?> raw = Components.raw(type);
        if (entry != null && !emptyValue(entry.value(), raw)) {
            Object value = ranged(
                    value(entry.value(), type, entry.key()),
                    component,
                    entry.value().mark());
            if (value != null || !lenient) {
                return value;
            }
        }
        Default fallback = component.getAnnotation(Default.class);
        if (fallback != null) {
            Mark mark = entry == null ? where : entry.key();
            return value(new Tree.Scalar(fallback.value(), false, mark), type, mark);
        }
        if (Components.nullable(component)) {
            // `postgres:` with nothing behind it means the record of its defaults, not its absence.
            return entry != null && raw.isRecord() ? value(entry.value(), type, entry.key()) : null;
        }
        if (raw == Map.class) {
            return Map.of();
        }
        if (raw == List.class) {
            return List.of();
        }
        Mark mark = entry == null ? where : entry.key();
        if (raw.isRecord() && !Scalars.isScalar(raw)) {
            return value(Tree.Mapping.empty(mark), type, mark);
        }
        problems.add(mark.problem((entry == null ? "missing key `" : "no value for key `") + key + "` (expected: "
                + Scalars.describe(raw).replace("\\|", "|") + ")"));
        return null;
    }

    private static boolean emptyValue(Tree tree, Class<?> raw) {
        return tree instanceof Tree.Scalar scalar && scalar.isNull() && raw != String.class;
    }

    private @Nullable Object value(Tree tree, Type type, Mark where) {
        Class<?> raw = Components.raw(type);
        if (raw == Secret.class) {
            return secrets.resolve(tree, problems);
        }
        if (raw == Map.class) {
            return map(tree, Components.element(type));
        }
        if (raw == List.class) {
            return list(tree, Components.element(type));
        }
        if (Scalars.isScalar(raw) && (tree instanceof Tree.Scalar || !raw.isRecord())) {
            return scalar(tree, raw);
        }
        return record(tree, raw.asSubclass(Record.class), where, Set.of());
    }

    private @Nullable Object scalar(Tree tree, Class<?> type) {
        if (!(tree instanceof Tree.Scalar scalar)) {
            problems.add(tree.mark()
                    .problem("not a single value (expected: "
                            + Scalars.describe(type).replace("\\|", "|") + ")"));
            return null;
        }
        try {
            return Scalars.parse(scalar.text(), type);
        } catch (IllegalArgumentException e) {
            problems.add(scalar.mark().problem(String.valueOf(e.getMessage())));
            return null;
        }
    }

    private @Nullable Object map(Tree tree, Type element) {
        if (!(tree instanceof Tree.Mapping mapping)) {
            problems.add(tree.mark().problem("no names (expected: `name: value` lines)"));
            return null;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        mapping.entries().forEach((name, entry) -> {
            Object value = value(entry.value(), element, entry.key());
            if (value != null) {
                values.put(name, value);
            }
        });
        return Collections.unmodifiableMap(values);
    }

    private @Nullable Object list(Tree tree, Type element) {
        if (!(tree instanceof Tree.Sequence sequence)) {
            problems.add(tree.mark().problem("not a list (expected: [a, b])"));
            return null;
        }
        List<Object> values = new ArrayList<>();
        for (Tree item : sequence.items()) {
            Object value = value(item, element, item.mark());
            if (value != null) {
                values.add(value);
            }
        }
        return List.copyOf(values);
    }

    private @Nullable Object ranged(@Nullable Object value, RecordComponent component, Mark mark) {
        Range range = component.getAnnotation(Range.class);
        if (range == null || value == null) {
            return value;
        }
        boolean low = !range.min().isEmpty() && compare(value, range.min()) < 0;
        boolean high = !range.max().isEmpty() && compare(value, range.max()) > 0;
        if (low || high) {
            String bounds = range.max().isEmpty()
                    ? "at least " + range.min()
                    : range.min().isEmpty() ? "at most " + range.max() : range.min() + " to " + range.max();
            problems.add(mark.problem(
                    "`" + Components.key(component) + "`: " + Scalars.text(value) + " (expected: " + bounds + ")"));
            return null;
        }
        return value;
    }

    @SuppressWarnings("unchecked")
    private static int compare(Object value, String bound) {
        return ((Comparable<Object>) value).compareTo(Scalars.parse(bound, value.getClass()));
    }

    private <T extends Record> @Nullable T create(
            Class<T> type, Class<?>[] types, @Nullable Object[] values, Mark where) {
        try {
            Constructor<T> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException cause) {
                problems.add(where.problem(String.valueOf(cause.getMessage())));
                return null;
            }
            throw new IllegalStateException("config record - type=" + type, e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("config record - type=" + type, e);
        }
    }
}
