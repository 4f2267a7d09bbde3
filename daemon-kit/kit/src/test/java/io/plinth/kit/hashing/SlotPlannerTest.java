package io.plinth.kit.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.hashing.SlotTable.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotPlannerTest {
    private static final int SLOTS = 16_384;

    @Test
    void firstTableIsOneContiguousRunPerNode() {
        SlotTable table = SlotPlanner.plan(SlotTable.empty(SLOTS), Map.of("c", 1, "a", 1, "b", 1));
        assertThat(table.runs())
                .containsExactly(new Run(0, 5461, "a"), new Run(5462, 10_922, "b"), new Run(10_923, 16_383, "c"));
        assertThat(SlotPlanner.plan(table, Map.of("a", 1, "b", 1, "c", 1))).isEqualTo(table);
        assertThat(SlotTable.of(SLOTS, table.runs())).isEqualTo(table);
    }

    @Test
    void joinTakesItsShareAndNothingElseMoves() {
        SlotTable three = SlotPlanner.plan(SlotTable.empty(SLOTS), Map.of("a", 1, "b", 1, "c", 1));
        SlotTable four = SlotPlanner.plan(three, Map.of("a", 1, "b", 1, "c", 1, "d", 1));
        List<Run> moves = moves(three, four);
        assertThat(moves).allMatch(run -> run.node().equals("d")).hasSizeLessThanOrEqualTo(3);
        assertThat(moves.stream().mapToInt(Run::size).sum()).isEqualTo(SLOTS / 4);
    }

    @Test
    void weightsAreFollowedToTheSlot() {
        SlotTable table = SlotPlanner.plan(SlotTable.empty(SLOTS), Map.of("a", 1, "b", 3));
        assertThat(table.counts()).isEqualTo(Map.of("a", 4096, "b", 12_288));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void manyRandomJoinsAndLeavesStayBalancedMoveTheLeastAndMoveItInRuns(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Integer> nodes = new TreeMap<>(Map.of("n0", 1, "n1", 1, "n2", 1));
        SlotTable table = SlotPlanner.plan(SlotTable.empty(SLOTS), nodes);
        for (int step = 1; step <= 60; step++) {
            int before = nodes.size();
            boolean join = before <= 2 || (before < 30 && random.nextBoolean());
            if (join) {
                nodes.put("n" + (step + 2), 1);
            } else {
                nodes.remove(List.copyOf(nodes.keySet()).get(random.nextInt(before)));
            }
            SlotTable next = SlotPlanner.plan(table, nodes);
            String at = "seed=" + seed + " step=" + step + " nodes=" + nodes.size();

            double share = SLOTS / (double) nodes.size();
            assertThat(next.counts()).as(at).hasSize(nodes.size());
            assertThat(next.counts().values())
                    .as(at)
                    .allMatch(count -> Math.abs(count - share) <= Math.max(1, 0.01 * share));

            List<Run> moves = moves(table, next);
            int moved = moves.stream().mapToInt(Run::size).sum();
            double ideal = SLOTS / (double) Math.max(before, nodes.size());
            assertThat((double) moved).as(at).isBetween(ideal - 1, ideal + nodes.size());
            // Each run that was there may give one piece, and each node that takes may cut one more.
            assertThat(moves.size()).as(at).isLessThanOrEqualTo(table.runs().size() + nodes.size());
            assertThat(next.runs().size()).as(at).isLessThan(300);
            table = next;
        }
    }

    @Test
    void refusesWhatCannotBeATable() {
        assertThatThrownBy(() -> SlotPlanner.plan(SlotTable.empty(4), Map.of()))
                .hasMessage("nodes: 0 (expected: 1 to 4)");
        assertThatThrownBy(() -> SlotTable.of(4, List.of(new Run(0, 2, "a"), new Run(2, 3, "b"))))
                .hasMessageContaining("slot: 2");
        assertThatThrownBy(() -> SlotTable.of(4, List.of(new Run(0, 4, "a")))).hasMessageContaining("within 0 to 3");
    }

    /** Neighbouring slots that went from one node to one other. */
    private static List<Run> moves(SlotTable before, SlotTable after) {
        List<Run> moves = new ArrayList<>();
        int from = -1;
        for (int slot = 0; slot <= SLOTS; slot++) {
            boolean moved = slot < SLOTS && !String.valueOf(before.owner(slot)).equals(after.owner(slot));
            if (from >= 0
                    && (!moved
                            || !String.valueOf(after.owner(slot)).equals(after.owner(from))
                            || !String.valueOf(before.owner(slot)).equals(before.owner(from)))) {
                moves.add(new Run(from, slot - 1, String.valueOf(after.owner(from))));
                from = -1;
            }
            if (moved && from < 0) {
                from = slot;
            }
        }
        return moves;
    }
}
