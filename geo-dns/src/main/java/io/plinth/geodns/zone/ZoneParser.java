package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that loads: turns the text of one zone file (RFC 1035 section 5) into a zone, or into every
 * problem it has, up to a limit.
 */
public final class ZoneParser {
    private static final int MAX_PROBLEMS = 20;
    private static final int MAX_DEPTH = 8;

    private final ZoneBuilder zone;
    private final ZoneLimits limits;
    private final List<ZoneProblem> problems = new ArrayList<>();
    private String file = "";
    private int depth;
    private Name origin;
    private @Nullable Name owner;
    private @Nullable Integer defaultTtl;
    private @Nullable Integer lastTtl;

    private ZoneParser(Name origin, ZoneLimits limits) {
        this.origin = origin;
        this.limits = limits;
        this.zone = new ZoneBuilder(origin, limits);
    }

    /**
     * Parses a text that includes no files.
     *
     * @param origin the zone's name, which is also the first {@code $ORIGIN}
     * @param number the number the zone is counted under
     * @param text the octets read as ISO 8859-1
     */
    public static Zone parse(Name origin, int number, String text, ZoneLimits limits, PolicyNumbers policies)
            throws ZoneException {
        return parse(origin, number, text, limits, policies, Includes.NONE);
    }

    static Zone parse(
            Name origin, int number, String text, ZoneLimits limits, PolicyNumbers policies, Includes includes)
            throws ZoneException {
        ZoneParser parser = new ZoneParser(origin, limits);
        parser.parse(text, includes);
        return parser.zone.build(number, policies, parser.problems);
    }

    private void parse(String text, Includes includes) {
        ZoneLexer lexer = new ZoneLexer(text);
        try {
            for (ZoneLexer.Entry entry = lexer.next(); entry != null; entry = lexer.next()) {
                if (problems.size() >= MAX_PROBLEMS) {
                    return;
                }
                try {
                    entry(entry, includes);
                } catch (IllegalArgumentException e) {
                    problems.add(new ZoneProblem(entry.line(), String.valueOf(e.getMessage()), file));
                }
            }
        } catch (ZoneLexer.LexerException e) {
            problems.add(new ZoneProblem(e.line(), String.valueOf(e.getMessage()), file));
        }
    }

    private void entry(ZoneLexer.Entry entry, Includes includes) {
        ZoneLexer.Token first = entry.tokens().getFirst();
        if (!entry.continuesOwner() && !first.quoted() && first.text().startsWith("$")) {
            directive(first.text().toUpperCase(Locale.ROOT), entry, includes);
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

    private void directive(String name, ZoneLexer.Entry entry, Includes includes) {
        Words words = new Words(entry.tokens(), 1, origin);
        switch (name) {
            case "$ORIGIN" -> {
                Name next = words.name("$ORIGIN");
                words.end();
                origin = next;
            }
            case "$TTL" -> {
                int ttl = words.seconds("$TTL");
                words.end();
                defaultTtl = ttl;
            }
            case "$INCLUDE" -> {
                String path = words.word("$INCLUDE");
                Name there = words.hasNext() ? words.name("$INCLUDE") : origin;
                words.end();
                include(path, there, includes);
            }
            case "$GENERATE" -> Generate.expand(entry, limits.records(), made -> entry(made, includes));
            default ->
                throw new IllegalArgumentException(
                        "directive: " + name + " (expected: $ORIGIN, $TTL, $INCLUDE or $GENERATE)");
        }
    }

    /** What the included file makes of origin and owner ends with it (RFC 1035 section 5.1). */
    private void include(String path, Name there, Includes includes) {
        if (depth == MAX_DEPTH) {
            throw new IllegalArgumentException(
                    "$INCLUDE: " + path + " (expected: at most " + MAX_DEPTH + " files within each other)");
        }
        String outerFile = file;
        Name outerOrigin = origin;
        Name outerOwner = owner;
        try {
            Includes.Included included = includes.open(path);
            file = included.name();
            origin = there;
            depth++;
            parse(included.text(), included.nested());
            depth--;
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "$INCLUDE: " + path + ": " + e.getMessage() + " (expected: a file that can be read)", e);
        } finally {
            file = outerFile;
            origin = outerOrigin;
            owner = outerOwner;
        }
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
            if (type < 0 || RecordType.isMeta(type)) {
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
