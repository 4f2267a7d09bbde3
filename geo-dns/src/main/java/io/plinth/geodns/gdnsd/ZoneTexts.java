package io.plinth.geodns.gdnsd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Owned by who imports: zone files, their DYNA and DYNC records turned into POLICY, everything else as it was. */
final class ZoneTexts {
    private static final int MAX_DEPTH = 8;
    private static final int MAX_INCLUDED = 10_000;
    private static final long LARGEST = 64 << 20;
    private static final String COMMENT = "; ";
    private static final Pattern LINE = Pattern.compile("(?m)^");
    private static final Pattern TTL = Pattern.compile("(?:\\d{1,9}[smhdwSMHDW]?)+");
    private static final Pattern PART = Pattern.compile("(\\d+)([smhdwSMHDW]?)");

    private final Resources resources;
    private final Limits limits;
    private final Map<String, String> files;
    private final Notes notes;
    private int included;

    /** gdnsd's own bounds of every TTL, and the one of records that name none. */
    record Limits(long least, long most, long usual) {}

    /** Converted files go to {@code files}. */
    ZoneTexts(Resources resources, Limits limits, Map<String, String> files, Notes notes) {
        this.resources = resources;
        this.limits = limits;
        this.files = files;
        this.notes = notes;
    }

    /** One file under conversion: {@code @Z} and {@code @F} stand for names that differ from file to file. */
    private record Place(Path path, String file, String zone, String origin, int depth) {}

    /** Converts the file of a zone, whose name ends with a dot; returns where it is put. */
    String convert(Path path, String zone) throws GdnsdException, IOException {
        String file = "zones/"
                + (zone.equals(".")
                        ? "root"
                        : zone.substring(0, zone.length() - 1).replace('/', '@')) + ".zone";
        long[] ttl = {limits.usual()};
        files.put(file, "$TTL " + limits.usual() + "\n" + converted(new Place(path, file, zone, zone, 0), ttl));
        return file;
    }

    private String converted(Place place, long[] ttl) throws GdnsdException, IOException {
        if (Files.size(place.path()) > LARGEST) {
            throw new GdnsdException(
                    new Vscf.Mark(place.path().toString(), 1),
                    "zone file: more than " + LARGEST + " octets (expected: less)");
        }
        String text = Files.readString(place.path(), StandardCharsets.ISO_8859_1);
        StringBuilder out = new StringBuilder();
        String lost = "";
        for (ZoneEntries.Entry entry : ZoneEntries.of(text)) {
            String written = entry(place, text, entry, ttl);
            if (written.startsWith(COMMENT) && !entry.words().isEmpty()) {
                // Records behind it without an owner still are its owner's.
                lost = entry.owned() ? fully(place, entry.words().getFirst()) : lost;
            } else if (!entry.words().isEmpty()) {
                if (!entry.owned()) {
                    out.append(lost);
                    lost = "";
                } else if (!entry.words().getFirst().text().startsWith("$")) {
                    lost = "";
                }
            }
            out.append(written);
        }
        return out.toString();
    }

    private String entry(Place place, String text, ZoneEntries.Entry entry, long[] ttl)
            throws GdnsdException, IOException {
        List<ZoneEntries.Word> words = entry.words();
        String raw = text.substring(entry.from(), entry.to());
        if (words.isEmpty()) {
            return raw;
        }
        Vscf.Mark at = new Vscf.Mark(place.path().toString(), entry.line());
        if (entry.owned() && words.getFirst().text().equalsIgnoreCase("$TTL") && words.size() > 1) {
            ttl[0] = seconds(at, words.get(1).text());
        }
        if (entry.owned() && words.getFirst().text().equalsIgnoreCase("$INCLUDE") && words.size() > 1) {
            return include(place, words, at, ttl);
        }
        int type = type(entry);
        if (type < words.size() && !words.get(type).quoted()) {
            String name = words.get(type).text().toUpperCase(Locale.ROOT);
            if (name.equals("DYNA") || name.equals("DYNC")) {
                return dynamic(place, entry, raw, type, at, ttl[0]);
            }
        }
        return named(place, text, entry);
    }

    /** Which word of a record is its type: behind owner, TTL and class. */
    private static int type(ZoneEntries.Entry entry) {
        int at = entry.owned() ? 1 : 0;
        while (at < entry.words().size()) {
            String word = entry.words().get(at).text();
            if (!Character.isDigit(word.charAt(0)) && !word.equalsIgnoreCase("IN")) {
                return at;
            }
            at++;
        }
        return at;
    }

    private String dynamic(Place place, ZoneEntries.Entry entry, String raw, int type, Vscf.Mark at, long usual)
            throws GdnsdException {
        List<ZoneEntries.Word> words = entry.words();
        long most = usual;
        long least = -1;
        for (ZoneEntries.Word word : words.subList(entry.owned() ? 1 : 0, type)) {
            if (!word.text().equalsIgnoreCase("IN")) {
                String[] parts = word.text().split("/", 2);
                most = seconds(at, parts[0]);
                least = parts.length > 1 ? seconds(at, parts[1]) : -1;
            }
        }
        if (type + 1 >= words.size()) {
            throw new GdnsdException(at, words.get(type).text() + ": nothing behind it (expected: plugin!resource)");
        }
        String[] resource = words.get(type + 1).text().split("!", 2);
        most = Math.clamp(most, limits.least(), limits.most());
        least = Math.clamp(least < 0 ? most / 2 : least, limits.least(), most);
        String policy = resources.policy(
                resource[0], resource.length > 1 ? resource[1] : "", new Resources.Ttl(most, least), at);
        if (policy == null) {
            return LINE.matcher(raw).replaceAll(COMMENT);
        }
        String owner = entry.owned() ? fully(place, words.getFirst()) : "";
        return owner + "\tPOLICY\t" + policy + "\n";
    }

    private String include(Place place, List<ZoneEntries.Word> words, Vscf.Mark at, long[] ttl)
            throws GdnsdException, IOException {
        if (place.depth() >= MAX_DEPTH || ++included > MAX_INCLUDED) {
            throw new GdnsdException(at, "$INCLUDE: too many (expected: " + MAX_DEPTH + " within each other)");
        }
        String path = words.get(1).text().replaceAll("^\"|\"$", "");
        String origin = words.size() > 2 ? fully(place, words.get(2)) : "";
        Path there = place.path().resolveSibling(path);
        if (!Files.isRegularFile(there)) {
            throw new GdnsdException(at, "$INCLUDE: " + path + " (expected: a file that is there)");
        }
        String file = place.file() + "." + included;
        long[] inner = {ttl[0]};
        String text = converted(
                new Place(there, file, place.zone(), origin.endsWith(".") ? origin : place.origin(), place.depth() + 1),
                inner);
        files.put(file, text);
        if (text.contains("@F") || (!origin.isEmpty() && !origin.endsWith("."))) {
            notes.add(at, "$INCLUDE: look at " + file + " (@F in it stands for " + place.origin() + ")");
        }
        return "$INCLUDE " + file.substring("zones/".length()) + (origin.isEmpty() ? "" : " " + origin) + "\n$TTL "
                + ttl[0] + "\n";
    }

    /** The entry with {@code @Z} and {@code @F} written out. */
    private static String named(Place place, String text, ZoneEntries.Entry entry) {
        StringBuilder out = new StringBuilder();
        int from = entry.from();
        for (ZoneEntries.Word word : entry.words()) {
            out.append(text, from, word.from()).append(fully(place, word));
            from = word.to();
        }
        return out.append(text, from, entry.to()).toString();
    }

    private static String fully(Place place, ZoneEntries.Word word) {
        String text = word.text();
        if (word.quoted() || !(text.endsWith("@Z") || text.endsWith("@F"))) {
            return text;
        }
        String head = text.substring(0, text.length() - 2);
        return head.isEmpty() || head.endsWith(".")
                ? head + (text.endsWith("@Z") ? place.zone() : place.origin())
                : text;
    }

    private static long seconds(Vscf.Mark at, String text) throws GdnsdException {
        if (!TTL.matcher(text).matches()) {
            throw new GdnsdException(at, "TTL: " + text + " (expected: seconds, as 300 or 5m)");
        }
        long sum = 0;
        Matcher part = PART.matcher(text);
        while (part.find()) {
            long unit = switch (part.group(2).toLowerCase(Locale.ROOT)) {
                case "m" -> 60;
                case "h" -> 3_600;
                case "d" -> 86_400;
                case "w" -> 604_800;
                default -> 1;
            };
            sum += Long.parseLong(part.group(1)) * unit;
        }
        return Math.min(sum, Integer.MAX_VALUE);
    }
}
