package io.plinth.geodns.differential;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.TestNode;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same seeded questions for the same seeded zones to a node and to Debian's Knot DNS, NSD and gdnsd: every answer is
 * the same but for what {@code accepted.txt} lists. {@code -Ddifferential.queries} says how many, of each seed.
 */
@Timeout(600)
@RequiresPeer({"knotd", "nsd", "gdnsd"})
class AnswersDifferentialIT {
    private static final int QUERIES = Integer.getInteger("differential.queries", 2_000);
    private static final int SEEDS = Integer.getInteger("differential.seeds", 1);
    private static final int EXAMPLES = 1;

    @TempDir
    Path folder;

    static LongStream seeds() {
        return LongStream.rangeClosed(1, SEEDS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void plainZonesAreAnsweredAsByKnotAndNsdAndGdnsd(long seed) throws Exception {
        compare(seed, true);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void zonesOfAllTypesAreAnsweredAsByKnotAndNsd(long seed) throws Exception {
        compare(seed, false);
    }

    private void compare(long seed, boolean plain) throws Exception {
        SplittableRandom random = new SplittableRandom(seed * 2 + (plain ? 0 : 1));
        RandomZone zone = new RandomZone("diff.example.", plain, random);
        Files.writeString(folder.resolve("diff.example.zone"), zone.text());
        List<PeerServer> peers = new ArrayList<>();
        try (TestNode node = TestNode.start(folder, "eu: {}\n", "zones: { diff.example: diff.example.zone }\n")) {
            peers.add(PeerServer.knot(Files.createDirectories(inFolder("knot", zone.text())), List.of(zone.origin())));
            peers.add(PeerServer.nsd(inFolder("nsd", zone.text()), List.of(zone.origin())));
            if (plain) {
                Path gdnsd = Files.createDirectories(folder.resolve("gdnsd"));
                Files.writeString(
                        Files.createDirectories(gdnsd.resolve("zones")).resolve("diff.example"), zone.genericText());
                peers.add(PeerServer.gdnsd(gdnsd));
            }
            try (Exchange ours = new Exchange(node.address(), zone.origin())) {
                compare(seed, new RandomQuestions(zone, random), ours, peers, zone.origin());
            }
        } finally {
            for (PeerServer peer : peers) {
                peer.close();
            }
        }
    }

    private Path inFolder(String name, String zone) throws IOException {
        Path own = Files.createDirectories(folder.resolve(name));
        Files.writeString(own.resolve("diff.example.zone"), zone);
        return own;
    }

    private void compare(long seed, RandomQuestions questions, Exchange ours, List<PeerServer> peers, String origin)
            throws Exception {
        AcceptedDifferences accepted = new AcceptedDifferences();
        Map<String, Exchange> theirs = new LinkedHashMap<>();
        Map<String, List<String>> unlisted = new LinkedHashMap<>();
        for (PeerServer peer : peers) {
            TestNode.await(peer.name(), () -> !peer.process().isAlive() || Exchange.isReady(peer.address(), origin));
            assertThat(peer.process().isAlive())
                    .as("%s: %s", peer.name(), log(peer))
                    .isTrue();
            theirs.put(peer.name(), new Exchange(peer.address(), origin));
        }
        try {
            for (int i = 0; i < QUERIES; i++) {
                Question question = questions.next();
                Answer answer = new Answer(ours.ask(question));
                holds(question, answer, ours);
                for (Map.Entry<String, Exchange> peer : theirs.entrySet()) {
                    for (String each : differences(question, answer, ours, peer, accepted)) {
                        unlisted.computeIfAbsent(each, key -> new ArrayList<>())
                                .add(question + "\n" + answer + "\n" + peer.getKey() + ": "
                                        + new Answer(peer.getValue().ask(question)));
                    }
                }
            }
        } finally {
            for (Exchange exchange : theirs.values()) {
                exchange.close();
            }
        }
        assertThat(unlisted.entrySet().stream()
                        .map(entry -> entry.getKey() + " (" + entry.getValue().size() + ")\n    "
                                + String.join(
                                        "\n    ",
                                        entry.getValue()
                                                .subList(
                                                        0,
                                                        Math.min(
                                                                EXAMPLES,
                                                                entry.getValue().size())))))
                .as("seed %d: differences that accepted.txt does not list", seed)
                .isEmpty();
    }

    private String log(PeerServer peer) throws IOException {
        Path log = folder.resolve(peer.name()).resolve(peer.name() + ".log");
        return Files.exists(log) ? Files.readString(log) : "no log";
    }

    /** What must hold whatever the others say. */
    private static void holds(Question question, Answer answer, Exchange ours) throws IOException {
        if (answer.length() > 12 && answer.question().length > 0) {
            assertThat(answer.question())
                    .as("%s: the question, letter by letter", question)
                    .isEqualTo(question.section());
        }
        if (!question.stream()) {
            int limit = question.udpLimit();
            assertThat(answer.length()).as("%s", question).isLessThanOrEqualTo(limit);
            if (answer.isTruncated()) {
                Answer whole = new Answer(ours.ask(question.overTcp()));
                assertThat(whole.length()).as("%s: over TCP", question).isGreaterThan(limit);
            }
        }
    }

    private static List<String> differences(
            Question question,
            Answer answer,
            Exchange ours,
            Map.Entry<String, Exchange> peer,
            AcceptedDifferences accepted)
            throws IOException {
        Answer other = new Answer(peer.getValue().ask(question));
        List<String> all = new ArrayList<>(unlisted(question, answer, other, peer.getKey(), accepted));
        if (!question.stream() && (answer.isTruncated() || other.isTruncated())) {
            Question again = question.overTcp();
            all.addAll(unlisted(
                    again,
                    new Answer(ours.ask(again)),
                    new Answer(peer.getValue().ask(again)),
                    peer.getKey(),
                    accepted));
        }
        return all;
    }

    private static List<String> unlisted(
            Question question, Answer answer, Answer other, String peer, AcceptedDifferences accepted) {
        Set<String> found = answer.differences(other);
        if (found.isEmpty()) {
            return List.of();
        }
        return accepted.unlisted(peer, question, answer, found).stream()
                .map(each -> peer + " | " + question.kind() + " | " + answer.kind() + " | " + each)
                .toList();
    }
}
