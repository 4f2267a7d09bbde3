package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that loads: turns the text of one zone file (RFC 1035 section 5) into a zone, or into every
 * problem it has, up to a limit.
 */
public final class ZoneParser {
    private static final int MAX_PROBLEMS = 20;

    private final ZoneBuilder zone;
    private final List<ZoneProblem> problems = new ArrayList<>();
    private Name origin;
    private @Nullable Name owner;
    private @Nullable Integer defaultTtl;
    private @Nullable Integer lastTtl;

    private ZoneParser(Name origin, ZoneLimits limits) {
        this.origin = origin;
        this.zone = new ZoneBuilder(origin, limits);
    }

    /**
     * Parses a file.
     *
     * @param origin the zone's name, which is also the first {@code $ORIGIN}
     * @param text the file's octets read as ISO 8859-1
     * @param policyNames names whose addresses come from policies
     */
    public static Zone parse(Name origin, String text, ZoneLimits limits, Set<Name> policyNames) throws ZoneException {
        ZoneParser parser = new ZoneParser(origin, limits);
        parser.parse(text);
        return parser.zone.build(policyNames, parser.problems);
    }

    private void parse(String text) {
        ZoneLexer lexer = new ZoneLexer(text);
        try {
            for (ZoneLexer.Entry entry = lexer.next(); entry != null; entry = lexer.next()) {
                if (problems.size() >= MAX_PROBLEMS) {
                    return;
                }
                try {
                    entry(entry);
                } catch (IllegalArgumentException e) {
                    problems.add(new ZoneProblem(entry.line(), String.valueOf(e.getMessage())));
                }
            }
        } catch (ZoneLexer.LexerException e) {
            problems.add(new ZoneProblem(e.line(), String.valueOf(e.getMessage())));
        }
    }

    private void entry(ZoneLexer.Entry entry) {
        ZoneLexer.Token first = entry.tokens().getFirst();
        if (!entry.continuesOwner() && !first.quoted() && first.text().startsWith("$")) {
            directive(first.text().toUpperCase(Locale.ROOT), new Words(entry.tokens(), 1, origin));
            return;
        }
        if (entry.continuesOwner()) {
            if (owner == null) {
                throw new IllegalArgumentException("owner: missing (expected: a name before the first record)");
            }
        } else {
            owner = null;
            owner = Name.parse(first.text(), origin);
        }
        record(entry.line(), owner, new Words(entry.tokens(), entry.continuesOwner() ? 0 : 1, origin));
    }

    private void directive(String name, Words words) {
        switch (name) {
            case "$ORIGIN" -> origin = words.name("$ORIGIN");
            case "$TTL" -> defaultTtl = words.seconds("$TTL");
            default ->
                throw new IllegalArgumentException("directive: " + name
                        + " (expected: $ORIGIN or $TTL; put what $INCLUDE or $GENERATE would bring into the file)");
        }
        words.end();
    }

    private void record(int line, Name at, Words words) {
        Integer ttl = null;
        boolean classSeen = false;
        while (true) {
            String written = words.word("type");
            String word = written.toUpperCase(Locale.ROOT);
            if (!classSeen && isClass(word)) {
                classSeen = true;
                continue;
            }
            // A type never begins with a digit and a TTL always does.
            if (ttl == null && !word.isEmpty() && Character.isDigit(word.charAt(0))) {
                ttl = Words.seconds("TTL", written);
                if (ttl < 0) {
                    throw new IllegalArgumentException("TTL: " + written + " (expected: seconds, as 300 or 5m)");
                }
                continue;
            }
            int type = RecordType.code(word);
            if (type < 0 || RecordType.isMeta(type) || type == RecordType.DNAME) {
                throw new IllegalArgumentException("type: " + word + " (expected: " + RdataText.TYPES + ")");
            }
            Rdata data = RdataText.parse(type, words);
            zone.add(line, at, type, ttl(ttl, type, data), data);
            return;
        }
    }

    private static boolean isClass(String word) {
        return switch (word) {
            case "IN" -> true;
            case "CH", "HS", "CS" -> throw new IllegalArgumentException("class: " + word + " (expected: IN)");
            default -> false;
        };
    }

    /** The record's own, else $TTL's (RFC 2308 section 4), else the last one's (RFC 1035), else the SOA's minimum. */
    private int ttl(@Nullable Integer own, int type, Rdata data) {
        Integer ttl = own != null ? own : defaultTtl != null ? defaultTtl : lastTtl;
        if (ttl == null) {
            if (type != RecordType.SOA) {
                throw new IllegalArgumentException("TTL: missing (expected: $TTL before the first record)");
            }
            ttl = ZoneBuilder.minimum(data);
        }
        lastTtl = ttl;
        return ttl;
    }
}
