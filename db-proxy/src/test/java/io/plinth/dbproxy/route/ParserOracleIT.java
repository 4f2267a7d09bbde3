package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.route.StatementPlan.Kind;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.Functions;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the routing parser says, held against PostgreSQL's own parser (libpg_query, by node): where statements end, what kind they
 * are, whether they may change something, which tables they name, which texts are alike. Of texts that PostgreSQL refuses nothing is
 * asked, as a server will refuse them too.
 */
class ParserOracleIT {
    private static final Set<String> SHARDED = Set.of("orders", "lines");
    private static final Classifier CLASSIFIER = new Classifier(
            Topology.byName(List.of(
                    new ShardedTable("orders", "user_id", KeyType.BIGINT),
                    new ShardedTable("lines", "user_id", KeyType.BIGINT))),
            true);
    private static final Classifier WITHOUT_SHARDS = new Classifier(Map.of(), false);

    /** In pg_catalog, where a function is harmless if nothing is known of it. */
    private static final Set<String> CHANGING = Set.of("nextval", "setval", "set_config", "pg_advisory_lock");

    @TempDir
    Path folder;

    @Test
    @RequiresPeer({"node", "npm"}) // deploy/bench/peers installs libpg-query beside them
    @Timeout(120)
    void thousandsOfTextsMeanWhatTheyMeanToPostgres() throws Exception {
        compare(3_000, Long.getLong("plinth.seed", 1));
    }

    @Test
    @Tag("long")
    @RequiresPeer({"node", "npm"})
    @Timeout(900)
    void tensOfThousandsOfTextsMeanWhatTheyMeanToPostgres() throws Exception {
        compare(60_000, Long.getLong("plinth.seed", System.nanoTime()));
    }

    /** What PostgreSQL says of one statement. */
    private record Said(String type, Set<String> flags, Set<String> tables, Set<String> functions, String print) {
        static Said of(String line) {
            String[] parts = line.split("\\|", -1);
            return new Said(parts[0], set(parts[1]), set(parts[2]), set(parts[3]), parts[4]);
        }

        private static Set<String> set(String list) {
            return Arrays.stream(list.split(",", -1))
                    .filter(each -> !each.isEmpty())
                    .map(each -> URLDecoder.decode(each, StandardCharsets.UTF_8))
                    .collect(Collectors.toSet());
        }
    }

    private void compare(int rounds, long seed) throws Exception {
        SqlGrammar grammar = new SqlGrammar(new Random(seed));
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            texts.add(grammar.text());
        }
        List<String> answers = ask(texts);
        List<String> differences = new ArrayList<>();
        Map<Long, List<String>> prints = new HashMap<>();
        int understood = 0;
        for (int i = 0; i < rounds; i++) {
            String text = texts.get(i);
            if (answers.get(i).startsWith("error")) {
                continue;
            }
            understood++;
            List<Said> said = Arrays.stream(answers.get(i).split("\t", -1))
                    .filter(each -> !each.isEmpty())
                    .map(Said::of)
                    .toList();
            List<String> found = new ArrayList<>();
            compare(said, plan(CLASSIFIER, text), true, found);
            compare(said, plan(WITHOUT_SHARDS, text), false, found);
            alike(text, said, plan(CLASSIFIER, text), prints, found);
            found.forEach(each -> differences.add(each + "\n    " + text));
        }
        assertThat(differences)
                .as("seed %d, %d of %d texts understood", seed, understood, rounds)
                .isEmpty();
        assertThat(understood).as("texts that PostgreSQL understands").isGreaterThan(rounds / 2);
    }

    private static SqlPlan plan(Classifier classifier, String text) {
        return classifier.plan(text.getBytes(StandardCharsets.UTF_8));
    }

    private List<String> ask(List<String> texts) throws IOException, InterruptedException {
        Path script = folder.resolve("oracle.cjs");
        try (var source = Objects.requireNonNull(ParserOracleIT.class.getResourceAsStream("oracle.cjs"))) {
            Files.copy(source, script);
        }
        Path questions = folder.resolve("questions");
        Path answers = folder.resolve("answers");
        Files.write(
                questions,
                texts.stream()
                        .map(text -> Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)))
                        .toList());
        String modules = run(Map.of(), Peer.path("npm").toString(), "root", "-g");
        run(
                Map.of("NODE_PATH", modules.lines().toList().getLast()),
                Peer.path("node").toString(),
                script.toString(),
                questions.toString(),
                answers.toString());
        return Files.readAllLines(answers);
    }

    private String run(Map<String, String> environment, String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "out", ".log");
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(output.toFile());
        Path errors = Files.createTempFile(folder, "err", ".log");
        builder.redirectError(errors.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
        return Files.readString(output);
    }

    private static void compare(List<Said> said, SqlPlan plan, boolean sharded, List<String> found) {
        if (said.size() != plan.statements().size()) {
            found.add("statements: " + plan.statements().size() + " (expected: " + said.size() + ")");
            return;
        }
        for (int i = 0; i < said.size(); i++) {
            Said theirs = said.get(i);
            StatementPlan ours = plan.statements().get(i);
            Kind kind = kind(theirs);
            boolean all = ours.effect() instanceof StatementPlan.DeallocateAll;
            boolean local = theirs.type.equals("VariableSetStmt") && ours.kind() == Kind.NEUTRAL;
            if (kind != ours.kind() && !all && !local) {
                found.add("kind: " + ours.kind() + " (expected: " + kind + ", " + theirs.type + ")");
            }
            reads(theirs, ours, found);
            if (sharded) {
                tables(theirs, ours, found);
            }
            if (theirs.flags.contains("temp") && !(ours.effect() instanceof StatementPlan.Pin)) {
                boolean refused = ours.need() instanceof StatementPlan.Refused;
                boolean later = theirs.type.equals("ExplainStmt") && !theirs.flags.contains("analyze");
                if (!refused && !later) {
                    found.add("effect: " + ours.effect() + " (expected: pinned, as it makes a temporary object)");
                }
            }
        }
    }

    private static Kind kind(Said said) {
        return switch (said.type) {
            case "TransactionStmt" -> {
                String flag = said.flags.stream()
                        .filter(each -> each.startsWith("kind="))
                        .findFirst()
                        .orElse("");
                yield switch (flag.replace("kind=TRANS_STMT_", "")) {
                    case "BEGIN", "START" -> Kind.BEGIN;
                    case "COMMIT" -> Kind.COMMIT;
                    case "ROLLBACK" -> Kind.ROLLBACK;
                    case "ROLLBACK_TO" -> Kind.ROLLBACK_TO;
                    case "SAVEPOINT", "RELEASE" -> Kind.NEUTRAL;
                    default -> Kind.OTHER;
                };
            }
            case "FetchStmt", "ClosePortalStmt" -> Kind.NEUTRAL;
            case "CopyStmt" -> said.flags.contains("from") ? Kind.COPY_IN : Kind.OTHER;
            case "DeallocateStmt" -> Kind.DEALLOCATE;
            default -> Kind.OTHER;
        };
    }

    /** Whatever goes to a replica must be a read there; and a plain read must not go to the primary. */
    private static void reads(Said said, StatementPlan ours, List<String> found) {
        boolean analyzed = said.flags.contains("analyze");
        boolean query = said.type.equals("SelectStmt")
                || said.type.equals("DeclareCursorStmt")
                || (said.type.equals("ExplainStmt")
                        && (said.flags.contains("inner=SelectStmt") || said.flags.contains("inner=DeclareCursorStmt")));
        boolean plain = query
                && said.flags.stream().noneMatch(Set.of("into", "dml", "locks", "temp")::contains)
                && said.functions.stream().allMatch(ParserOracleIT::harmless);
        boolean explained = said.type.equals("ExplainStmt") && !analyzed;
        boolean neutral = ours.need() instanceof StatementPlan.Anywhere;
        if (ours.readOnly() && !plain && !explained && !neutral) {
            found.add("read: true (expected: false, " + said + ")");
        }
        boolean odd = ours.need() instanceof StatementPlan.Refused || ours.effect() instanceof StatementPlan.Pin;
        if (!ours.readOnly() && plain && said.type.equals("SelectStmt") && said.functions.isEmpty() && !odd) {
            found.add("read: false (expected: true, " + said + ")");
        }
    }

    private static boolean harmless(String function) {
        String bare = function.startsWith("pg_catalog.") ? function.substring("pg_catalog.".length()) : function;
        return function.equals(bare) ? Functions.harmless(bare) : !CHANGING.contains(bare);
    }

    private static void tables(Said said, StatementPlan ours, List<String> found) {
        Set<String> sharded = new HashSet<>(said.tables);
        sharded.retainAll(SHARDED);
        boolean asked = Set.of("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CopyStmt")
                .contains(said.type);
        if (asked && !sharded.isEmpty() && ours.need() instanceof StatementPlan.Unsharded) {
            found.add("tables: none that is sharded (expected: " + sharded + ")");
        }
        boolean placed = ours.need() instanceof StatementPlan.Keyed || ours.need() instanceof StatementPlan.Scattered;
        if (placed && !SHARDED.containsAll(said.tables)) {
            found.add("tables: sharded only, " + ours.need() + " (expected: " + said.tables + ")");
        }
    }

    /** Texts of one fingerprint must be of one shape to PostgreSQL too. */
    private static void alike(
            String text, List<Said> said, SqlPlan plan, Map<Long, List<String>> prints, List<String> found) {
        Set<String> masked = Set.of("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt");
        if (!said.isEmpty() && said.stream().allMatch(each -> masked.contains(each.type))) {
            String theirs = said.stream().map(Said::print).collect(Collectors.joining());
            List<String> before = prints.putIfAbsent(plan.fingerprint(), List.of(theirs, text));
            if (before != null && !before.getFirst().equals(theirs)) {
                found.add("fingerprint: the same as that of a text that is not alike: " + before.getLast());
            }
        }
    }
}
