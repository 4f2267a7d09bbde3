package io.plinth.mqbroker.exchange;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Words between dots; {@code *} matches one word, {@code #} any number of them (section 3.1.3.3). A trie of words. */
final class TopicBindings implements Bindings {
    private static final String ONE = "*";
    private static final String ANY = "#";

    private final Node root = new Node(false);

    private static final class Node {
        final boolean any;
        final Map<String, Node> children = new ConcurrentHashMap<>();
        volatile Destination[] here = Destinations.NONE;

        Node(boolean any) {
            this.any = any;
        }

        boolean empty() {
            return children.isEmpty() && here.length == 0;
        }
    }

    @Override
    public void add(Binding binding) {
        Node node = root;
        for (String word : words(binding.routingKey())) {
            node = node.children.computeIfAbsent(word, key -> new Node(key.equals(ANY)));
        }
        node.here = Destinations.join(node.here, new Destination[] {binding.destination()});
    }

    @Override
    public void remove(Binding binding) {
        List<String> words = words(binding.routingKey());
        List<Node> path = new ArrayList<>();
        Node node = root;
        path.add(root);
        for (String word : words) {
            Node next = node.children.get(word);
            if (next == null) {
                return;
            }
            path.add(next);
            node = next;
        }
        node.here = Destinations.without(node.here, binding.destination());
        for (int i = words.size(); i > 0 && path.get(i).empty(); i--) {
            path.get(i - 1).children.remove(words.get(i - 1));
        }
    }

    /** Walks all patterns at once, a set of nodes per word, so that no pattern makes it more than words times nodes. */
    @Override
    public void match(String routingKey, Attributes attributes, Consumer<Destination> found) {
        Set<Node> active = new LinkedHashSet<>();
        enter(root, active);
        for (String word : words(routingKey)) {
            Set<Node> next = new LinkedHashSet<>();
            for (Node node : active) {
                step(node, word, next);
            }
            active = next;
        }
        for (Node node : active) {
            for (Destination destination : node.here) {
                found.accept(destination);
            }
        }
    }

    private static void step(Node node, String word, Set<Node> next) {
        if (node.any) {
            next.add(node);
        }
        Node exact = word.equals(ONE) || word.equals(ANY) ? null : node.children.get(word);
        if (exact != null) {
            enter(exact, next);
        }
        Node one = node.children.get(ONE);
        if (one != null) {
            enter(one, next);
        }
    }

    /** A node is entered together with the # below it, which may match no word at all. */
    private static void enter(Node node, Set<Node> into) {
        for (Node at = node; at != null && into.add(at); at = at.children.get(ANY)) {}
    }

    /** At most 128 words: a short string is 255 octets. The empty key has no word. */
    static List<String> words(String key) {
        List<String> words = new ArrayList<>();
        if (key.isEmpty()) {
            return words;
        }
        int from = 0;
        for (int dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', from)) {
            words.add(key.substring(from, dot));
            from = dot + 1;
        }
        words.add(key.substring(from));
        return words;
    }
}
