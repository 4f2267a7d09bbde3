package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What HTTP/1.1 messages become, row by row of {@code safety/requests.txt} and {@code safety/responses.txt}. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class SafetyIT {
    static final String PROBE = "GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n";
    private static final String PROBED = "\r\n\r\n/probe";
    private static final Pattern OURS = Pattern.compile("(?imd)^(x-forwarded-[a-z]+|forwarded|traceparent):.*\r\n");
    private static final Pattern STATUS = Pattern.compile("(?md)^HTTP/1\\.1 ([0-9]{3})");

    @TempDir
    static Path folder;

    private static RecordingOrigin recording;
    private static Proxy requests;
    private static Origin scripted;
    private static Proxy responses;

    /** Which of the server's connections a request came on. */
    private static final Map<String, Origin.Connection> CAME_ON = new ConcurrentHashMap<>();

    private static final List<List<String>> RESPONSES = SafetyTable.read("responses.txt", 2);

    @BeforeAll
    static void start() throws Exception {
        recording = new RecordingOrigin();
        requests = Proxy.start(
                java.nio.file.Files.createDirectory(folder.resolve("requests")),
                Proxy.section("", recording.origin()),
                1);
        scripted = Origin.serving(SafetyIT::play);
        responses = Proxy.start(
                java.nio.file.Files.createDirectory(folder.resolve("responses")), Proxy.section("", scripted), 1);
    }

    @AfterAll
    static void stop() throws Exception {
        requests.close();
        responses.close();
        recording.close();
        scripted.close();
    }

    /** Ours are not the client's. */
    static String withoutOurs(String request) {
        return OURS.matcher(request).replaceAll("");
    }

    @Test
    void thereAreEnoughOfThem() {
        assertThat(SafetyTable.read("requests.txt", 1).size() + RESPONSES.size())
                .isGreaterThan(250);
    }

    // ---- requests

    @TestFactory
    Stream<DynamicTest> requestsAtOnce() {
        return SafetyTable.read("requests.txt", 1).stream()
                .map(row -> DynamicTest.dynamicTest(row.getFirst(), () -> request(row, false)));
    }

    @TestFactory
    Stream<DynamicTest> requestsByteByByte() {
        return SafetyTable.read("requests.txt", 1).stream()
                .map(row -> DynamicTest.dynamicTest(row.getFirst(), () -> request(row, true)));
    }

    private static void request(List<String> row, boolean byteByByte) throws IOException {
        String bytes = SafetyTable.bytes(row.get(1));
        recording.take("");
        String answer;
        try (Http http = requests.connect()) {
            send(http, bytes + PROBE, byteByByte);
            answer = answer(http);
        }
        List<String> statuses = STATUS.matcher(answer)
                .results()
                .map(found -> found.group(1))
                .filter(status -> !status.startsWith("1"))
                .toList();
        String upstream = withoutOurs(String.join("", recording.take("/probe")));
        String outcome = row.get(2);
        if (outcome.equals("passes") || outcome.equals("closes")) {
            String expected = row.size() > 3 ? SafetyTable.bytes(row.get(3)) : bytes;
            assertThat(upstream)
                    .as(answer)
                    .isEqualTo(expected.replace("SERVER", recording.origin().at()));
            assertThat(statuses).as(answer).isNotEmpty().containsOnly("200");
            assertThat(answer.endsWith(PROBED)).as(answer).isEqualTo(outcome.equals("passes"));
        } else {
            assertThat(statuses).as(answer).containsExactly(outcome);
            assertThat(upstream).as("went upstream").isEmpty();
        }
    }

    private static void send(Http http, String text, boolean byteByByte) throws IOException {
        try {
            if (!byteByByte) {
                http.send(text);
                return;
            }
            for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
                http.out.write(b);
            }
        } catch (SocketException closed) {
            // The answer tells.
        }
    }

    /** All bytes until the probe's answer or the end. */
    static String answer(Http http) throws IOException {
        StringBuilder text = new StringBuilder();
        try {
            for (int b = http.in.read(); b >= 0; b = http.in.read()) {
                text.append((char) b);
                if (b == 'e' && text.toString().endsWith(PROBED)) {
                    break;
                }
            }
        } catch (SocketException reset) {
            text.append("(reset)");
        } catch (SocketTimeoutException late) {
            text.append("(nothing more comes)");
        }
        return text.toString();
    }

    // ---- responses

    private static void play(Origin.Connection connection) throws IOException {
        for (String head = connection.readRequest(); head != null; head = connection.readRequest()) {
            String target = RecordingOrigin.target(head);
            CAME_ON.put(target, connection);
            if (!target.startsWith("/row/")) {
                connection.answer("200 OK", target);
                continue;
            }
            String[] part = target.split("/", -1);
            List<String> row = RESPONSES.get(Integer.parseInt(part[3]));
            String cell = row.get(2);
            boolean closes = cell.endsWith("$");
            String bytes = SafetyTable.bytes(closes ? cell.substring(0, cell.length() - 1) : cell);
            // What comes behind a response's end only after the next request was sent can be told from its response by
            // nobody.
            if (part[2].equals("whole") || row.get(3).equals("dropped")) {
                connection.send(bytes);
            } else {
                for (byte b : bytes.getBytes(StandardCharsets.ISO_8859_1)) {
                    connection.out.write(b);
                }
            }
            if (closes) {
                return;
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> responsesAtOnce() {
        return rows("whole");
    }

    @TestFactory
    Stream<DynamicTest> responsesByteByByte() {
        return rows("bytes");
    }

    private static Stream<DynamicTest> rows(String how) {
        return Stream.iterate(0, i -> i < RESPONSES.size(), i -> i + 1)
                .map(i -> DynamicTest.dynamicTest(
                        RESPONSES.get(i).getFirst(), () -> response(RESPONSES.get(i), "/row/" + how + "/" + i)));
    }

    private static void response(List<String> row, String target) throws IOException {
        String answer;
        String method = row.get(1);
        CAME_ON.clear();
        try (Http http = responses.connect()) {
            String body = method.equals("POST") ? "Content-Length: 0\r\n" : "";
            http.send(method + " " + target + " HTTP/1.1\r\nHost: a\r\n" + body + "\r\n" + PROBE);
            answer = answer(http);
        }
        boolean lasts = answer.endsWith(PROBED);
        if (!lasts) {
            // Whoever comes next gets what is theirs.
            assertThat(Http.get(responses.address(), "/probe").body()).isEqualTo("/probe");
        }
        String seen = answer.replace("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n/probe", "");
        String sent = SafetyTable.bytes(row.size() > 4 ? row.get(4) : row.get(2));
        String outcome = row.get(3);
        boolean same = CAME_ON.get(target) == CAME_ON.get("/probe");
        switch (outcome) {
            case "kept", "dropped", "closes" -> {
                assertThat(seen).isEqualTo(sent);
                assertThat(lasts).as(answer).isEqualTo(!outcome.equals("closes"));
                assertThat(same).as("server's connection is kept").isEqualTo(outcome.equals("kept"));
            }
            case "502" -> {
                assertThat(seen).startsWith((row.size() > 4 ? sent : "") + "HTTP/1.1 502 ");
                assertThat(same).as("server's connection is kept").isFalse();
            }
            case "broken" -> {
                assertThat(lasts).as(answer).isFalse();
                assertThat(seen).doesNotContain(" 502 ");
                assertThat(same).as("server's connection is kept").isFalse();
            }
            default -> throw new AssertionError("outcome: " + outcome);
        }
    }
}
