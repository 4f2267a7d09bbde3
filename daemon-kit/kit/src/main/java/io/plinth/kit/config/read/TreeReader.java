package io.plinth.kit.config.read;

import io.plinth.kit.config.Problem;
import io.plinth.kit.config.read.Tree.Mark;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** YAML text to {@link Tree}: at most 1 MiB and 32 levels, no key twice, no value inside itself. */
final class TreeReader {
    private static final int CODE_POINTS_MAX = 1 << 20;
    private static final int DEPTH_MAX = 32;
    /** Aliases multiply: a file of a few lines could otherwise stand for billions of values. */
    private static final int VALUES_MAX = 200_000;

    private final String file;
    private final List<Problem> problems;
    private final Set<Node> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private int values;

    TreeReader(String file, List<Problem> problems) {
        this.file = file;
        this.problems = problems;
    }

    /** The file's top mapping; on broken YAML reports the problem and returns an empty one. */
    Tree.Mapping read(String text) {
        Mark start = new Mark(file, 1, 1);
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file)
                .setCodePointLimit(CODE_POINTS_MAX)
                .setUseMarks(true)
                .build();
        try {
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isEmpty()) {
                problems.add(
                        start.problem("the file is empty (expected: `stack:`, `nodes:` and a section per daemon)"));
                return Tree.Mapping.empty(start);
            }
            if (convert(root.get(), 0) instanceof Tree.Mapping mapping) {
                return mapping;
            }
            problems.add(
                    start.problem("the file is no mapping (expected: `stack:`, `nodes:` and a section per daemon)"));
        } catch (MarkedYamlEngineException e) {
            Mark at = e.getProblemMark()
                    .map(m -> new Mark(file, m.getLine() + 1, m.getColumn() + 1))
                    .orElse(start);
            problems.add(at.problem("not YAML: " + e.getProblem().replace('\n', ' ')));
        } catch (YamlEngineException e) {
            problems.add(
                    start.problem("not YAML: " + String.valueOf(e.getMessage()).replace('\n', ' ')));
        }
        return Tree.Mapping.empty(start);
    }

    private Tree convert(Node node, int depth) {
        Mark mark = mark(node);
        if (depth > DEPTH_MAX || ++values > VALUES_MAX || !open.add(node)) {
            problems.add(mark.problem("nested too deeply, repeated too often or inside itself"));
            return new Tree.Scalar("", true, mark);
        }
        try {
            return switch (node) {
                case ScalarNode scalar ->
                    new Tree.Scalar(scalar.getValue(), scalar.getTag().equals(Tag.NULL), mark);
                case SequenceNode sequence -> {
                    List<Tree> items = new ArrayList<>();
                    for (Node item : sequence.getValue()) {
                        items.add(convert(item, depth + 1));
                    }
                    yield new Tree.Sequence(items, mark);
                }
                case MappingNode mapping -> mapping(mapping, mark, depth);
                default -> {
                    problems.add(mark.problem("not a value"));
                    yield new Tree.Scalar("", true, mark);
                }
            };
        } finally {
            open.remove(node);
        }
    }

    private Tree.Mapping mapping(MappingNode node, Mark mark, int depth) {
        Map<String, Tree.Entry> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : node.getValue()) {
            Mark keyMark = mark(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                problems.add(keyMark.problem("a key must be plain text"));
                continue;
            }
            Tree.Entry earlier = entries.get(key.getValue());
            if (earlier != null) {
                problems.add(keyMark.problem("`" + key.getValue() + "` stands here twice (first in line "
                        + earlier.key().line() + "); remove one"));
                continue;
            }
            entries.put(key.getValue(), new Tree.Entry(keyMark, convert(tuple.getValueNode(), depth + 1)));
        }
        return new Tree.Mapping(entries, mark);
    }

    private Mark mark(Node node) {
        return node.getStartMark()
                .map(m -> new Mark(file, m.getLine() + 1, m.getColumn() + 1))
                .orElseGet(() -> new Mark(file, 1, 1));
    }
}
