package io.plinth.kvcache.keyspace.value;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each collection against a plain one of Java, packed and large. */
class ValuesTest {
    private final KeyHash hasher = new KeyHash(7);
    private final Packing packing = Packing.DEFAULT;

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }

    private static String word(SplittableRandom random, int kinds) {
        int i = random.nextInt(kinds);
        return switch (i % 4) {
            case 0 -> Long.toString((long) i << i % 60);
            case 1 -> Integer.toString(-i);
            case 2 -> "word" + i;
            default -> "w".repeat(i % 60) + i;
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 20, 300})
    void hashBehavesAsAnOrderedMap(int kinds) {
        SplittableRandom random = new SplittableRandom(kinds);
        HashValue hash = new HashValue(hasher);
        Map<String, String> model = new LinkedHashMap<>();
        for (int i = 0; i < 20_000; i++) {
            String field = word(random, kinds);
            if (random.nextInt(5) < 3) {
                String value = "v" + random.nextInt();
                assertThat(hash.put(bytes(field), bytes(value), packing)).isEqualTo(!model.containsKey(field));
                model.put(field, value);
            } else {
                byte[] bytes = bytes(field);
                assertThat(hash.remove(bytes, 0, bytes.length)).isEqualTo(model.remove(field) != null);
            }
            byte[] found = hash.get(bytes(field), 0, field.length());
            assertThat(found == null ? null : text(found)).isEqualTo(model.get(field));
            assertThat(hash.size()).isEqualTo(model.size());
        }
        List<String> order = new ArrayList<>();
        ((HashValue) hash.copy()).forEach((field, value) -> order.add(text(field)));
        assertThat(order).containsExactlyElementsOf(model.keySet());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 20, 300, 3000})
    void setBehavesAsASet(int kinds) {
        SplittableRandom random = new SplittableRandom(kinds);
        SetValue set = new SetValue(hasher);
        Set<String> model = new TreeSet<>();
        for (int i = 0; i < 20_000; i++) {
            String member = kinds == 20 ? Integer.toString(random.nextInt(kinds)) : word(random, kinds);
            byte[] bytes = bytes(member);
            if (random.nextInt(5) < 3) {
                assertThat(set.add(bytes, packing)).isEqualTo(model.add(member));
            } else {
                assertThat(set.remove(bytes, 0, bytes.length)).isEqualTo(model.remove(member));
            }
            assertThat(set.contains(bytes)).isEqualTo(model.contains(member));
            assertThat(set.size()).isEqualTo(model.size());
        }
        Set<String> all = new TreeSet<>();
        ((SetValue) set.copy()).forEach(member -> all.add(text(member)));
        assertThat(all).isEqualTo(model);
        assertThat(set.encoding()).isEqualTo(kinds == 20 ? "intset" : kinds < 20 ? "listpack" : "hashtable");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 20, 300, 3000})
    void sortedSetKnowsRanksAndScores(int kinds) {
        SplittableRandom random = new SplittableRandom(kinds);
        SortedSetValue set = new SortedSetValue(hasher);
        Map<String, Double> scores = new TreeMap<>();
        Comparator<String> order =
                Comparator.<String>comparingDouble(scores::get).thenComparing(Comparator.naturalOrder());
        for (int i = 0; i < 20_000; i++) {
            String member = word(random, kinds);
            if (random.nextInt(5) < 3) {
                double score = random.nextInt(20) / 4.0;
                Double before = scores.put(member, score);
                assertThat(set.put(bytes(member), score, packing))
                        .isEqualTo(Double.valueOf(before == null ? Double.NaN : before));
            } else {
                assertThat(set.remove(bytes(member), 0, member.length())).isEqualTo(scores.remove(member) != null);
            }
            assertThat(set.size()).isEqualTo(scores.size());
            if (i % 500 == 499) {
                List<String> sorted = scores.keySet().stream().sorted(order).toList();
                List<String> seen = new ArrayList<>();
                set.forEach((m, score) -> seen.add(text(m)));
                assertThat(seen).isEqualTo(sorted);
                seen.clear();
                set.range(sorted.size() - 1, sorted.size(), true, (m, score) -> seen.add(text(m)));
                assertThat(seen).isEqualTo(sorted.reversed());
                for (int rank = 0; rank < sorted.size(); rank += 7) {
                    assertThat(set.rank(bytes(sorted.get(rank)))).isEqualTo(rank);
                }
                assertThat(set.rank(bytes("nobody"))).isNegative();
                for (double score = -1; score < 6; score += 0.125) {
                    double at = score;
                    assertThat(set.below(score, false)).isEqualTo((int)
                            scores.values().stream().filter(s -> s < at).count());
                    assertThat(set.below(score, true)).isEqualTo((int)
                            scores.values().stream().filter(s -> s <= at).count());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 10, 200})
    void listBehavesAsAList(int length) {
        SplittableRandom random = new SplittableRandom(length);
        ListValue list = new ListValue();
        List<String> model = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            String value = random.nextInt(50) == 0 ? "x".repeat(5000) : word(random, 300);
            int at = model.isEmpty() ? 0 : random.nextInt(model.size());
            int act = random.nextInt(model.size() > length ? 8 : 5);
            switch (act) {
                case 0, 1 -> {
                    list.push(act == 0, bytes(value), packing);
                    model.add(act == 0 ? 0 : model.size(), value);
                }
                case 2 -> {
                    list.insert(at, bytes(value), packing);
                    model.add(at, value);
                }
                case 3 -> {
                    if (!model.isEmpty()) {
                        list.set(at, bytes(value), packing);
                        model.set(at, value);
                    }
                }
                case 4, 5 -> {
                    byte[] popped = list.pop(act == 4, packing);
                    String wanted = model.isEmpty() ? null : model.remove(act == 4 ? 0 : model.size() - 1);
                    assertThat(popped == null ? null : text(popped)).isEqualTo(wanted);
                }
                default -> {
                    int count = 1 + random.nextInt(Math.min(30, model.size() - at));
                    list.remove(at, count, packing);
                    model.subList(at, at + count).clear();
                }
            }
            assertThat(list.size()).isEqualTo(model.size());
        }
        List<String> seen = new ArrayList<>();
        list.range(0, list.size(), element -> seen.add(text(element)));
        assertThat(seen).isEqualTo(model);
        long accounted = list.bytes();
        assertThat(list.copy().bytes()).isLessThanOrEqualTo(accounted);
        for (int i = 0; i < list.runs(); i++) {
            assertThat(ListPack.of(list.run(i).dump())).isNotNull();
        }
    }
}
