package io.plinth.kit.config;

import io.plinth.kit.config.read.Components;
import io.plinth.kit.config.read.Scalars;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The reference page of every key, generated from the records the file is bound to, so that it cannot drift. */
public final class ConfigReference {
    private final StringBuilder out = new StringBuilder();
    private final Set<String> written = new HashSet<>();
    private final Deque<Section> open = new ArrayDeque<>();

    private ConfigReference() {}

    private record Section(String path, Class<?> type) {}

    /** The page as Markdown: the shared part, then a chapter per kind. */
    public static String markdown(Collection<? extends SectionType> kinds) {
        ConfigReference reference = new ConfigReference();
        reference.out.append("""
            # plinth.yaml, key by key

            Generated from the records the file is bound to; `deploy/plinth config-reference` prints it. A key without a
            default is required unless it says optional. Command line (`--set a.b=c`) is over environment (`PLINTH__A__B`),
            which is over the file, which is over the default. `NAME` is a name of your choice.
            """);
        reference.chapter("The stack", "", StackConfig.class);
        kinds.forEach(kind -> reference.chapter(kind.kind(), kind.kind(), kind.config()));
        return reference.out.toString();
    }

    private void chapter(String title, String path, Class<?> type) {
        out.append("\n## ").append(title).append('\n');
        open.add(new Section(path, type));
        boolean first = true;
        while (!open.isEmpty()) {
            Section section = open.remove();
            if (!written.add(section.path() + " " + section.type().getName())) {
                continue;
            }
            if (!first) {
                out.append("\n### `").append(section.path()).append("`\n");
            }
            first = false;
            table(section);
        }
    }

    private void table(Section section) {
        Doc doc = section.type().getAnnotation(Doc.class);
        if (doc != null) {
            out.append('\n').append(doc.value()).append('\n');
        }
        Shorthand shorthand = section.type().getAnnotation(Shorthand.class);
        if (shorthand != null) {
            out.append("\nA single value stands for `")
                    .append(shorthand.value())
                    .append("`.\n");
        }
        out.append("\n| key | value | default | |\n|---|---|---|---|\n");
        for (RecordComponent component : section.type().getRecordComponents()) {
            row(section, component);
        }
    }

    private void row(Section section, RecordComponent component) {
        String key = Components.key(component);
        Doc doc = component.getAnnotation(Doc.class);
        Range range = component.getAnnotation(Range.class);
        String path = section.path().isEmpty() ? key : section.path() + "." + key;
        out.append("| `").append(key).append("` | ").append(describe(component.getGenericType(), path));
        if (range != null) {
            out.append(range.min().isEmpty() ? "" : ", from " + range.min());
            out.append(range.max().isEmpty() ? "" : ", to " + range.max());
        }
        out.append(" | ").append(fallback(component)).append(" | ");
        out.append(doc == null ? "" : doc.value().replace("|", "\\|")).append(" |\n");
    }

    private String describe(Type type, String path) {
        Class<?> raw = Components.raw(type);
        if (raw == Secret.class) {
            return "`{file: PATH}` or `{env: NAME}`";
        }
        if (raw == Map.class) {
            return "`NAME`: " + describe(Components.element(type), path + ".NAME");
        }
        if (raw == List.class) {
            return "list of " + describe(Components.element(type), path);
        }
        if (!Scalars.isScalar(raw)) {
            open.add(new Section(path, raw));
            return "see `" + path + "`";
        }
        return Scalars.describe(raw);
    }

    private static String fallback(RecordComponent component) {
        Default value = component.getAnnotation(Default.class);
        if (value != null) {
            return value.value().isEmpty() ? "empty" : "`" + value.value() + "`";
        }
        if (Components.nullable(component)) {
            return "optional";
        }
        return List.of(Map.class, List.class).contains(component.getType()) ? "none" : "";
    }
}
