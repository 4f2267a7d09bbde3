package io.plinth.lbproxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The rows of a table below {@code safety/}, in the notation that {@code requests.txt} explains. */
final class SafetyTable {
    private static final String SEPARATOR = " ~ ";

    private SafetyTable() {}

    /** The cells of each row as written; templates are filled in, in the cell of bytes. */
    static List<List<String>> read(String name, int bytesCell) {
        List<List<String>> rows = new ArrayList<>();
        String template = "%";
        for (String line : text(name).split("\n", -1)) {
            if (line.startsWith("= ")) {
                template = line.substring(2);
            } else if (line.equals("=")) {
                template = "%";
            } else if (!line.isEmpty() && !line.startsWith("#")) {
                List<String> cells = new ArrayList<>(List.of(line.split(SEPARATOR, -1)));
                cells.set(bytesCell, template.replace("%", cells.get(bytesCell)));
                rows.add(cells);
            }
        }
        return rows;
    }

    private static String text(String name) {
        try (InputStream in = SafetyTable.class.getResourceAsStream("/safety/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The bytes a cell means, a character each. */
    static String bytes(String cell) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < cell.length(); i++) {
            char c = cell.charAt(i);
            if (c == '|') {
                text.append("\r\n");
            } else if (c != '\\') {
                text.append(c);
            } else {
                c = cell.charAt(++i);
                if (c == 'x') {
                    text.append((char) Integer.parseInt(cell.substring(i + 1, i + 3), 16));
                    i += 2;
                } else {
                    text.append("\r\n\t\0 |\\".charAt("rnt0sp\\".indexOf(c)));
                }
            }
        }
        return text.toString();
    }
}
