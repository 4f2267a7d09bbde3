package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.definition.Asker;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.Binding;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Queues, exchanges, bindings, policies, users, permissions and virtual hosts come, change and go at random, many at once without waiting for each
 * other. What must be found of each after a cut: what it was by the last change that was answered, or by one behind it.
 */
final class DefinitionsLoad {
    private static final int OF_A_KIND = 5;
    private static final String ABSENT = "absent";
    private static final String FIXED = "fixed";
    private static final List<String> SETTINGS =
            List.of(Settings.POLICY, Settings.USER, Settings.PERMISSION, Settings.OPERATOR_POLICY);

    /** What one thing was made, in order; and how far that was answered. Guarded by itself. */
    private static final class Thing {
        private final List<String> versions = new ArrayList<>(List.of(ABSENT));
        private int answered;

        synchronized String last() {
            return versions.getLast();
        }

        /** Makes it something else; what is returned is for the answer. */
        synchronized int change(String to) {
            versions.add(to);
            return versions.size() - 1;
        }

        synchronized void answered(int version) {
            answered = Math.max(answered, version);
        }

        synchronized boolean settled() {
            return answered == versions.size() - 1;
        }

        synchronized List<String> allowed() {
            return List.copyOf(versions.subList(answered, versions.size()));
        }
    }

    private final SplittableRandom random;
    private final Map<String, Thing> things = new LinkedHashMap<>();
    private final Map<String, List<String>> allowed = new LinkedHashMap<>();
    private final List<CompletableFuture<?>> open = new ArrayList<>();
    private final Asker asker = new Asker();
    private int count;

    DefinitionsLoad(SplittableRandom random) {
        this.random = random;
    }

    /** What bindings are between. */
    void declare(EngineDriver driver) throws Exception {
        driver.define(new DefinitionCommand.DeclareExchange(FIXED, "direct", true, false, false, FieldTable.EMPTY));
        driver.declare(FIXED, FieldTable.EMPTY);
    }

    void run(EngineDriver driver, int steps) throws Exception {
        for (int step = 0; step < steps; step++) {
            int number = random.nextInt(OF_A_KIND);
            switch (random.nextInt(7)) {
                case 0 -> queue(driver, "q" + number);
                case 1 -> exchange(driver, "e" + number);
                case 2, 3 -> binding(driver, "k" + number);
                case 4 -> host(driver, "v" + number);
                default -> setting(driver, SETTINGS.get(random.nextInt(SETTINGS.size())), "s" + number);
            }
            if (random.nextInt(30) == 0) {
                settle();
            }
        }
    }

    /** Waits until everything is answered. */
    void settle() throws Exception {
        for (CompletableFuture<?> one : open) {
            one.get(20, TimeUnit.SECONDS);
        }
        open.clear();
    }

    private Thing thing(String name) {
        return things.computeIfAbsent(name, ignored -> new Thing());
    }

    private void submit(EngineDriver driver, String vhost, DefinitionCommand command, Thing thing, String becomes) {
        int version = thing.change(becomes);
        CompletableFuture<Definitions.Result> done = new CompletableFuture<>();
        open.add(done);
        driver.engine().definitions().submit(vhost, command, asker, result -> {
            if (result.error() == null) {
                thing.answered(version);
                done.complete(result);
            } else {
                done.completeExceptionally(result.error());
            }
        });
    }

    private void queue(EngineDriver driver, String name) throws Exception {
        Thing thing = thing("queue " + name);
        if (!thing.settled()) {
            // A deletion comes by its shard: it may be overtaken.
            return;
        }
        if (thing.last().equals(ABSENT)) {
            String length = "" + ++count;
            FieldTable arguments = new FieldTable(Map.of("x-max-length", Integer.valueOf(length)));
            submit(driver, "/", new DefinitionCommand.DeclareQueue(name, true, false, null, arguments), thing, length);
        } else {
            int version = thing.change(ABSENT);
            open.add(driver.settleAndDelete(name, List.of(), ShardCommand.Outcome.ACK)
                    .thenAccept(gone -> thing.answered(version)));
        }
    }

    private void exchange(EngineDriver driver, String name) {
        Thing thing = thing("exchange " + name);
        if (thing.last().equals(ABSENT)) {
            String type = random.nextBoolean() ? "fanout" : "topic";
            submit(
                    driver,
                    "/",
                    new DefinitionCommand.DeclareExchange(name, type, true, false, false, FieldTable.EMPTY),
                    thing,
                    type);
        } else {
            submit(driver, "/", new DefinitionCommand.DeleteExchange(name, false), thing, ABSENT);
        }
    }

    private void binding(EngineDriver driver, String key) {
        Thing thing = thing("binding " + key);
        DefinitionCommand command = thing.last().equals(ABSENT)
                ? new DefinitionCommand.Bind(FIXED, true, FIXED, key, FieldTable.EMPTY, this)
                : new DefinitionCommand.Unbind(FIXED, true, FIXED, key, FieldTable.EMPTY, this);
        submit(driver, "/", command, thing, thing.last().equals(ABSENT) ? key : ABSENT);
    }

    private void host(EngineDriver driver, String name) {
        Thing thing = thing("host " + name);
        boolean there = !thing.last().equals(ABSENT);
        set(driver, Settings.VHOST, name, there ? null : FieldTable.EMPTY, thing, there ? ABSENT : "there");
        if (!there) {
            return;
        }
        // What comes behind the deletion of a host is not in it, and refused; its asker is another then.
        driver.engine()
                .definitions()
                .submit(
                        name,
                        new DefinitionCommand.DeclareQueue("late", true, false, null, FieldTable.EMPTY),
                        result -> {});
    }

    private void setting(EngineDriver driver, String kind, String name) {
        Thing thing = thing(kind + " " + name);
        boolean goes = !thing.last().equals(ABSENT) && random.nextInt(3) == 0;
        String value = "" + ++count;
        set(
                driver,
                kind,
                kind.equals(Settings.USER) ? name : Settings.key("/", name),
                goes ? null : new FieldTable(Map.of("pattern", "none", "value", value)),
                thing,
                goes ? ABSENT : value);
    }

    private void set(
            EngineDriver driver, String kind, String key, @Nullable FieldTable value, Thing thing, String becomes) {
        submit(driver, "/", new DefinitionCommand.Set(new Effect.Setting(kind, key, value)), thing, becomes);
    }

    /** What was answered by now must be found. */
    void promised() {
        things.forEach((name, thing) -> allowed.put(name, thing.allowed()));
    }

    List<String> check(EngineDriver driver) {
        List<String> wrong = new ArrayList<>();
        if (driver.topology().exchange(FIXED) == null || driver.topology().queue(FIXED) == null) {
            return List.of("lost what was declared first");
        }
        allowed.forEach((name, values) -> {
            String found = found(driver, name);
            if (!values.contains(found)) {
                wrong.add("lost " + name + ": it is " + found + " (expected: one of " + values + ")");
            }
        });
        driver.engine().vhosts().all().forEach(host -> {
            if (!host.vhost().equals("/") && host.queueCount() > 0) {
                wrong.add("virtual host " + host.vhost() + " has what was declared behind its deletion");
            }
        });
        return wrong;
    }

    private static String found(EngineDriver driver, String thing) {
        String kind = thing.substring(0, thing.indexOf(' '));
        String name = thing.substring(thing.indexOf(' ') + 1);
        Topology topology = driver.topology();
        return switch (kind) {
            case "queue" -> {
                QueueRef queue = topology.queue(name);
                yield queue == null ? ABSENT : "" + queue.arguments().get("x-max-length");
            }
            case "exchange" -> {
                Exchange exchange = topology.exchange(name);
                yield exchange == null ? ABSENT : exchange.type().text();
            }
            case "binding" -> {
                Binding binding = new Binding(Objects.requireNonNull(topology.queue(FIXED)), name, FieldTable.EMPTY);
                yield Objects.requireNonNull(topology.exchange(FIXED)).has(binding) ? name : ABSENT;
            }
            case "host" -> driver.engine().vhosts().get(name) == null ? ABSENT : "there";
            default -> {
                FieldTable value = driver.engine()
                        .definitions()
                        .settings()
                        .get(kind, kind.equals(Settings.USER) ? name : Settings.key("/", name));
                yield value == null ? ABSENT : String.valueOf(value.string("value"));
            }
        };
    }
}
