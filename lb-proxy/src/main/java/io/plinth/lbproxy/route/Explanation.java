package io.plinth.lbproxy.route;

import java.util.ArrayList;
import java.util.List;

/** Why a decision came out as it did, a line a step. Made only where somebody asks. Owned by one thread. */
public final class Explanation {
    private static final int MAX_LINES = 200;

    private final List<String> lines = new ArrayList<>();

    /** Adds a step. */
    public void add(String line) {
        if (lines.size() < MAX_LINES) {
            lines.add(line);
        }
    }

    public List<String> lines() {
        return List.copyOf(lines);
    }
}
