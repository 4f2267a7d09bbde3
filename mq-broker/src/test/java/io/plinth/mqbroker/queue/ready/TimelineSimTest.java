package io.plinth.mqbroker.queue.ready;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.log.Message;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A timeline that keeps few in memory hands out what one that keeps all would, whatever comes between asking for a window and its arrival. */
class TimelineSimTest {
    private static final int SEEDS = Integer.getInteger("timelinesim.seeds", 60);
    private static final int STEPS = 600;

    private record Due(long time, long id) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return Comparator.comparingLong(Due::time)
                    .thenComparingLong(Due::id)
                    .compare(this, other);
        }
    }

    /** What the index will have. */
    private record Change(
            long change, @Nullable Due gone, @Nullable Due come) {}

    private static final class Run {
        private final SplittableRandom random;
        private final int few;
        private Timeline timeline = new Timeline();
        /** What waits, as it should. */
        private final TreeSet<Due> model = new TreeSet<>();
        /** Everything that is not settled, with the time the index finds it by. */
        private final Map<Long, Long> live = new HashMap<>();

        private final Set<Long> held = new HashSet<>();
        private final Set<Long> transients = new HashSet<>();
        private final TreeSet<Due> index = new TreeSet<>();
        private final Deque<Change> log = new ArrayDeque<>();
        private QueuePages.@Nullable Page window;
        private long now = 1000;
        private long change;
        private long indexed;
        private int memory;

        Run(long seed) {
            random = new SplittableRandom(seed);
            few = 1 + random.nextInt(8);
        }

        private void add(long id, long time, boolean durable) {
            QueueEntry entry = new QueueEntry(id, new Message(8, 10, 10), Long.MAX_VALUE, durable, 0, null);
            Long before = live.put(id, time);
            entry.returned(0, time, ++change);
            if (durable) {
                Due gone = before == null ? null : new Due(before, id);
                log.addLast(new Change(change, gone, new Due(time, id)));
            } else {
                transients.add(id);
            }
            model.add(new Due(time, id));
            timeline.add(entry, timeline.inMemory() > 2 * few, few);
            if (durable && before != null && random.nextInt(5) == 0) {
                // The log did not keep it.
                log.removeLast();
                live.put(id, before);
                timeline.notKept(id, time);
            }
        }

        private void step(long id) {
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> add(id, now + random.nextInt(40_000), random.nextInt(10) > 0);
                case 3 -> now += random.nextInt(3000);
                case 4, 5 -> catchUp();
                case 6 -> ask();
                case 7 -> arrive();
                case 8 -> again();
                case 9 -> settle();
                default -> handOut();
            }
            if (random.nextInt(200) == 0) {
                restart();
            }
            if (random.nextInt(150) == 0) {
                purge();
            }
        }

        private void catchUp() {
            for (int i = random.nextInt(30); i >= 0 && !log.isEmpty(); i--) {
                Change next = log.removeFirst();
                if (next.gone() != null) {
                    index.remove(next.gone());
                }
                if (next.come() != null) {
                    index.add(next.come());
                }
                indexed = next.change();
            }
            timeline.pageOut(indexed, random.nextBoolean() ? few : Integer.MAX_VALUE, entry -> memory++);
        }

        private void ask() {
            if (!timeline.loading() && timeline.needed(now, few)) {
                timeline.ask();
                window = read(timeline.horizon, timeline.horizonId, 1 + random.nextInt(10));
            }
        }

        /** What the index has now. */
        private QueuePages.Page read(long fromTime, long fromId, int most) {
            List<QueuePages.Row> rows = new ArrayList<>();
            for (Due due : index.tailSet(new Due(fromTime, fromId))) {
                if (rows.size() == most) {
                    return new QueuePages.Page(rows, due.time(), due.id(), false);
                }
                rows.add(new QueuePages.Row(due.id(), 8, 10, 10, Long.MAX_VALUE, 0, null, 1, due.time()));
            }
            return new QueuePages.Page(rows, 0, 0, true);
        }

        private void arrive() {
            QueuePages.Page page = window;
            if (page == null) {
                return;
            }
            window = null;
            List<QueueEntry> entries = new ArrayList<>();
            for (QueuePages.Row row : page.rows()) {
                if (!timeline.knows(row.id())) {
                    QueueEntry entry = new QueueEntry(row.id(), new Message(8, 10, 10), Long.MAX_VALUE, true, 0, null);
                    entry.returned(row.returns(), row.until(), row.id());
                    entries.add(entry);
                }
            }
            timeline.loaded();
            boolean purged = timeline.purged();
            assertThat(timeline.read(page, entries).count())
                    .as("counted and not there")
                    .isZero();
            if (purged) {
                entries.forEach(entry -> gone(entry.id));
                timeline.purged(change);
            }
        }

        private void gone(long id) {
            assertThat(model).as("settled by a purge").noneMatch(due -> due.id() == id);
            Long time = live.remove(id);
            assertThat(time).as("settled twice: %s", id).isNotNull();
            log.addLast(new Change(++change, new Due(Objects.requireNonNull(time), id), null));
        }

        private void purge() {
            model.clear();
            timeline.drain().forEach(entry -> {
                if (entry.durable && live.containsKey(entry.id)) {
                    gone(entry.id);
                }
                transients.remove(entry.id);
                live.remove(entry.id);
            });
            timeline.purged(change);
        }

        private void handOut() {
            QueueEntry due = timeline.due(now);
            if (due == null) {
                return;
            }
            timeline.poll(due);
            Due first = model.pollFirst();
            assertThat(new Due(due.availableAt, due.id)).isEqualTo(first);
            assertThat(due.availableAt).isLessThanOrEqualTo(now);
            held.add(due.id);
        }

        private void again() {
            if (!held.isEmpty()) {
                long id = held.iterator().next();
                held.remove(id);
                add(id, now + random.nextInt(40_000), !transients.contains(id));
            }
        }

        private void settle() {
            if (!held.isEmpty()) {
                long id = held.iterator().next();
                held.remove(id);
                Long time = live.remove(id);
                if (time != null && !transients.contains(id)) {
                    log.addLast(new Change(++change, new Due(time, id), null));
                }
            }
        }

        private void restart() {
            while (!log.isEmpty()) {
                catchUp();
            }
            held.clear();
            window = null;
            model.clear();
            model.addAll(index);
            live.clear();
            index.forEach(due -> live.put(due.id(), due.time()));
            timeline = new Timeline();
            if (!index.isEmpty()) {
                timeline.restore(new Holding(index.size(), 10L * index.size()));
            }
        }

        void run() {
            for (int step = 1; step <= STEPS; step++) {
                step(step);
            }
            now += 100_000;
            for (int i = 0; i < 10 * STEPS && !(model.isEmpty() && !timeline.purged()); i++) {
                catchUp();
                ask();
                arrive();
                handOut();
            }
            assertThat(model).as("never handed out").isEmpty();
            assertThat(timeline.inMemory()).isZero();
            assertThat(timeline.count()).isZero();
        }
    }

    @Test
    void itHandsOutWhatIsDueAsOneThatKeepsAllWould() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                new Run(seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }
}
