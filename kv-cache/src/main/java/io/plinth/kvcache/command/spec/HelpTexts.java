package io.plinth.kvcache.command.spec;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What HELP of a container command says, as {@code help.txt} has it: its name in brackets, then its lines. Safe for all loops; read when first asked. */
public final class HelpTexts {
    private volatile @Nullable Map<String, List<String>> known;

    /** The lines of a container's HELP. */
    public List<String> of(String container) {
        Map<String, List<String>> read = known;
        if (read == null) {
            read = read();
            known = read;
        }
        List<String> lines = read.get(container);
        if (lines == null) {
            throw new IllegalStateException("help.txt: no [" + container + "]");
        }
        return lines;
    }

    private static Map<String, List<String>> read() {
        Map<String, List<String>> texts = new HashMap<>();
        List<String> text = new ArrayList<>();
        for (String line : Resources.lines("help.txt")) {
            if (line.startsWith("[")) {
                text = new ArrayList<>();
                texts.put(line.substring(1, line.length() - 1), text);
            } else {
                text.add(line);
            }
        }
        return texts;
    }
}
