package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Every kind of queue, used at random, and what must be found of it after a cut: each message that was confirmed and not settled, none out
 * of nowhere, in order but for those marked redelivered; and before a fence, nothing settled comes back and every return is counted.
 */
final class DurabilityLoad {
    private static final Map<String, FieldTable> QUEUES = new LinkedHashMap<>();
    private static final String DELAYED = "amq.delayed.later";
    private static final List<String> ALL;
    private static final int HOUR = 3_600_000;
    private static final int GROUPS = 3;

    static {
        QUEUES.put("plain", FieldTable.EMPTY);
        QUEUES.put("ranked", new FieldTable(Map.of("x-max-priority", 3)));
        QUEUES.put("dead", FieldTable.EMPTY);
        QUEUES.put(
                "dying",
                new FieldTable(Map.of(
                        "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "dead", "x-message-ttl", HOUR)));
        QUEUES.put("counted", new FieldTable(Map.of("x-delivery-limit", 1000)));
        QUEUES.put("long", FieldTable.EMPTY);
        QUEUES.put("grouped", new FieldTable(Map.of("x-message-groups", true)));
        QUEUES.put("retried", new FieldTable(Map.of("x-delayed-retry-min", HOUR)));
        QUEUES.put("arrived", FieldTable.EMPTY);
        QUEUES.put("stream", new FieldTable(Map.of("x-queue-type", "stream")));
        List<String> all = new ArrayList<>(QUEUES.keySet());
        all.add(DELAYED);
        ALL = List.copyOf(all);
    }

    /** What was taken is gone for good once what was published is confirmed. */
    private record Transaction(List<String> taken, List<String> published) {}

    private final SplittableRandom random;
    private final Map<String, Set<String>> published = new HashMap<>();
    /** May be gone. */
    private final Set<String> settled = new HashSet<>();
    /** Must be gone. */
    private final Set<String> gone = new HashSet<>();

    private final Map<String, Integer> returns = new HashMap<>();
    private final Map<String, Integer> returnsAtFence = new HashMap<>();
    /** What the long queue has, in order. */
    private final Deque<String> inOrder = new ArrayDeque<>();
    /** What was wrong already before the cut. */
    private final List<String> wrongAlive = new ArrayList<>();

    private final List<Transaction> transactions = new ArrayList<>();

    private Set<String> promised = Set.of();
    private int passing;
    private int count;

    DurabilityLoad(SplittableRandom random) {
        this.random = random;
        ALL.forEach(queue -> published.put(queue, new HashSet<>()));
    }

    void declare(EngineDriver driver) throws Exception {
        for (Map.Entry<String, FieldTable> queue : QUEUES.entrySet()) {
            driver.declare(queue.getKey(), queue.getValue());
        }
        driver.declareDelayed("later");
        driver.bind("later", "arrived");
    }

    void run(EngineDriver driver, int steps) throws Exception {
        for (int step = 0; step < steps; step++) {
            switch (random.nextInt(14)) {
                case 0 -> take(driver, "plain", ShardCommand.Outcome.ACK);
                case 1 -> take(driver, "ranked", ShardCommand.Outcome.ACK);
                case 2 -> take(driver, "dying", ShardCommand.Outcome.REJECT);
                case 3 -> take(driver, "counted", ShardCommand.Outcome.REQUEUE);
                case 4 -> passThrough(driver);
                case 5 -> takeAmidPublishes(driver);
                case 6 -> transact(driver);
                case 7 -> take(driver, "grouped", ShardCommand.Outcome.ACK);
                case 8 -> take(driver, "retried", ShardCommand.Outcome.REQUEUE);
                default -> publish(driver, ALL.get(random.nextInt(ALL.size())), 1 + random.nextInt(30));
            }
        }
    }

    private void publish(EngineDriver driver, String queue, int burst) {
        if (queue.equals("dead") || queue.equals("arrived")) {
            return;
        }
        for (int i = 0; i < burst; i++) {
            String body = queue + " " + count++;
            Objects.requireNonNull(published.get(queue)).add(body);
            if (queue.equals("long")) {
                inOrder.addLast(body);
            }
            if (queue.equals(DELAYED)) {
                driver.publish(queue, body, "x-delay", HOUR);
            } else if (queue.equals("grouped")) {
                driver.publish(queue, body, "x-message-group", "g" + number(body) % GROUPS);
            } else if (queue.equals("ranked")) {
                driver.publish(queue, body, number(body) % 4, true);
            } else {
                boolean large = !queue.equals("long") && random.nextInt(10) == 0;
                driver.publish(queue, body, large ? 100_000 : random.nextInt(2000));
            }
        }
    }

    /** Takes from a queue and publishes to it, in one transaction. */
    private void transact(EngineDriver driver) throws Exception {
        List<ShardCommand.Got> held = driver.get("plain", random.nextInt(10));
        List<String> taken = held.stream().map(EngineDriver::body).toList();
        List<String> bodies = new ArrayList<>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            bodies.add("plain " + count++);
        }
        published("plain").addAll(bodies);
        settled.addAll(taken);
        transactions.add(new Transaction(taken, bodies));
        driver.commit("plain", held, bodies);
    }

    /** A queue beside another of its shard comes and goes, and what it had is settled in the turn that deletes it. */
    private void passThrough(EngineDriver driver) throws Exception {
        String beside = ALL.get(random.nextInt(ALL.size()));
        String queue = EngineDriver.named(
                "passing" + passing++ + "-", driver.queue(beside).shard());
        driver.declare(
                queue,
                new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", "nowhere-else")));
        for (int i = random.nextInt(60); i >= 0; i--) {
            driver.publish(queue, queue + " " + i, random.nextInt(4000));
            if (random.nextInt(8) == 0) {
                publish(driver, beside, 1);
            }
        }
        List<ShardCommand.Got> held = driver.get(queue, random.nextInt(61));
        ShardCommand.Outcome outcome = random.nextBoolean() ? ShardCommand.Outcome.ACK : ShardCommand.Outcome.REJECT;
        driver.settleAndDelete(queue, held, outcome).get(20, TimeUnit.SECONDS);
    }

    /** What is taken is in order and without a gap, while more leaves memory as pages of it are read. */
    private void takeAmidPublishes(EngineDriver driver) throws Exception {
        int shard = driver.queue("long").shard();
        publish(driver, "long", 100 + random.nextInt(100));
        driver.engine().segments(shard).get(20, TimeUnit.SECONDS);
        publish(driver, "long", 1 + random.nextInt(100));
        int most = random.nextInt(inOrder.size());
        List<CompletableFuture<List<ShardCommand.Got>>> asked = new ArrayList<>();
        while (most > 0) {
            int some = Math.min(most, 1 + random.nextInt(40));
            most -= some;
            asked.add(driver.ask("long", some));
            // The index is brought up, so more may leave memory right now.
            driver.engine().segments(shard);
            publish(driver, "long", random.nextInt(4));
        }
        for (CompletableFuture<List<ShardCommand.Got>> some : asked) {
            for (ShardCommand.Got got : some.get(20, TimeUnit.SECONDS)) {
                String body = EngineDriver.body(got);
                String expected = inOrder.pollFirst();
                if (!body.equals(expected)) {
                    wrongAlive.add("lost " + expected + " before the cut: " + body + " came next");
                }
                settled.add(body);
                driver.settle("long", got, ShardCommand.Outcome.ACK);
            }
        }
    }

    private void take(EngineDriver driver, String queue, ShardCommand.Outcome outcome) throws Exception {
        for (ShardCommand.Got got : driver.get(queue, 1 + random.nextInt(5))) {
            String body = EngineDriver.body(got);
            if (outcome == ShardCommand.Outcome.ACK) {
                settled.add(body);
            } else if (outcome == ShardCommand.Outcome.REQUEUE) {
                returns.merge(body, 1, Integer::sum);
            }
            driver.settle(queue, got, outcome);
        }
    }

    /** Behind a confirm of each queue's, everything before is durable: settlements and counts too. */
    void fence(EngineDriver driver) throws Exception {
        Set<String> before = Set.copyOf(settled);
        Map<String, Integer> counted = Map.copyOf(returns);
        for (String queue : List.of("plain", "ranked", "counted", "grouped", "retried")) {
            publish(driver, queue, 1);
            String last = queue + " " + (count - 1);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!driver.confirmed().contains(last)) {
                assertThat(System.nanoTime()).as("confirm of " + last).isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(2);
            }
        }
        gone.addAll(before);
        returnsAtFence.putAll(counted);
    }

    /** What was confirmed by now must be found. */
    void promised(EngineDriver driver) {
        promised = new HashSet<>(driver.confirmed());
        transactions.stream()
                .filter(transaction -> promised.containsAll(transaction.published()))
                .forEach(transaction -> gone.addAll(transaction.taken()));
    }

    private static int number(String body) {
        return Integer.parseInt(body.substring(body.indexOf(' ') + 1));
    }

    /** What is found; the clock stands still until everything that does not wait for a time was looked at. */
    List<String> check(EngineDriver driver, MutableClock clock) throws Exception {
        List<String> wrong = new ArrayList<>(wrongAlive);
        Set<String> found = new HashSet<>();
        for (String queue : ALL) {
            if (driver.topology().queue(queue) == null) {
                wrong.add("lost queue " + queue);
            } else if (queue.equals(DELAYED)) {
                delayed(driver, wrong);
            } else if (queue.equals("stream")) {
                long least =
                        promised.stream().filter(body -> body.startsWith(queue)).count();
                stream(driver.read(queue, least, 100_000), wrong);
            } else {
                queue(driver, queue, true, found, wrong);
            }
        }
        if (ALL.stream().allMatch(queue -> driver.topology().queue(queue) != null)) {
            clock.advance(2L * HOUR);
            queue(driver, "retried", false, found, wrong);
            arrived(driver, wrong);
        }
        for (String body : promised) {
            if (QUEUES.containsKey(body.substring(0, body.indexOf(' ')))
                    && !body.startsWith("stream")
                    && !settled.contains(body)
                    && !found.contains(body)) {
                wrong.add("lost " + body);
            }
        }
        return wrong;
    }

    private void delayed(EngineDriver driver, List<String> wrong) throws Exception {
        long promises =
                promised.stream().filter(body -> body.startsWith(DELAYED)).count();
        long there = driver.length(DELAYED);
        if (there < promises || there > published(DELAYED).size()) {
            wrong.add("lost or doubled delayed messages: " + there + " of " + promises + " confirmed, "
                    + published(DELAYED).size() + " published");
        }
    }

    /** What was delayed comes when it is due, in that order. */
    private void arrived(EngineDriver driver, List<String> wrong) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (driver.length(DELAYED) > 0 && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
        List<String> all = driver.drain("arrived");
        Set<String> distinct = new HashSet<>(all);
        promised.stream()
                .filter(body -> body.startsWith(DELAYED) && !distinct.contains(body))
                .forEach(body -> wrong.add("lost " + body));
        int last = -1;
        for (String body : all) {
            if (!published(DELAYED).contains(body)) {
                wrong.add("invented " + body);
            } else if (number(body) <= last) {
                wrong.add("out of order or doubled: " + body + " behind " + last);
            } else {
                last = number(body);
            }
        }
    }

    private Set<String> published(String queue) {
        return Objects.requireNonNull(published.get(queue));
    }

    private void stream(List<String> read, List<String> wrong) {
        Set<String> distinct = new HashSet<>(read);
        if (distinct.size() != read.size()) {
            wrong.add("doubled in the stream");
        }
        promised.stream()
                .filter(body -> body.startsWith("stream") && !distinct.contains(body))
                .forEach(body -> wrong.add("lost " + body));
        distinct.stream()
                .filter(body -> !published("stream").contains(body))
                .forEach(body -> wrong.add("invented " + body));
        if (!read.stream()
                .map(DurabilityLoad::number)
                .sorted()
                .toList()
                .equals(read.stream().map(DurabilityLoad::number).toList())) {
            wrong.add("the stream is out of order");
        }
    }

    private void queue(EngineDriver driver, String queue, boolean early, Set<String> found, List<String> wrong)
            throws Exception {
        Map<Integer, Integer> last = new HashMap<>();
        Set<String> here = new HashSet<>();
        String source = queue.equals("dead") ? "dying" : queue;
        for (ShardCommand.Got got = driver.get(queue); got != null; got = driver.get(queue)) {
            String body = EngineDriver.body(got);
            found.add(body);
            if (!here.add(body)) {
                wrong.add("doubled " + body + " in " + queue);
            }
            if (queue.equals("arrived")) {
                wrong.add("before its time: " + body);
                continue;
            }
            if (!published(source).contains(body)) {
                wrong.add("invented " + body + " in " + queue);
                continue;
            }
            if (gone.contains(body)) {
                wrong.add("settled, and back: " + body);
            }
            int rank = queue.equals("ranked") ? number(body) % 4 : queue.equals("grouped") ? number(body) % GROUPS : 0;
            if (queue.equals("grouped")) {
                // The next of its group comes behind it.
                driver.settle(queue, got, ShardCommand.Outcome.ACK);
            }
            if (queue.equals("retried") && early && returnsAtFence.containsKey(body)) {
                wrong.add("before its time: " + body);
            }
            // Dead letters are published anew, each when its contents were read.
            if (!queue.equals("dead") && !got.redelivered() && number(body) < last.getOrDefault(rank, -1)) {
                wrong.add("out of order: " + body + " behind " + last.get(rank));
            }
            last.merge(rank, number(body), Math::max);
            count(body, got, wrong);
        }
    }

    private void count(String body, ShardCommand.Got got, List<String> wrong) {
        int least = returnsAtFence.getOrDefault(body, 0);
        int most = returns.getOrDefault(body, 0);
        Long told = FieldTable.integer(
                ContentProperties.headers(got.content().properties()).get("x-delivery-count"));
        long counted = told == null ? 0 : told;
        if (counted < least || counted > most) {
            wrong.add(body + " came back " + counted + " times (expected: " + least + " to " + most + ")");
        }
    }
}
