package io.plinth.geodns.load;

import io.plinth.geodns.place.Network;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Networks a line each: {@code 192.0.2.0/24 eu us}, or measured: {@code 192.0.2.0/24 eu=12 us=80}. Stateless. */
final class NetworkLines {
    private static final int MAX_MILLIS = 60_000;

    private NetworkLines() {}

    /**
     * Reads lines; comments begin with {@code #}.
     *
     * @param members by their numbers
     * @param rest follows the members a line names
     * @param lenient leaves out members that are not there (any more), and lines that name no other
     * @throws IllegalArgumentException with the line
     */
    static List<Network> parse(String text, List<String> members, List<Integer> rest, boolean lenient) {
        List<Network> networks = new ArrayList<>();
        Map<String, Integer> numbers = new HashMap<>();
        members.forEach(member -> numbers.put(member, numbers.size()));
        Map<List<Integer>, List<Integer>> shared = new HashMap<>();
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            String[] words = line.replaceFirst("#.*", "").strip().split("\\s+", -1);
            if (words[0].isEmpty()) {
                continue;
            }
            try {
                List<Integer> order = order(words, numbers, rest, lenient);
                if (!order.isEmpty()) {
                    networks.add(Network.parse(words[0], shared.computeIfAbsent(order, each -> each)));
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
            }
        }
        return networks;
    }

    private static List<Integer> order(
            String[] words, Map<String, Integer> numbers, List<Integer> rest, boolean lenient) {
        Map<Integer, Integer> named = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            String member = equals < 0 ? words[i] : words[i].substring(0, equals);
            Integer known = numbers.get(member);
            if (known == null && lenient) {
                continue;
            }
            if (known == null) {
                throw new IllegalArgumentException(
                        "member: " + member + " (expected: one of " + numbers.keySet() + ")");
            }
            named.put(known, equals < 0 ? i : millis(words[i].substring(equals + 1)));
        }
        if (named.isEmpty() && lenient) {
            return List.of();
        }
        if (named.isEmpty()) {
            throw new IllegalArgumentException("members: none (expected: at least one behind the network)");
        }
        List<Integer> order = new ArrayList<>(named.keySet());
        order.sort(Comparator.comparing(named::get));
        rest.stream().filter(member -> !named.containsKey(member)).forEach(order::add);
        return order;
    }

    private static int millis(String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > MAX_MILLIS) {
            throw new IllegalArgumentException("latency: " + text + " (expected: 0 to " + MAX_MILLIS + " ms)");
        }
        return Integer.parseInt(text);
    }
}
