package io.plinth.mqbroker.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopologyTest {
    private final Topology topology = new Topology("/");
    private long nextId = 1;

    private QueueRef queue(String name) {
        QueueRef queue = new QueueRef(nextId++, "/", name, 0, true, false, null, FieldTable.EMPTY);
        topology.add(queue);
        return queue;
    }

    private Exchange exchange(String name, ExchangeType type, boolean autoDelete, FieldTable arguments) {
        Exchange exchange = new Exchange("/", name, type, true, autoDelete, false, arguments);
        topology.add(exchange);
        return exchange;
    }

    private Exchange exchange(String name, ExchangeType type) {
        return exchange(name, type, false, FieldTable.EMPTY);
    }

    private void bind(Exchange source, Destination to, String key) {
        topology.bind(source, new Binding(to, key, FieldTable.EMPTY));
    }

    private Set<String> route(Exchange exchange, String key, FieldTable headers) {
        Set<QueueRef> into = new LinkedHashSet<>();
        topology.route(exchange, key, Attributes.ofHeaders(headers), into);
        Set<String> names = new TreeSet<>();
        into.forEach(queue -> names.add(queue.name()));
        return names;
    }

    private Set<String> route(Exchange exchange, String key) {
        return route(exchange, key, FieldTable.EMPTY);
    }

    @ParameterizedTest
    @CsvSource({
        "a.b.c,       a.b.c,      true",
        "a.*.c,       a.b.c,      true",
        "a.*.c,       a.c,        false",
        "a.*.c,       a.b.b.c,    false",
        "a.#,         a,          true",
        "a.#,         a.b.c.d,    true",
        "a.#.d,       a.d,        true",
        "a.#.d,       a.b.c.d,    true",
        "a.#.d,       a.b.c,      false",
        "#,           a.b,        true",
        "#.#,         a,          true",
        "*.#,         a,          true",
        "#.*,         a.b,        true",
        "*,           a,          true",
        "*,           a.b,        false",
        "a..c,        a..c,       true",
        "a.*.c,       a..c,       true",
        "a,           A,          false",
        "#.a.#.a.#,   a.b.a,      true",
        "#.a.#.a.#,   a.b.b,      false",
        "*.*,         *.#,        true",
        "a.b,         a.*,        false",
        "'',          '',         true",
        "#,           '',         true",
        "*,           '',         false",
        "*.#,         '',         false",
        "'',          a,          false",
    })
    void topicPatternsMatchWords(String pattern, String key, boolean matches) {
        Exchange topic = exchange("t", ExchangeType.TOPIC);
        bind(topic, queue("q"), pattern);
        assertThat(route(topic, key)).as("%s on %s", pattern, key).hasSize(matches ? 1 : 0);
    }

    @Test
    void topicMatchesAsARegularExpressionWould() {
        SplittableRandom random = new SplittableRandom(7);
        for (int round = 0; round < 3000; round++) {
            String pattern = words(random, List.of("a", "b", "*", "#"));
            String key = words(random, List.of("a", "b", "c"));
            Exchange topic = exchange("t" + round, ExchangeType.TOPIC);
            bind(topic, queue("q" + round), pattern);
            // Every word with a dot before it, so that # takes its dots along.
            String regex = ("." + pattern)
                    .replace(".*", "\\.[^.]*")
                    .replace(".#", "(\\.[^.]*)*")
                    .replaceAll("\\.([abc])", "\\\\.$1");
            assertThat(!route(topic, key).isEmpty())
                    .as("%s on %s", pattern, key)
                    .isEqualTo(Pattern.matches(regex, "." + key));
        }
    }

    private static String words(SplittableRandom random, List<String> from) {
        StringBuilder text = new StringBuilder(from.get(random.nextInt(from.size())));
        for (int i = random.nextInt(5); i > 0; i--) {
            text.append('.').append(from.get(random.nextInt(from.size())));
        }
        return text.toString();
    }

    @Test
    void aHostilePatternCostsNoMoreThanItsLength() {
        Exchange topic = exchange("t", ExchangeType.TOPIC);
        bind(topic, queue("q"), "#.a.".repeat(50) + "b");
        // Finishes: a walk over every way to share the words would not.
        assertThat(route(topic, "a.".repeat(120) + "a")).isEmpty();
        assertThat(route(topic, "a.".repeat(120) + "b")).containsExactly("q");
    }

    @Test
    void removedBindingsMatchNoMore() {
        Exchange topic = exchange("t", ExchangeType.TOPIC);
        Binding binding = new Binding(queue("q"), "a.*.#", FieldTable.EMPTY);
        topology.bind(topic, binding);
        topology.bind(topic, binding);
        assertThat(route(topic, "a.b")).containsExactly("q");
        topology.unbind(topic, binding);
        assertThat(route(topic, "a.b")).isEmpty();
        assertThat(topic.bound()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "all,        1, 2, true",
        "all,        1, 3, false",
        "any,        1, 3, true",
        "any,        9, 9, false",
    })
    void headersMatchAllOrAny(String how, int a, int b, boolean matches) {
        Exchange headers = exchange("h", ExchangeType.HEADERS);
        topology.bind(
                headers,
                new Binding(queue("q"), "", new FieldTable(Map.of("x-match", how, "a", 1, "b", 2L, "x-skip", 1))));
        assertThat(route(headers, "", new FieldTable(Map.of("a", (long) a, "b", (short) b))))
                .hasSize(matches ? 1 : 0);
    }

    @Test
    void headersWithXCountThoseToo() {
        FieldTable binding = new FieldTable(Map.of("x-match", "all-with-x", "x-a", 1));
        assertThat(HeadersBindings.matches(binding, FieldTable.EMPTY)).isFalse();
        assertThat(HeadersBindings.matches(binding, new FieldTable(Map.of("x-a", 1))))
                .isTrue();
        assertThat(HeadersBindings.matches(FieldTable.EMPTY, FieldTable.EMPTY)).isTrue();
        FieldTable present = FieldTable.EMPTY.with("a", null);
        assertThat(HeadersBindings.matches(present, new FieldTable(Map.of("a", "anything"))))
                .isTrue();
    }

    @Test
    void exchangesLeadToExchangesAndCyclesEnd() {
        Exchange first = exchange("first", ExchangeType.FANOUT);
        Exchange second = exchange("second", ExchangeType.DIRECT);
        bind(first, second, "");
        bind(second, first, "k");
        bind(second, queue("q"), "k");
        bind(first, Objects.requireNonNull(topology.queue("q")), "");
        assertThat(route(first, "k")).containsExactly("q");
        assertThat(route(second, "k")).containsExactly("q");
    }

    @Test
    void theAlternateTakesWhatMatchesNothing() {
        Exchange direct =
                exchange("d", ExchangeType.DIRECT, false, new FieldTable(Map.of("alternate-exchange", "spare")));
        Exchange spare = exchange("spare", ExchangeType.FANOUT);
        bind(direct, queue("known"), "k");
        bind(spare, queue("other"), "");
        assertThat(route(direct, "k")).containsExactly("known");
        assertThat(route(direct, "x")).containsExactly("other");
    }

    @Test
    void theDefaultExchangeKnowsEveryQueueByName() {
        Exchange standard = Objects.requireNonNull(topology.exchange(""));
        QueueRef queue = queue("q");
        assertThat(route(standard, "q")).containsExactly("q");
        topology.remove(queue);
        assertThat(route(standard, "q")).isEmpty();
    }

    @Test
    void removingADestinationEmptiesAutoDeleteExchanges() {
        Exchange auto = exchange("auto", ExchangeType.TOPIC, true, FieldTable.EMPTY);
        QueueRef queue = queue("q");
        bind(auto, queue, "a");
        bind(auto, queue, "b");
        assertThat(topology.remove(queue)).containsExactly(auto);
        assertThat(auto.bound()).isFalse();
    }

    @Test
    void aConsistentHashGivesEachKeyOneQueueByWeight() {
        Exchange hash = new Exchange("/", "h", ExchangeType.CONSISTENT_HASH, true, false, false, FieldTable.EMPTY);
        topology.add(hash);
        Map<String, Integer> hits = new java.util.TreeMap<>();
        Map<String, String> owner = new java.util.HashMap<>();
        topology.bind(hash, new Binding(queue("light"), "1", FieldTable.EMPTY));
        topology.bind(hash, new Binding(queue("heavy"), "3", FieldTable.EMPTY));
        for (int i = 0; i < 4000; i++) {
            Set<String> to = route(hash, "key" + i);
            assertThat(to).hasSize(1);
            owner.put("key" + i, to.iterator().next());
            hits.merge(to.iterator().next(), 1, Integer::sum);
        }
        assertThat(hits.get("light")).isBetween(800, 1200);
        Binding third = new Binding(queue("third"), "4", FieldTable.EMPTY);
        topology.bind(hash, third);
        for (int i = 0; i < 4000; i++) {
            assertThat(route(hash, "key" + i).iterator().next()).isIn(owner.get("key" + i), "third");
        }
        topology.unbind(hash, third);
        for (int i = 0; i < 4000; i++) {
            assertThat(route(hash, "key" + i)).containsExactly(owner.get("key" + i));
        }
    }

    @Test
    void aConsistentHashMayBeOfAHeader() {
        Exchange hash = new Exchange(
                "/",
                "h",
                ExchangeType.CONSISTENT_HASH,
                true,
                false,
                false,
                new FieldTable(Map.of("hash-header", "user")));
        topology.add(hash);
        topology.bind(hash, new Binding(queue("a"), "1", FieldTable.EMPTY));
        topology.bind(hash, new Binding(queue("b"), "1", FieldTable.EMPTY));
        FieldTable user = new FieldTable(Map.of("user", "u1"));
        Set<String> first = route(hash, "1", user);
        for (int i = 0; i < 50; i++) {
            assertThat(route(hash, "" + i, user)).isEqualTo(first);
        }
    }
}
