package io.plinth.kit.config.read;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackConfig;
import io.plinth.kit.config.read.Tree.Mark;
import java.util.Collection;
import java.util.List;

/** Places the problems of a section's own rules at the right position. */
final class TreeCheck implements Check {
    private final StackConfig stack;
    private final Tree section;
    private final Mark where;
    private final List<Problem> problems;
    private final boolean lenient;

    /**
     * Checks a section.
     *
     * @param lenient whether parts of the section could not be bound and are missing from what is known
     */
    TreeCheck(StackConfig stack, Tree section, Mark where, List<Problem> problems, boolean lenient) {
        this.lenient = lenient;
        this.stack = stack;
        this.section = section;
        this.where = where;
        this.problems = problems;
    }

    @Override
    public StackConfig stack() {
        return stack;
    }

    @Override
    public void problem(String path, String message) {
        problems.add(find(path).problem(message));
    }

    @Override
    public void reference(String path, String what, String name, Collection<String> known) {
        // A name that stands in the section but could not be bound has a problem of its own already.
        if (!known.contains(name) && !(lenient && names(section, name))) {
            problem(path, "no " + what + " `" + name + "`" + Nearest.hint(name, known));
        }
    }

    private static boolean names(Tree tree, String name) {
        return tree instanceof Tree.Mapping mapping
                && (mapping.entries().containsKey(name)
                        || mapping.entries().values().stream().anyMatch(entry -> names(entry.value(), name)));
    }

    /** A name may hold dots itself ({@code zones.shop.example}), so at each level the longest key that fits is taken. */
    private Mark find(String path) {
        Tree tree = section;
        Mark mark = where;
        String rest = path;
        while (!rest.isEmpty() && tree instanceof Tree.Mapping mapping) {
            String best = null;
            for (String key : mapping.entries().keySet()) {
                if ((rest.equals(key) || rest.startsWith(key + "."))
                        && (best == null || key.length() > best.length())) {
                    best = key;
                }
            }
            Tree.Entry entry = best == null ? null : mapping.entries().get(best);
            if (best == null || entry == null) {
                return mark;
            }
            tree = entry.value();
            rest = rest.length() == best.length() ? "" : rest.substring(best.length() + 1);
            mark = rest.isEmpty() && tree instanceof Tree.Scalar ? tree.mark() : entry.key();
        }
        return mark;
    }
}
