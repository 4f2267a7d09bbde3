package io.plinth.geodns.differential;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The differences that are known and why they may be, read from {@code accepted.txt}: a line for each class, of servers,
 * kind of the question / kind of our answer, differences (each a regular expression), and the reason with its RFC section.
 */
final class AcceptedDifferences {
    private record Line(Pattern servers, Pattern kinds, Pattern differences, String why) {}

    private final List<Line> lines = new ArrayList<>();

    AcceptedDifferences() throws IOException {
        try (InputStream in = AcceptedDifferences.class.getResourceAsStream("accepted.txt")) {
            if (in == null) {
                throw new IOException("accepted.txt: missing (expected: beside this class)");
            }
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] fields = line.split("\\s+\\|\\s+", -1);
                    if (fields.length != 4 || !fields[3].contains("RFC")) {
                        throw new IOException(
                                "accepted.txt: " + line + " (expected: servers | kinds | differences | why, by RFC)");
                    }
                    lines.add(new Line(
                            Pattern.compile(fields[0]),
                            Pattern.compile(fields[1]),
                            Pattern.compile(fields[2]),
                            fields[3]));
                }
            }
        }
    }

    /** Those of the differences that no line knows. */
    Set<String> unlisted(String server, Question question, Answer ours, Set<String> differences) {
        Set<String> left = new TreeSet<>(differences);
        String kind = question.kind() + "/" + ours.kind();
        for (Line line : lines) {
            if (line.servers().matcher(server).matches()
                    && line.kinds().matcher(kind).matches()) {
                left.removeIf(each -> line.differences().matcher(each).matches());
            }
        }
        return left;
    }
}
