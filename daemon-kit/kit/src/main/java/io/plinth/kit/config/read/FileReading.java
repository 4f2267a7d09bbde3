package io.plinth.kit.config.read;

import io.plinth.kit.config.AppConfig;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.RegionConfig;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.read.Tree.Mark;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One reading of a file: YAML -&gt; tree -&gt; environment and options over it -&gt; records -&gt; checks. */
public final class FileReading {
    private static final long BYTES_MAX = 1 << 20;

    private FileReading() {}

    /** As {@link io.plinth.kit.config.StackFiles#read} says. */
    public static StackFile read(
            Path file, Collection<? extends SectionType> kinds, Map<String, String> env, Map<String, String> options)
            throws ConfigException {
        List<Problem> problems = new ArrayList<>();
        String text = text(file, problems);
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        Tree.Mapping tree = new TreeReader(file.toString(), problems).read(text);
        if (!problems.isEmpty() && tree.entries().isEmpty()) {
            throw new ConfigException(problems);
        }
        tree = Overlay.options(Overlay.environment(tree, env), options);
        BoundStackFile bound = new Reading(file, kinds, env, tree, problems).bind();
        if (bound == null || !problems.isEmpty()) {
            Set<Problem> once = new LinkedHashSet<>(problems);
            throw new ConfigException(once.stream()
                    .sorted(Comparator.comparing(Problem::file)
                            .thenComparingInt(Problem::line)
                            .thenComparingInt(Problem::column))
                    .toList());
        }
        return bound;
    }

    private static String text(Path file, List<Problem> problems) {
        try {
            if (Files.size(file) <= BYTES_MAX) {
                return Files.readString(file, StandardCharsets.UTF_8);
            }
            problems.add(new Problem(file.toString(), 1, 1, "the file is over 1 MiB"));
        } catch (NoSuchFileException e) {
            problems.add(new Problem(file.toString(), 1, 1, "no such file; name an existing one"));
        } catch (IOException e) {
            problems.add(new Problem(file.toString(), 1, 1, "cannot be read: " + e));
        }
        return "";
    }

    /** One reading of one file. */
    private static final class Reading {
        private final Path file;
        private final Map<String, SectionType> kinds = new LinkedHashMap<>();
        private final Tree.Mapping tree;
        private final List<Problem> problems;
        private final Binder binder;
        private final Binder lenient;

        Reading(
                Path file,
                Collection<? extends SectionType> kinds,
                Map<String, String> env,
                Tree.Mapping tree,
                List<Problem> problems) {
            this.file = file;
            kinds.forEach(kind -> this.kinds.put(kind.kind(), kind));
            this.tree = tree;
            this.problems = problems;
            Path folder = file.toAbsolutePath().normalize().getParent();
            this.binder = new Binder(problems, folder == null ? Path.of("/") : folder, env);
            this.lenient = new Binder(new ArrayList<>(), Path.of("/"), Map.of(), true);
        }

        @Nullable
        BoundStackFile bind() {
            Set<String> sections = new LinkedHashSet<>(kinds.keySet());
            tree.entries().keySet().stream().filter(this::isNamedCluster).forEach(sections::add);
            StackConfig stack = binder.record(withoutOverrides(), StackConfig.class, tree.mark(), sections);
            StackConfig known = stack != null ? stack : unusableStack();
            Map<BoundStackFile.SectionKey, Record> bound = new LinkedHashMap<>();
            for (String section : sections) {
                SectionType type = kinds.get(kind(section));
                if (type == null) {
                    continue;
                }
                section(section, "", merged(section, null), type, known, bound);
                for (String region : known.regions().keySet()) {
                    Tree.@Nullable Entry override = override(region, section);
                    if (override != null) {
                        section(section, region, merged(section, override), type, known, bound);
                    }
                }
            }
            if (stack == null) {
                return null;
            }
            BoundStackFile result = new BoundStackFile(file, stack, Map.copyOf(bound), kinds, List.copyOf(sections));
            new StackChecks(stack, kinds, tree, problems, result).run();
            return result;
        }

        private boolean isNamedCluster(String key) {
            return key.indexOf('/') > 0 && kinds.containsKey(kind(key));
        }

        private static String kind(String section) {
            int slash = section.indexOf('/');
            return slash < 0 ? section : section.substring(0, slash);
        }

        /** The tree without the regions' daemon sections, which are no keys of a region's own record. */
        private Tree.Mapping withoutOverrides() {
            Tree.Entry regions = tree.entries().get("regions");
            if (regions == null || !(regions.value() instanceof Tree.Mapping byName)) {
                return tree;
            }
            Map<String, Tree.Entry> kept = new LinkedHashMap<>();
            byName.entries().forEach((name, region) -> {
                if (region.value() instanceof Tree.Mapping mapping) {
                    Map<String, Tree.Entry> own = new LinkedHashMap<>(mapping.entries());
                    own.keySet().removeIf(key -> kinds.containsKey(kind(key)));
                    kept.put(name, new Tree.Entry(region.key(), new Tree.Mapping(own, mapping.mark())));
                } else {
                    kept.put(name, region);
                }
            });
            Map<String, Tree.Entry> entries = new LinkedHashMap<>(tree.entries());
            entries.put("regions", new Tree.Entry(regions.key(), new Tree.Mapping(kept, byName.mark())));
            return new Tree.Mapping(entries, tree.mark());
        }

        private Tree.@Nullable Entry override(String region, String section) {
            Tree.Entry regions = tree.entries().get("regions");
            if (regions != null && regions.value() instanceof Tree.Mapping byName) {
                Tree.Entry entry = byName.entries().get(region);
                if (entry != null && entry.value() instanceof Tree.Mapping mapping) {
                    return mapping.entries().get(section);
                }
            }
            return null;
        }

        /** A named cluster's section lies over its kind's; a region's lies over both. Null where none stands. */
        private Tree.@Nullable Entry merged(String section, Tree.@Nullable Entry override) {
            Tree.Entry result = tree.entries().get(kind(section));
            if (!section.equals(kind(section))) {
                result = over(result, tree.entries().get(section));
            }
            return over(result, override);
        }

        private static Tree.@Nullable Entry over(Tree.@Nullable Entry under, Tree.@Nullable Entry above) {
            if (under == null || above == null) {
                return under == null ? above : under;
            }
            return new Tree.Entry(above.key(), Overlay.merge(under.value(), above.value()));
        }

        private void section(
                String section,
                String region,
                Tree.@Nullable Entry entry,
                SectionType type,
                StackConfig stack,
                Map<BoundStackFile.SectionKey, Record> bound) {
            boolean used = stack.nodes().values().stream()
                    .anyMatch(node -> node.run().equals(section) || node.kind().equals(section));
            if (entry == null && !used) {
                return;
            }
            Mark where = entry != null ? entry.key() : nodeOf(section);
            Tree value = entry != null ? entry.value() : Tree.Mapping.empty(where);
            Record record = binder.record(value, type.config(), where, Set.of());
            boolean sound = record != null;
            if (record != null) {
                bound.put(new BoundStackFile.SectionKey(section, region), record);
            } else {
                record = lenient.record(value, type.config(), where, Set.of());
            }
            if (record instanceof Checked checked) {
                checked.check(new TreeCheck(stack, value, where, problems, !sound));
            }
        }

        /** A section that does not stand in the file is missing where a node asks for it. */
        private Mark nodeOf(String section) {
            Tree.Entry nodes = tree.entries().get("nodes");
            if (nodes != null && nodes.value() instanceof Tree.Mapping byName) {
                for (Tree.Entry node : byName.entries().values()) {
                    Tree.Entry run = node.value() instanceof Tree.Mapping mapping
                            ? mapping.entries().get("run")
                            : null;
                    if (run != null
                            && run.value() instanceof Tree.Scalar text
                            && kind(text.text()).equals(kind(section))) {
                        return text.mark();
                    }
                }
            }
            return tree.mark();
        }

        /** Stands in for a stack that could not be bound, so that the sections are checked all the same. */
        private StackConfig unusableStack() {
            return new StackConfig(
                    "unusable",
                    ".plinth",
                    named("regions", RegionConfig.class, kinds.keySet()),
                    named("nodes", NodeConfig.class, Set.of()),
                    named("apps", AppConfig.class, Set.of()),
                    null,
                    new StackConfig.Logs(new DataSize(64 << 20), 4));
        }

        private <T extends Record> Map<String, T> named(String key, Class<T> type, Set<String> further) {
            Map<String, T> result = new LinkedHashMap<>();
            Tree.Entry entry = tree.entries().get(key);
            if (entry != null && entry.value() instanceof Tree.Mapping byName) {
                byName.entries().forEach((name, item) -> {
                    T value = lenient.record(item.value(), type, item.key(), further);
                    if (value != null) {
                        result.put(name, value);
                    }
                });
            }
            return result;
        }
    }
}
