package io.plinth.geodns.zone;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.wire.Name;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Zone files that were cut, doubled and scrambled: a zone, or mistakes with their lines, never anything else. */
class ZoneFuzzTest {
    private static final int ROUNDS = 3_000;
    private static final String[] WORDS = {
        "$GENERATE 1-9 h$ A 192.0.2.$\n",
        "$TTL 1\n",
        "$ORIGIN x\n",
        "$INCLUDE y\n",
        "(",
        ")",
        "\"",
        "\\",
        "\\999",
        "\n",
        " ",
        "@",
        "*",
        "IN",
        "NS",
        "CNAME",
        "SVCB 1 . alpn=h2",
        "TYPE65280 \\# 2 00ff",
        "\\#",
        "4294967296",
        "..",
        "a".repeat(64),
        "POLICY edge",
        "ALIAS b",
        "1w2d",
        "-1",
        "$GENERATE 0-99999999 a$ A 1.1.1.1\n",
        "LOC 1 N 2 E 3m",
        "\u0000",
        "\u00ff"
    };

    private static String seed() throws IOException {
        try (var in = Objects.requireNonNull(ZoneFuzzTest.class.getResourceAsStream("/zones/shop.example.zone"))) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void noZoneFileBringsTheParserDown() throws Exception {
        long number = Long.getLong("plinth.seed", 42);
        SplittableRandom random = new SplittableRandom(number);
        Duration time = Duration.parse(System.getProperty("plinth.fuzz", "PT0S"));
        long end = System.nanoTime() + time.toNanos();
        String seed = seed();
        int good = 0;
        for (int round = 0; round < ROUNDS || System.nanoTime() < end; round++) {
            String text = mutated(seed, random);
            try {
                good += parse(text);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("seed " + number + ", round " + round + ": " + text, e);
            }
        }
        assertThat(good).isBetween(1, Integer.MAX_VALUE);
    }

    /** 1 for a zone, which can be written and read again. */
    static int parse(String text) {
        PolicyNumbers policies = new PolicyNumbers(Map.of("edge", 0), Map.of());
        ZoneLimits limits = new ZoneLimits(20_000, 100);
        Name origin = Name.parse("shop.example");
        try {
            Zone zone = ZoneParser.parse(origin, 0, text, limits, policies);
            String written = ZoneText.format(zone, policy -> "edge", null);
            Zone again = ZoneParser.parse(origin, 0, written, limits, policies);
            if (!ZoneText.format(again, policy -> "edge", null).equals(written)) {
                throw new IllegalStateException("written and read again it is another: " + written);
            }
            return 1;
        } catch (ZoneException e) {
            if (e.problems().isEmpty() || e.problems().stream().anyMatch(problem -> problem.line() < 1)) {
                throw new IllegalStateException("without a line: " + e.problems(), e);
            }
            return 0;
        }
    }

    private static String mutated(String seed, SplittableRandom random) {
        String text = seed;
        for (int times = random.nextInt(5); times > 0; times--) {
            int at = random.nextInt(text.length() + 1);
            text = switch (random.nextInt(5)) {
                case 0 -> text.substring(0, at) + WORDS[random.nextInt(WORDS.length)] + text.substring(at);
                case 1 -> text.substring(0, at) + text.substring(Math.min(text.length(), at + random.nextInt(8)));
                case 2 -> text.substring(0, at);
                case 3 -> {
                    char[] all = text.toCharArray();
                    if (all.length > 0) {
                        all[random.nextInt(all.length)] = (char) random.nextInt(256);
                    }
                    yield new String(all);
                }
                default -> {
                    String[] lines = text.split("\n", -1);
                    int from = random.nextInt(lines.length);
                    String[] more = Arrays.copyOf(lines, lines.length + 1);
                    more[lines.length] = lines[from];
                    yield String.join("\n", more) + "\n";
                }
            };
        }
        return text;
    }
}
